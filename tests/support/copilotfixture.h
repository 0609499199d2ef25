// SPDX-License-Identifier: MIT
#pragma once

#include "agent/copilotbackend.h"
#include "support/fakeclock.h"
#include "support/faketransport.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QTest>

#include <optional>

namespace pilotlight::copilottest {

inline QString str(const char *text)
{
    return QString::fromUtf8(text);
}

//! JSON with single quotes, which are readable here.
inline QJsonObject J(const char *text)
{
    const auto document = QJsonDocument::fromJson(QByteArray(text).replace('\'', '"'));
    if (!document.isObject())
        qFatal("bad JSON in a test: %s", text);
    return document.object();
}

inline QString text(const QJsonObject &object)
{
    return QString::fromUtf8(QJsonDocument(object).toJson(QJsonDocument::Compact));
}

//! Keeps an answer and counts how often it came.
template <typename T>
struct Answer
{
    std::optional<Result<T>> result;
    int count = 0;

    Handler<T> handler()
    {
        return [this](Result<T> value) {
            result = std::move(value);
            ++count;
        };
    }
    bool ok() const { return count == 1 && result->has_value(); }
    ErrorCode code() const
    {
        return count == 1 && !result->has_value() ? result->error().code : ErrorCode::Internal;
    }
};

inline SessionConfig config()
{
    SessionConfig config;
    config.id = str("s1");
    config.model = str("m");
    config.workingDirectory = str("/w");
    return config;
}

//! A CopilotBackend whose server is the test.
class Fixture : public QObject
{
protected:
    FakeClock m_clock;
    FakeTransport *m_transport = nullptr;
    std::unique_ptr<Peer> m_peer;
    std::unique_ptr<CopilotBackend> m_backend;

    QJsonObject params(const char *method) const
    {
        return m_transport->lastSent(str(method)).value(str("params")).toObject();
    }
    bool reply(const char *method, const QJsonObject &result)
    {
        return m_transport->reply(str(method), result);
    }
    bool refuse(const char *method, int code, const char *message)
    {
        return m_transport->replyError(str(method), code, str(message));
    }
    void push(const QByteArray &type, const QByteArray &data, const QByteArray &id,
              const QByteArray &session = "s1")
    {
        m_transport->inject(QByteArray("{\"jsonrpc\":\"2.0\",\"method\":\"session.event\","
                                       "\"params\":{\"sessionId\":\"")
                            + session + "\",\"event\":{\"type\":\"" + type
                            + "\",\"data\":" + QByteArray(data).replace('\'', '"') + ",\"id\":\""
                            + id + "\",\"timestamp\":\"2026-11-20T23:31:54.336Z\"}}}");
    }
    void request(int id, const char *method, const QJsonObject &object)
    {
        m_transport->inject(QJsonObject{{str("jsonrpc"), str("2.0")},
                                        {str("id"), id},
                                        {str("method"), str(method)},
                                        {str("params"), object}});
    }
    //! Our answer to the request \a id of the server; empty where there is none.
    QJsonObject answerTo(int id) const
    {
        for (const QJsonObject &object : m_transport->sentObjects()) {
            if (!object.contains(str("method")) && object.value(str("id")).toInt(-1) == id)
                return object;
        }
        return {};
    }
    void attach()
    {
        Answer<Done> done;
        m_backend->resumeSession(config(), {}, this, done.handler());
        QVERIFY(reply("session.resume", {}));
        QVERIFY(done.ok());
    }
    void start()
    {
        auto transport = std::make_unique<FakeTransport>();
        m_transport = transport.get();
        m_peer = std::make_unique<Peer>(std::move(transport), m_clock);
        m_backend = std::make_unique<CopilotBackend>(*m_peer, m_clock);
        m_transport->acceptOpen();
    }
    void stop()
    {
        m_backend.reset();
        m_peer.reset();
        QCOMPARE(m_clock.liveTimers(), 0);
    }
};

} // namespace pilotlight::copilottest
