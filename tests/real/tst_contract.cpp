// SPDX-License-Identifier: MIT
#include "support/protocolclient.h"
#include "support/realserver.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>
#include <QTest>
#include <QUuid>

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

//! One server that scenarios run against.
struct Target
{
    quint16 port = 0;
    QString workFolder;
    QJsonObject provider;

    QJsonObject config(const QString &id) const
    {
        QJsonObject params{{u"sessionId"_s, id},
                           {u"model"_s, u"stub-model"_s},
                           {u"streaming"_s, true},
                           {u"requestPermission"_s, true},
                           {u"requestUserInput"_s, true},
                           {u"includeSubAgentStreamingEvents"_s, true},
                           {u"workingDirectory"_s, workFolder},
                           {u"clientName"_s, u"contract"_s},
                           {u"envValueMode"_s, u"direct"_s}};
        if (!provider.isEmpty())
            params.insert(u"provider"_s, provider);
        return params;
    }
};

using Scenario = std::function<QStringList(const Target &)>;

//! Types whose number or place depends on timing, or that mean nothing to a client.
bool isNoise(const QString &type)
{
    static const QRegularExpression noise(
        u"^(model\\.|subagent\\.configured|system\\.message|session\\.(background_tasks_changed|"
        u"skills_loaded|mcp_|tools_"
        "updated|usage_info|managed_settings|indexed_search|mode_notice|title_changed)|assistant\\."
        "(streaming_delta|tool_call_delta|usage)|pending_messages|sandbox\\.|tool\\.(shell_output|"
        "execution_partial_result))"_s);
    return noise.match(type).hasMatch();
}

//! An event as its type and the fields that a client acts on.
QString normalised(const QJsonObject &event)
{
    const QString type = event[u"type"].toString();
    const QJsonObject data = event[u"data"].toObject();
    QString line = (event[u"ephemeral"].toBool() ? QString() : u"*"_s) + type;
    if (event.contains(u"agentId"))
        line += u" agent"_s;
    static const QMap<QString, QStringList> fields{
        {u"user.message"_s, {u"content"_s, u"delivery"_s}},
        {u"assistant.turn_start"_s, {u"turnId"_s}},
        {u"assistant.turn_end"_s, {u"turnId"_s}},
        {u"assistant.message"_s, {u"content"_s, u"reasoningText"_s}},
        {u"tool.execution_start"_s, {u"toolName"_s}},
        {u"tool.execution_complete"_s, {u"success"_s}},
        {u"user_input.requested"_s, {u"question"_s, u"choices"_s}},
        {u"user_input.completed"_s, {u"answer"_s, u"wasFreeform"_s}},
        {u"assistant.turn_retry"_s, {u"reason"_s}},
        {u"session.error"_s, {u"errorType"_s, u"statusCode"_s}},
        {u"session.info"_s, {u"infoType"_s}},
        {u"session.warning"_s, {u"warningType"_s}},
        {u"session.resume"_s, {u"sessionWasActive"_s}},
        {u"session.mode_changed"_s, {u"previousMode"_s, u"newMode"_s}},
        {u"session.model_change"_s, {u"newModel"_s}},
        {u"abort"_s, {u"reason"_s}},
        {u"agent.interrupted"_s, {u"activity"_s}},
        {u"assistant.idle"_s, {u"aborted"_s}},
        {u"session.idle"_s, {u"aborted"_s, u"mode"_s}}};
    for (const QString &field : fields.value(type)) {
        if (data.contains(field))
            line += u' ' + field + u'='
                + (data[field].isArray() ? data[field].toVariant().toStringList().join(u',')
                                         : data[field].toVariant().toString());
    }
    if (type == "tool.execution_complete"_L1)
        line += u' ' + data[u"error"][u"code"].toString();
    if (type == "permission.requested"_L1)
        line += u' ' + data[u"promptRequest"][u"kind"].toString();
    if (type == "permission.completed"_L1)
        line += u' ' + data[u"result"][u"kind"].toString();
    return line;
}

QStringList normalised(const QList<QJsonObject> &events)
{
    QStringList lines;
    QStringList unordered;
    QStringList deltas; // kinds that came since the last answer began
    for (const QJsonObject &event : events) {
        const QString type = event[u"type"].toString();
        if (isNoise(type))
            continue;
        const QString line = normalised(event);
        // The end of a sub-agent and of its tool call come in either order, and so do the end of a
        // permission and the word that the agent was interrupted.
        if (type == "subagent.completed"_L1 || type == "agent.interrupted"_L1) {
            unordered.append(line);
            continue;
        }
        if (type == "assistant.message_start"_L1)
            deltas.clear();
        // How often a delta comes says nothing, nor does one that was on its way at an abort.
        if (type.endsWith("_delta"_L1)) {
            if (deltas.contains(line))
                continue;
            deltas.append(line);
        }
        lines.append(line);
    }
    return lines + unordered;
}

QString newSession()
{
    return QUuid::createUuid().toString(QUuid::WithoutBraces);
}

//! Answers every permission of \a client with \a result as soon as it is asked.
void answerPermissions(ProtocolClient &client, const QString &id, const QJsonObject &result)
{
    client.onEvent([&client, id, result](const QJsonObject &event) {
        if (event[u"type"].toString() != "permission.requested"_L1)
            return;
        client.post(u"session.permissions.handlePendingPermissionRequest"_s,
                    {{u"sessionId"_s, id},
                     {u"requestId"_s, event[u"data"][u"requestId"]},
                     {u"result"_s, result}});
    });
}

//! A connection with a fresh session; nullptr where that fails.
std::unique_ptr<ProtocolClient> connected(const Target &target, const QString &id)
{
    auto client = ProtocolClient::tcp(target.port);
    if (!client->open() || client->call(u"session.create"_s, target.config(id)).error)
        return nullptr;
    return client;
}

QJsonObject prompt(const QString &id, const QString &text)
{
    return {{u"sessionId"_s, id}, {u"prompt"_s, text}};
}

//! Runs one prompt after the other and returns the events of all.
Scenario turns(const QStringList &prompts, const QJsonObject &permission = {})
{
    return [prompts, permission](const Target &target) -> QStringList {
        const QString id = newSession();
        const auto client = connected(target, id);
        if (!client)
            return {u"no session"_s};
        answerPermissions(*client, id, permission);
        for (int i = 0; i < prompts.size(); ++i) {
            client->call(u"session.send"_s, prompt(id, prompts[i]));
            if (!client->waitFor(u"session.idle"_s, i + 1))
                return normalised(client->events()) + QStringList{u"never idle"_s};
        }
        return normalised(client->events());
    };
}

QStringList question(const Target &target)
{
    const QString id = newSession();
    const auto client = connected(target, id);
    if (!client)
        return {u"no session"_s};
    client->call(u"session.send"_s, prompt(id, u"[ask Which?|red|blue] [say ok]"_s));
    client->waitFor(u"user_input.requested"_s);
    const auto asked = client->events(u"user_input.requested"_s);
    const auto answer = client->call(
        u"session.ui.handlePendingUserInput"_s,
        {{u"sessionId"_s, id},
         {u"requestId"_s, asked.isEmpty() ? QJsonValue() : asked[0][u"data"][u"requestId"]},
         {u"response"_s, QJsonObject{{u"answer"_s, u"red"_s}, {u"wasFreeform"_s, false}}}});
    client->waitFor(u"session.idle"_s);
    return normalised(client->events())
        + QStringList{answer.object()[u"success"].toBool() ? u"answered"_s : u"refused"_s};
}

//! Aborts when \a moment has come, then shows that the session still works.
Scenario abortAt(const QString &text, const QString &moment)
{
    return [text, moment](const Target &target) -> QStringList {
        const QString id = newSession();
        const auto client = connected(target, id);
        if (!client)
            return {u"no session"_s};
        client->call(u"session.send"_s, prompt(id, text));
        client->waitFor(moment);
        client->call(u"session.send"_s, prompt(id, u"[say never runs]"_s));
        client->call(u"session.abort"_s, {{u"sessionId"_s, id}});
        client->waitFor(u"session.idle"_s);
        client->call(u"session.send"_s, prompt(id, u"[say alive]"_s));
        client->waitFor(u"session.idle"_s, 2);
        return normalised(client->events());
    };
}

QStringList queue(const Target &target)
{
    const QString id = newSession();
    const auto client = connected(target, id);
    if (!client)
        return {u"no session"_s};
    client->call(u"session.send"_s, prompt(id, u"[slow 20x50ms]"_s));
    client->waitFor(u"assistant.message_delta"_s);
    client->call(u"session.send"_s, prompt(id, u"[say second]"_s));
    QJsonObject immediate = prompt(id, u"[say third]"_s);
    immediate.insert(u"mode"_s, u"immediate"_s);
    client->call(u"session.send"_s, immediate);
    client->call(u"session.send"_s, prompt(id, u"[say fourth]"_s));
    const QJsonObject pending =
        client->call(u"session.queue.pendingItems"_s, {{u"sessionId"_s, id}}).object();
    QStringList lines;
    const QJsonArray items = pending[u"items"].toArray();
    for (const QJsonValue &item : items)
        lines.append(item[u"displayText"].toString()); // ids have gaps of the real server's own
    lines.append(QString::number(pending[u"steeringMessages"].toArray().size()));
    const auto removed = client->call(u"session.queue.removeAt"_s,
                                      {{u"sessionId"_s, id}, {u"id"_s, items.first()[u"id"]}});
    lines.append(removed.object()[u"removed"].toBool() ? u"removed"_s : u"kept"_s);
    client->waitFor(u"session.idle"_s);
    return lines + normalised(client->events());
}

QStringList twoClients(const Target &target)
{
    const QString id = newSession();
    const auto first = connected(target, id);
    const auto second = ProtocolClient::tcp(target.port);
    if (!first || !second->open())
        return {u"no session"_s};
    second->call(u"session.resume"_s, target.config(id));
    second->call(u"session.send"_s, prompt(id, u"[say for both]"_s));
    first->waitFor(u"session.idle"_s);
    second->waitFor(u"session.idle"_s);
    QStringList lines = normalised(first->events());
    lines += u"--"_s;
    lines += normalised(second->events());
    // The same events, told apart by nothing.
    const auto last = [](const ProtocolClient &client) {
        return client.events(u"assistant.message"_s).constLast()[u"id"].toString();
    };
    lines += last(*first) == last(*second) ? u"same id"_s : u"different ids"_s;
    return lines;
}

QStringList history(const Target &target)
{
    const QString id = newSession();
    auto client = connected(target, id);
    if (!client)
        return {u"no session"_s};
    client->call(u"session.send"_s, prompt(id, u"[say before]"_s));
    client->waitFor(u"session.idle"_s);
    client->call(u"session.send"_s, prompt(id, u"[slow 100x50ms]"_s));
    client->waitFor(u"assistant.message_delta"_s, 3);
    QTest::qWait(300); // the real server writes every 100 ms
    client->close();
    QTest::qWait(500); // and needs a moment to notice
    client = ProtocolClient::tcp(target.port);
    if (!client->open())
        return {u"no second connection"_s};
    client->call(u"session.resume"_s, target.config(id));
    const QJsonObject messages =
        client->call(u"session.getMessages"_s, {{u"sessionId"_s, id}}).object();
    QList<QJsonObject> events;
    const QJsonArray array = messages[u"events"].toArray();
    for (const QJsonValue &event : array)
        events.append(event.toObject());
    client->call(u"session.send"_s, prompt(id, u"[say after]"_s));
    client->waitFor(u"session.idle"_s);
    return normalised(events) + QStringList{u"--"_s} + normalised(client->events());
}

QStringList errors(const Target &target)
{
    const QString id = newSession();
    const auto client = connected(target, id);
    if (!client)
        return {u"no session"_s};
    QStringList lines;
    const auto note = [&](const QString &method, QJsonObject params) {
        const auto answer = client->call(method, params);
        QString text = answer.error
            ? u"%1 %2"_s.arg(answer.remoteCode()).arg(answer.remoteMessage())
            : QString::fromUtf8(QJsonDocument(answer.object()).toJson(QJsonDocument::Compact));
        lines.append(method + u": "_s + text.replace(id, u"ID"_s));
    };
    const QJsonObject self{{u"sessionId"_s, id}};
    const QJsonObject nobody{{u"sessionId"_s, u"nobody"_s}};
    note(u"no.such.method"_s, {});
    note(u"session.send"_s, prompt(u"nobody"_s, u"x"_s));
    note(u"session.getMessages"_s, nobody);
    note(u"session.resume"_s, target.config(u"nobody"_s));
    note(u"session.getMetadata"_s, nobody);
    note(u"session.destroy"_s, nobody);
    note(u"session.delete"_s, nobody);
    note(u"session.create"_s, target.config(u"../../evil"_s));
    QJsonObject missing = target.config(newSession());
    missing.insert(u"workingDirectory"_s, u"/no/such/folder"_s);
    note(u"session.create"_s, missing);
    note(u"session.mode.set"_s, {{u"sessionId"_s, id}, {u"mode"_s, u"bogus"_s}});
    note(u"session.mode.set"_s, {{u"sessionId"_s, id}, {u"mode"_s, u"plan"_s}});
    note(u"session.permissions.pendingRequests"_s, self);
    note(u"session.permissions.handlePendingPermissionRequest"_s,
         {{u"sessionId"_s, id},
          {u"requestId"_s, u"none"_s},
          {u"result"_s, QJsonObject{{u"kind"_s, u"approve-once"_s}}}});
    note(u"session.metadata.activity"_s, self);
    note(u"session.metadata.isProcessing"_s, self);
    note(u"session.queue.removeAt"_s, {{u"sessionId"_s, id}, {u"id"_s, u"99"_s}});
    note(u"session.abort"_s, self);
    note(u"session.destroy"_s, self);
    note(u"session.abort"_s, self);
    return lines;
}

QStringList deletion(const Target &target)
{
    const QString id = newSession();
    const auto client = connected(target, id);
    if (!client)
        return {u"no session"_s};
    client->call(u"session.send"_s, prompt(id, u"[say x]"_s));
    client->waitFor(u"session.idle"_s);
    const QJsonObject self{{u"sessionId"_s, id}};
    const auto known = [&] {
        return client->call(u"session.getMetadata"_s, self).object().contains(u"session")
            ? u"known"_s
            : u"unknown"_s;
    };
    QStringList lines{known()};
    client->call(u"session.destroy"_s, self);
    lines += known();
    lines += client->call(u"session.delete"_s, self).object()[u"success"].toBool() ? u"deleted"_s
                                                                                   : u"kept"_s;
    lines += client->call(u"session.delete"_s, self).object()[u"success"].toBool() ? u"again"_s
                                                                                   : u"gone"_s;
    lines += known();
    return lines;
}

} // namespace

//! The demo server stands in for the real one in every other test; this one checks that it may.
class TstContract : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase()
    {
        const QString reason = RealServer::skipReason(RealServer::Version::Newest);
        if (!reason.isEmpty())
            QSKIP(qPrintable(reason));
        QVERIFY2(m_real.start(RealServer::Version::Newest), m_real.output().constData());
        QVERIFY2(m_demo.start(demoServerProgram(), {u"--port"_s, u"0"_s, u"--speed"_s, u"50"_s}),
                 m_demo.output().constData());
    }

    void sameSequences_data()
    {
        QTest::addColumn<Scenario>("scenario");
        const QJsonObject approve{{u"kind"_s, u"approve-once"_s}};
        QTest::newRow("plain") << turns({u"[say one two]"_s, u"[reason why not] [say three]"_s});
        QTest::newRow("bash approved")
            << turns({u"[tool:bash echo hi; echo there] [say ok]"_s}, approve);
        QTest::newRow("bash rejected with feedback")
            << turns({u"[tool:bash echo hi] [say ok]"_s},
                     {{u"kind"_s, u"reject"_s}, {u"feedback"_s, u"not now"_s}});
        QTest::newRow("bash rejected")
            << turns({u"[tool:bash echo hi] [say ok]"_s}, {{u"kind"_s, u"reject"_s}});
        QTest::newRow("nobody there")
            << turns({u"[tool:bash echo hi] [say ok]"_s}, {{u"kind"_s, u"user-not-available"_s}});
        QTest::newRow("unknown answer")
            << turns({u"[tool:bash echo hi] [say ok]"_s}, {{u"kind"_s, u"bogus"_s}});
        QTest::newRow("approved for the session")
            << turns({u"[tool:bash echo x] [tool:bash echo x] [say ok]"_s},
                     {{u"kind"_s, u"approve-for-session"_s},
                      {u"approval"_s,
                       QJsonObject{{u"kind"_s, u"commands"_s},
                                   {u"commandIdentifiers"_s, QJsonArray{u"echo x"_s}}}}});
        QTest::newRow("files") << turns({u"[tool:create new.txt|a\\nb] [say ok]"_s}, approve);
        QTest::newRow("sub-agent") << turns({u"[task {say inner}] [say outer]"_s}, approve);
        QTest::newRow("question") << Scenario(question);
        QTest::newRow("abort while streaming")
            << abortAt(u"[slow 200x50ms]"_s, u"assistant.message_delta"_s);
        QTest::newRow("abort at a permission")
            << abortAt(u"[tool:bash echo hi]"_s, u"permission.requested"_s);
        QTest::newRow("queue") << Scenario(queue);
        QTest::newRow("two clients") << Scenario(twoClients);
        QTest::newRow("history") << Scenario(history);
        QTest::newRow("error 400") << turns({u"[error 400]"_s});
        QTest::newRow("error 401") << turns({u"[error 401]"_s});
        QTest::newRow("retry") << turns(
            {u"[error 500 x1] [say ok]"_s, u"[dropmid 3 x1] [say ok]"_s});
        QTest::newRow("errors") << Scenario(errors);
        QTest::newRow("delete") << Scenario(deletion);
    }

    void sameSequences()
    {
        QFETCH(Scenario, scenario);
        const QStringList real = scenario({m_real.port(), m_real.workFolder(), m_real.provider()});
        const QStringList demo = scenario({m_demo.port(), m_demo.home(), {}});
        if (real != demo) {
            for (qsizetype i = 0; i < std::max(real.size(), demo.size()); ++i) {
                qInfo("%c real: %-70s demo: %s", real.value(i) == demo.value(i) ? ' ' : '#',
                      qPrintable(real.value(i)), qPrintable(demo.value(i)));
            }
        }
        QCOMPARE(demo, real);
    }

    void cleanupTestCase()
    {
        m_demo.stop();
        m_real.stop();
    }

private:
    RealServer m_real;
    ServerProcess m_demo;
};

QTEST_GUILESS_MAIN(TstContract)
#include "tst_contract.moc"
