// SPDX-License-Identifier: MIT
// The connection itself: handshake, probe, sign-in, models.
#include "agent/copilotbackend.h"
#include "agent/copilotwire.h"
#include "base/logging.h"

#include <QCoreApplication>

#include <algorithm>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

//! One handshake: connect (or, before 1.0.6x, ping), then status.get.
struct CopilotBackend::Hello
{
    Secret token;
    Nanoseconds deadline{0};
    QPointer<QObject> context;
    Handler<ServerInfo> handler;
    QString version;
    int protocol = 0;

    //! What is left of the time for all steps; never zero, which would mean no deadline.
    CallOptions options(const Clock &clock) const
    {
        const auto left = std::chrono::duration_cast<Milliseconds>(deadline - clock.now());
        return {std::max(left, Milliseconds(1))};
    }
    void fail(Error error) { handler(tl::make_unexpected(std::move(error))); }
    void read(const QJsonObject &answer)
    {
        // Believed only as reported; a later step may know what an earlier one did not say.
        if (answer.value("protocolVersion"_L1).isDouble())
            protocol = answer.value("protocolVersion"_L1).toInt();
        if (answer.value("version"_L1).isString())
            version = answer.value("version"_L1).toString();
    }
};

void CopilotBackend::initialize(const Secret &token, Milliseconds timeout, QObject *context,
                                Handler<ServerInfo> handler)
{
    registerSecret(token);
    auto state = std::make_shared<Hello>();
    state->token = token;
    state->deadline = m_clock.now() + timeout;
    state->context = context ? context : this;
    state->handler = std::move(handler);
    hello(state);
}

void CopilotBackend::hello(const std::shared_ptr<Hello> &state)
{
    QJsonObject params{
        {u"clientInfo"_s,
         QJsonObject{{u"editorName"_s, u"Pilotlight"_s},
                     {u"editorVersion"_s, QCoreApplication::applicationVersion()}}},
    };
    if (!state->token.isEmpty())
        params.insert(u"token"_s, QString::fromUtf8(state->token.reveal()));
    call(u"connect"_s, params, state->options(m_clock), state->context,
         [this, state](const Result<RawJson> &result) {
             if (result) {
                 state->read(result->toObject());
                 helloStatus(state);
                 return;
             }
             const Error &error = result.error();
             // -32003: the server was started without a token, so everybody may come in.
             const bool tokenNotWanted = error.remote && error.remote->code == -32003;
             if (error.code == ErrorCode::MethodNotFound || tokenNotWanted)
                 helloOld(state);
             else
                 state->fail(error);
         });
}

void CopilotBackend::helloOld(const std::shared_ptr<Hello> &state)
{
    call(u"ping"_s, {{u"message"_s, u"hello"_s}}, state->options(m_clock), state->context,
         [this, state](const Result<RawJson> &result) {
             if (!result) {
                 state->fail(result.error());
                 return;
             }
             state->read(result->toObject());
             helloStatus(state);
         });
}

void CopilotBackend::helloStatus(const std::shared_ptr<Hello> &state)
{
    call(u"status.get"_s, {}, state->options(m_clock), state->context,
         [this, state](const Result<RawJson> &result) {
             if (result)
                 state->read(result->toObject());
             else if (result.error().code != ErrorCode::MethodNotFound) {
                 state->fail(result.error());
                 return;
             }
             helloDone(state);
         });
}

void CopilotBackend::helloDone(const std::shared_ptr<Hello> &state)
{
    const QString detail = u"server %1, protocol %2; supported: %3 to %4"_s.arg(
        state->version.isEmpty() ? u"without a version"_s : state->version,
        QString::number(state->protocol), QString::number(copilot::OldestProtocol),
        QString::number(copilot::NewestProtocol));
    if (state->protocol < copilot::OldestProtocol) {
        state->fail({ErrorCode::ServerTooOld, detail, {}});
        return;
    }
    if (state->protocol > copilot::NewestProtocol) {
        state->fail({ErrorCode::ServerTooNew, detail, {}});
        return;
    }
    m_info.name = u"Copilot CLI"_s;
    m_info.version = state->version;
    m_info.protocolVersion = state->protocol;
    qCInfo(lcAgent).noquote() << m_info.name << detail;
    state->handler(m_info);
}

void CopilotBackend::probe(const ProbeRequest &request, QObject *context,
                           std::function<void(ProbeResult)> handler)
{
    if (m_probe.isPending()) {
        handler({ProbeResult::Outcome::Cancelled, {}, u"another probe is on its way"_s});
        return;
    }
    if (request.kind != ProbeRequest::Kind::Ping) {
        handler({ProbeResult::Outcome::Unsupported, {}, u"this server has no tools to call"_s});
        return;
    }
    const Nanoseconds sent = m_clock.now();
    m_probe = call(u"ping"_s, {{u"message"_s, u"keepalive"_s}}, {request.timeout}, context,
                   [this, sent, handler = std::move(handler)](const Result<RawJson> &result) {
                       ProbeResult probe;
                       probe.roundTrip = std::chrono::duration_cast<std::chrono::microseconds>(
                           m_clock.now() - sent);
                       if (!result) {
                           probe.outcome = copilot::probeOutcome(result.error());
                           probe.detail = result.error().toString();
                       } else if (!result->toValue().isObject()) {
                           probe.outcome = ProbeResult::Outcome::Protocol;
                           probe.detail = u"the answer to a ping is not an object"_s;
                       } else {
                           probe.outcome = ProbeResult::Outcome::Ok;
                       }
                       handler(probe);
                   });
}

void CopilotBackend::cancelProbe()
{
    m_probe.cancel();
}

void CopilotBackend::authStatus(QObject *context, Handler<AuthStatus> handler)
{
    call(u"auth.getStatus"_s, {}, {}, context,
         [handler = std::move(handler)](const Result<RawJson> &result) {
             if (!result) {
                 handler(tl::make_unexpected(result.error()));
                 return;
             }
             const QJsonObject object = result->toObject();
             handler(AuthStatus{object.value("isAuthenticated"_L1).toBool(),
                                object.value("login"_L1).toString(),
                                object.value("statusMessage"_L1).toString()});
         });
}

void CopilotBackend::listModels(QObject *context, Handler<QList<ModelInfo>> handler)
{
    call(u"models.list"_s, {}, {}, context,
         [handler = std::move(handler)](const Result<RawJson> &result) {
             if (!result)
                 handler(tl::make_unexpected(result.error()));
             else
                 handler(copilot::models(result->toObject()));
         });
}

} // namespace pilotlight
