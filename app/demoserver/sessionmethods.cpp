// SPDX-License-Identifier: MIT
// Requests about a loaded session.
#include "demoserver/demoserver.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

namespace {

Reply success(bool value = true)
{
    return {QJsonObject{{u"success"_s, value}}};
}

} // namespace

DemoSession *DemoServer::sessionOf(const Request &request, Reply &reply)
{
    const QString id = request.params[u"sessionId"].toString();
    const auto found = m_sessions.find(id);
    if (found != m_sessions.end())
        return found->second.get();
    reply = Reply::error(-32603, u"Session not found for sessionId: "_s + id);
    return nullptr;
}

Reply DemoServer::send(const Request &request)
{
    Reply reply;
    DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    const bool immediate = request.params[u"mode"].toString() == "immediate"_L1;
    const QString text = request.params[u"prompt"].toString();
    const QJsonArray attachments = request.params[u"attachments"].toArray();
    if (!request.params[u"wait"].toBool()) {
        return {QJsonObject{{u"messageId"_s, session->send(text, immediate, attachments, {})}}};
    }
    auto id = std::make_shared<QString>();
    *id = session->send(text, immediate, attachments, [this, request, id] {
        answer(request, {QJsonObject{{u"messageId"_s, *id}}});
    });
    return {.later = true};
}

Reply DemoServer::abort(const Request &request)
{
    Reply reply;
    DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    session->abort();
    return success();
}

Reply DemoServer::interruptMainTurn(const Request &request)
{
    Reply reply;
    DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    return {QJsonObject{{u"interrupted"_s, session->interrupt()}}};
}

Reply DemoServer::switchModel(const Request &request)
{
    Reply reply;
    DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    const QString model = request.params[u"modelId"].toString();
    const QString previous = session->meta().model;
    session->setModel(model);
    return {QJsonObject{{u"status"_s, u"applied"_s},
                        {u"deferred"_s, false},
                        {u"modelId"_s, model},
                        {u"message"_s, u"Model changed from %1 to %2"_s.arg(previous, model)},
                        {u"modelState"_s, QJsonObject{{u"modelId"_s, model}}}}};
}

Reply DemoServer::currentModel(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    return session ? Reply{QJsonObject{{u"modelId"_s, session->meta().model}}} : reply;
}

Reply DemoServer::getMode(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    return session ? Reply{session->meta().mode} : reply;
}

Reply DemoServer::setMode(const Request &request)
{
    Reply reply;
    DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    const QString mode = request.params[u"mode"].toString();
    if (mode != "interactive"_L1 && mode != "plan"_L1 && mode != "autopilot"_L1)
        return Reply::error(-32603,
                            u"unknown variant `%1`, expected one of `interactive`, `plan`, "
                            "`autopilot`"_s.arg(mode));
    session->setMode(mode);
    return {QJsonObject{
        {u"status"_s, u"unchanged"_s}, {u"modelChanged"_s, false}, {u"modeApplied"_s, true}}};
}

Reply DemoServer::setName(const Request &request)
{
    Reply reply;
    DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    session->setName(request.params[u"name"].toString());
    return {QJsonValue()};
}

Reply DemoServer::pendingItems(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    return session ? Reply{session->pendingItems()} : reply;
}

Reply DemoServer::removeQueued(const Request &request)
{
    Reply reply;
    DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    const QString id = request.params[u"id"].toString();
    if (session->removeQueued(id))
        return {QJsonObject{{u"removed"_s, true}}};
    reply = Reply::error(-32602, u"unknown queue item id '%1'"_s.arg(id));
    reply.errorData = QJsonObject{{u"code"_s, u"unknown_id"_s}};
    return reply;
}

Reply DemoServer::updateQueued(const Request &request)
{
    Reply reply;
    DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    const QString id = request.params[u"id"].toString();
    if (session->updateQueued(id, request.params[u"prompt"].toString()))
        return {QJsonObject{{u"updated"_s, true}}};
    reply = Reply::error(-32602, u"unknown queue item id '%1'"_s.arg(id));
    reply.errorData = QJsonObject{{u"code"_s, u"unknown_id"_s}};
    return reply;
}

Reply DemoServer::activity(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    return {
        QJsonObject{{u"abortable"_s, session->isBusy()}, {u"hasActiveWork"_s, session->isBusy()}}};
}

Reply DemoServer::emptyList(const Request &request)
{
    Reply reply;
    if (!sessionOf(request, reply))
        return reply;
    const QString member = request.method == "session.tasks.list"_L1 ? u"tasks"_s
        : request.method == "session.schedule.list"_L1               ? u"entries"_s
                                                                     : u"servers"_s;
    return {QJsonObject{{member, QJsonArray()}}};
}

Reply DemoServer::isProcessing(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    return session ? Reply{QJsonObject{{u"processing"_s, session->isBusy()}}} : reply;
}

Reply DemoServer::snapshot(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    QJsonObject object = session->meta().toWire();
    object.insert(u"workingDirectory"_s, session->meta().workingDirectory);
    object.insert(u"currentMode"_s, session->meta().mode);
    object.insert(u"selectedModel"_s, session->meta().model);
    return {object};
}

Reply DemoServer::logRead(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    const QJsonObject &params = request.params;
    EventFilter filter;
    const QJsonArray types = params[u"types"].toArray();
    for (const QJsonValue &type : types)
        filter.types.append(type.toString());
    filter.ephemeral = params[u"includeEphemeral"].toBool(true);
    const int max = std::clamp(params[u"max"].toInt(1000), 1, 1000);
    const QString cursor = params[u"cursor"].toString();
    const EventPage page = params[u"direction"].toString() == "backward"_L1
        ? session->log().readBackward(cursor, max, filter)
        : session->log().read(cursor, max, filter);
    const int wait = params[u"waitMs"].toInt();
    if (page.events.isEmpty() && wait > 0) {
        Request later = request;
        later.params.remove(u"waitMs"_s);
        const qint64 poll = ++m_lastPoll;
        m_polls[poll] = {later, m_clock.after(Milliseconds(wait), [this, poll, later] {
                             m_polls.erase(poll);
                             answer(later, logRead(later));
                         })};
        return {.later = true};
    }
    QJsonArray events;
    for (const LoggedEvent &event : page.events)
        events.append(QJsonDocument::fromJson(event.json).object());
    return {QJsonObject{{u"events"_s, events},
                        {u"cursor"_s, page.cursor},
                        {u"hasMore"_s, page.hasMore},
                        {u"cursorStatus"_s, page.expired ? u"expired"_s : u"ok"_s}}};
}

void DemoServer::endLongPolls(const QString &sessionId)
{
    std::vector<Request> ready;
    for (auto it = m_polls.begin(); it != m_polls.end();) {
        if (it->second.request.params[u"sessionId"].toString() == sessionId) {
            ready.push_back(it->second.request);
            it = m_polls.erase(it);
        } else {
            ++it;
        }
    }
    for (const Request &request : ready)
        answer(request, logRead(request));
}

Reply DemoServer::logTail(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    return session ? Reply{QJsonObject{{u"cursor"_s, session->log().tail()}}} : reply;
}

Reply DemoServer::answerPermission(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    return success(session->turn()
                   && session->turn()->answerPermission(request.params[u"requestId"].toString(),
                                                        request.params[u"result"].toObject()));
}

Reply DemoServer::pendingPermissions(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    return {QJsonObject{
        {u"items"_s, session->turn() ? session->turn()->pendingPermissions() : QJsonArray()}}};
}

Reply DemoServer::setApproveAll(const Request &request)
{
    Reply reply;
    DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    session->setApproveAll(request.params[u"enabled"].toBool());
    return success();
}

Reply DemoServer::answerQuestion(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    return success(session->turn()
                   && session->turn()->answerQuestion(request.params[u"requestId"].toString(),
                                                      request.params[u"response"].toObject()));
}

Reply DemoServer::answerPlan(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    return success(session->turn()
                   && session->turn()->answerPlan(request.params[u"requestId"].toString(),
                                                  request.params[u"response"].toObject()));
}

Reply DemoServer::answerTool(const Request &request)
{
    Reply reply;
    return sessionOf(request, reply) ? success(false) : reply;
}

Reply DemoServer::log(const Request &request)
{
    Reply reply;
    DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    const bool ephemeral = request.params[u"ephemeral"].toBool();
    const QJsonObject data{{u"infoType"_s, u"notification"_s},
                           {u"message"_s, request.params[u"message"].toString()}};
    const QByteArray id = ephemeral ? session->emitEphemeral(u"session.info"_s, data)
                                    : session->emitDurable(u"session.info"_s, data);
    if (m_options.logCounts)
        session->touch();
    return {QJsonObject{{u"eventId"_s, QString::fromLatin1(id)}}};
}

Reply DemoServer::metrics(const Request &request)
{
    Reply reply;
    const DemoSession *const session = sessionOf(request, reply);
    return session ? Reply{session->metrics()} : reply;
}

Reply DemoServer::compact(const Request &request)
{
    Reply reply;
    DemoSession *const session = sessionOf(request, reply);
    if (!session)
        return reply;
    session->compact();
    return {QJsonObject{{u"success"_s, true},
                        {u"tokensRemoved"_s, 0},
                        {u"messagesRemoved"_s, 0},
                        {u"summaryContent"_s, u"(a summary of the conversation so far)"_s}}};
}

} // namespace pilotlight::demo
