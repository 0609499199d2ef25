// SPDX-License-Identifier: MIT
#include "transport/httptransport.h"

#include "base/logging.h"
#include "transport/httpdialect.h"
#include "transport/httpexchange.h"
#include "transport/tcptransport.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkProxy>
#include <QPointer>

#include <algorithm>
#include <utility>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

namespace {

// Of answers that are no success: enough for any sentence that explains it.
constexpr qsizetype KeptRefusal = 64 * 1024;
constexpr Milliseconds LongestStreamRetry{60'000};
// A stream that ends this often without having brought anything is given up.
constexpr int MostResumes = 5;
constexpr Milliseconds FarewellTime{2'000};

//! Sees the request that ends a session on its way, and goes with its answer.
class Farewell final : public QObject
{
public:
    Farewell(std::unique_ptr<QNetworkAccessManager> manager, const QNetworkRequest &request,
             Clock &clock)
        : QObject(QCoreApplication::instance())
        , m_manager(std::move(manager))
    {
        // Whatever the answer is: a server need not support it, and we are gone anyway.
        connect(m_manager->deleteResource(request), &QNetworkReply::finished, this,
                &QObject::deleteLater);
        m_deadline = clock.after(FarewellTime, [this] { deleteLater(); });
    }

private:
    std::unique_ptr<QNetworkAccessManager> m_manager;
    TimerHandle m_deadline;
};

} // namespace

HttpTransport::HttpTransport(QUrl url, Secret bearerToken, Clock &clock, QObject *parent)
    : Transport(parent)
    , m_url(std::move(url))
    , m_token(std::move(bearerToken))
    , m_clock(clock)
{
    registerSecret(m_token);
}

HttpTransport::~HttpTransport()
{
    close();
}

QString HttpTransport::description() const
{
    // A query may carry a token.
    return m_url.toString(QUrl::RemoveUserInfo | QUrl::RemoveQuery | QUrl::RemoveFragment);
}

bool HttpTransport::isRemote() const
{
    return !isLoopbackHost(m_url.host());
}

void HttpTransport::open()
{
    if (m_state != State::New)
        return;
    m_state = State::Opening;
    // Never signals from inside open(): the owner may still be wiring itself up.
    QMetaObject::invokeMethod(
        this,
        [this] {
            if (m_state != State::Opening)
                return;
            m_state = State::Open;
            Q_EMIT opened();
        },
        Qt::QueuedConnection);
}

QNetworkAccessManager &HttpTransport::manager(HttpLane lane)
{
    auto &manager = m_managers[lane];
    if (!manager) {
        manager = std::make_unique<QNetworkAccessManager>();
        manager->setRedirectPolicy(QNetworkRequest::ManualRedirectPolicy);
        if (!isRemote())
            manager->setProxy(QNetworkProxy::NoProxy);
    }
    return *manager;
}

QNetworkRequest HttpTransport::request(const HttpExchange &exchange) const
{
    QNetworkRequest request(m_url);
    request.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
    request.setHeader(QNetworkRequest::UserAgentHeader,
                      QStringLiteral("Pilotlight/" PILOTLIGHT_VERSION));
    // Uncompressed: there is no delay then, and a limit on bytes means what it says.
    request.setRawHeader("Accept-Encoding", "identity");
    if (exchange.kind == HttpExchange::Kind::Post) {
        request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
        request.setRawHeader("Accept", "application/json, text/event-stream");
        request.setHeader(QNetworkRequest::ContentLengthHeader, exchange.message.size());
        request.setAttribute(QNetworkRequest::DoNotBufferUploadDataAttribute, true);
    } else {
        request.setRawHeader("Accept", "text/event-stream");
        if (!exchange.lastEventId.isEmpty())
            request.setRawHeader("Last-Event-ID", exchange.lastEventId);
    }
    if (!m_token.isEmpty())
        request.setRawHeader("Authorization", "Bearer " + m_token.reveal());
    if (!exchange.statelessVersion.isEmpty()) {
        request.setRawHeader("MCP-Protocol-Version", exchange.statelessVersion);
        request.setRawHeader("Mcp-Method", exchange.method.toUtf8());
        if (!exchange.name.isEmpty())
            request.setRawHeader("Mcp-Name", exchange.name);
        return request;
    }
    if (!m_protocolVersion.isEmpty())
        request.setRawHeader("MCP-Protocol-Version", m_protocolVersion);
    if (!m_session.isEmpty())
        request.setRawHeader("Mcp-Session-Id", m_session);
    return request;
}

void HttpTransport::send(const QByteArray &message)
{
    if (m_state != State::Open || !fitsAFrame(message))
        return;
    const auto exchange = std::make_shared<HttpExchange>();
    exchange->message = message;
    exchange->readEnvelope();
    exchange->limit = m_limits.take(exchange->id);
    if (exchange->limit <= 0)
        exchange->limit = static_cast<qint64>(FrameBuffer::MaxFrame);
    if (exchange->method == "initialize"_L1) {
        m_session.clear(); // with a stale one the server would refuse it
        m_protocolVersion.clear();
    }
    start(exchange);
}

// ---- exchanges ----

bool HttpTransport::isCurrent(const Handle &exchange) const
{
    return m_state == State::Open && m_exchanges.contains(exchange->serial);
}

void HttpTransport::drop(const Handle &exchange)
{
    m_exchanges.erase(exchange->serial); // first: nothing that the rest brings about is heard
    exchange->timer.cancel();
    exchange->reply.reset();
}

void HttpTransport::startAfter(Milliseconds delay, const Handle &exchange)
{
    drop(exchange);
    exchange->serial = ++m_lastSerial;
    m_exchanges.emplace(exchange->serial, exchange);
    exchange->timer = m_clock.after(delay, [this, weak = std::weak_ptr(exchange)] {
        if (const Handle waiting = weak.lock(); waiting && isCurrent(waiting))
            start(waiting);
    });
}

void HttpTransport::start(const Handle &exchange)
{
    drop(exchange);
    exchange->serial = ++m_lastSerial;
    exchange->isEvents = false;
    exchange->body.clear();
    exchange->events = std::make_unique<SseParser>(static_cast<std::size_t>(exchange->limit));
    const QNetworkRequest request = this->request(*exchange);
    exchange->withSession = request.hasRawHeader("Mcp-Session-Id");
    QNetworkAccessManager &sender = manager(exchange->lane);
    QNetworkReply *reply = nullptr;
    if (exchange->kind == HttpExchange::Kind::Post) {
        auto *body = new OneTimeBody(exchange->message);
        reply = sender.post(request, body);
        body->setParent(reply);
    } else {
        reply = sender.get(request);
    }
    exchange->reply.reset(reply);
    m_exchanges.emplace(exchange->serial, exchange);
    // Through the table, so that a dropped exchange hears nothing more and none keeps itself alive.
    const auto handled = [this, serial = exchange->serial](auto function) {
        return [this, serial, function] {
            const auto it = m_exchanges.find(serial);
            if (it != m_exchanges.end())
                (this->*function)(Handle(it->second));
        };
    };
    connect(reply, &QNetworkReply::metaDataChanged, this, handled(&HttpTransport::onMetaData));
    connect(reply, &QNetworkReply::readyRead, this, handled(&HttpTransport::onReadyRead));
    connect(reply, &QNetworkReply::finished, this, handled(&HttpTransport::onFinished));
}

void HttpTransport::abandon(qint64 id)
{
    m_limits.remove(id);
    for (const auto &[serial, exchange] : m_exchanges) {
        if (exchange->id == id) {
            drop(Handle(exchange));
            return;
        }
    }
}

void HttpTransport::limitAnswer(qint64 id, qint64 bytes)
{
    if (m_state == State::Open)
        m_limits.insert(id, bytes);
}

// ---- what comes back ----

void HttpTransport::onMetaData(const Handle &exchange)
{
    QNetworkReply *reply = exchange->reply.get();
    const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (status == 0)
        return;
    const bool good = status >= 200 && status < 300;
    const QByteArray type = reply->header(QNetworkRequest::ContentTypeHeader).toByteArray();
    exchange->isEvents = good && type.toLower().startsWith("text/event-stream");
    if (good && exchange->method == "initialize"_L1)
        m_session = reply->rawHeader("Mcp-Session-Id");
    qint64 bytes = 0;
    for (const QNetworkReply::RawHeaderPair &header : reply->rawHeaderPairs())
        bytes += header.first.size() + header.second.size() + 4;
    Q_EMIT bytesArrived(bytes);
}

void HttpTransport::onReadyRead(const Handle &exchange)
{
    const QByteArray bytes = exchange->reply->readAll();
    if (bytes.isEmpty())
        return;
    const int status = exchange->reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    const bool good = status >= 200 && status < 300;
    bool tooLarge = false;
    if (exchange->isEvents)
        exchange->events->feed({bytes.constData(), static_cast<std::size_t>(bytes.size())});
    else if (!good)
        exchange->body += bytes.left(KeptRefusal - exchange->body.size());
    else if (exchange->body.size() + bytes.size() > exchange->limit)
        tooLarge = true;
    else
        exchange->body += bytes;
    const QPointer<HttpTransport> alive(this);
    Q_EMIT bytesArrived(bytes.size());
    if (!alive || !isCurrent(exchange))
        return;
    if (tooLarge) {
        drop(exchange);
        failRequest(exchange, ErrorCode::FrameTooLarge,
                    u"an answer of over %1 bytes"_s.arg(exchange->limit));
    } else if (exchange->isEvents) {
        readEvents(exchange);
    }
}

//! Hands on the events that have arrived.
void HttpTransport::readEvents(const Handle &exchange)
{
    const QPointer<HttpTransport> alive(this);
    std::string_view message;
    for (;;) {
        const SseParser::Step step = exchange->events->next(message);
        if (!exchange->events->lastEventId().isEmpty())
            exchange->lastEventId = exchange->events->lastEventId();
        if (const auto retry = exchange->events->retry())
            exchange->retry = *retry;
        if (step == SseParser::Step::NeedMore)
            break;
        if (step == SseParser::Step::Broken) {
            const Error error = exchange->events->error();
            drop(exchange);
            if (exchange->kind == HttpExchange::Kind::Stream)
                streamAgain(exchange, false);
            else
                failRequest(exchange, error.code, error.detail);
            return;
        }
        exchange->failures = 0;
        deliver(exchange, message);
        if (!alive || !isCurrent(exchange))
            return;
    }
    if (exchange->events->comments() > 0) {
        exchange->failures = 0;
        armWatchdog(exchange);
    }
}

void HttpTransport::deliver(const Handle &exchange, std::string_view message)
{
    if (exchange->id != 0 && isAnswerTo(exchange->id, message))
        exchange->answered = true;
    if (exchange->method == "initialize"_L1) {
        // From now on every request names it, the notification that the receiver sends included.
        const auto text = QByteArray::fromRawData(message.data(), qsizetype(message.size()));
        const QJsonObject result = QJsonDocument::fromJson(text)["result"_L1].toObject();
        if (const auto version = result.value("protocolVersion"_L1); version.isString())
            m_protocolVersion = version.toString().toLatin1();
    }
    if (const MessageSink sink = messageSink())
        sink(message);
}

void HttpTransport::armWatchdog(const Handle &exchange)
{
    exchange->timer = m_clock.after(StreamSilence, [this, weak = std::weak_ptr(exchange)] {
        const Handle silent = weak.lock();
        if (!silent || !isCurrent(silent))
            return;
        qCInfo(lcRpc).noquote() << description() << ": a stream has gone silent";
        eventsEnded(silent);
    });
}

void HttpTransport::onFinished(const Handle &exchange)
{
    const QPointer<HttpTransport> alive(this);
    onReadyRead(exchange);
    if (!alive || !isCurrent(exchange))
        return;
    const QNetworkReply &reply = *exchange->reply;
    const int status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    const bool good = status >= 200 && status < 300;
    if (exchange->isEvents)
        eventsEnded(exchange);
    else if (status == 0 || (good && reply.error() != QNetworkReply::NoError))
        broken(exchange, reply.error(), reply.errorString());
    else if (good)
        accepted(exchange, status);
    else
        refused(exchange, status);
}

//! A whole answer that is no event stream.
void HttpTransport::accepted(const Handle &exchange, int status)
{
    const QByteArray type =
        exchange->reply->header(QNetworkRequest::ContentTypeHeader).toByteArray();
    drop(exchange);
    if (exchange->kind == HttpExchange::Kind::Stream)
        return; // not a stream: there is none
    if (exchange->id == 0) {
        // Some answer even a notification with a body; nobody waits for it.
        if (exchange->method == "notifications/initialized"_L1) {
            const auto stream = std::make_shared<HttpExchange>();
            stream->kind = HttpExchange::Kind::Stream;
            stream->lane = HttpLane::Streams;
            start(stream);
        }
        return;
    }
    if (status == 202)
        return; // the answer may come on the stream; else the call has its deadline
    if (!type.toLower().startsWith("application/json")) {
        failRequest(exchange, ErrorCode::ProtocolViolation,
                    u"the server answered with \"%1\": this is no MCP endpoint"_s.arg(
                        QString::fromLatin1(type.left(100))));
        return;
    }
    const auto size = static_cast<std::size_t>(exchange->body.size());
    exchange->body.append(static_cast<qsizetype>(MessagePadding), '\0');
    const QPointer<HttpTransport> alive(this);
    deliver(exchange, {exchange->body.constData(), size});
    if (alive && m_state == State::Open) // nobody hears it where that was the answer
        failRequest(exchange, ErrorCode::ProtocolViolation,
                    u"the server's answer is to something else"_s);
}

//! A status that is no success.
void HttpTransport::refused(const Handle &exchange, int status)
{
    const QNetworkReply &reply = *exchange->reply;
    HttpAnswer answer;
    answer.status = status;
    answer.contentType = reply.header(QNetworkRequest::ContentTypeHeader).toByteArray().toLower();
    answer.body = exchange->body;
    answer.location = reply.rawHeader("Location");
    answer.retryAfter = reply.rawHeader("Retry-After");
    answer.requestId = exchange->id;
    answer.withSession = exchange->withSession;
    answer.withToken = !m_token.isEmpty();
    answer.isStream = exchange->kind == HttpExchange::Kind::Stream;
    drop(exchange);
    const HttpVerdict verdict = judge(answer);
    switch (verdict.kind) {
    case HttpVerdict::Kind::SessionLost:
        m_session.clear();
        fail(verdict.error);
        return;
    case HttpVerdict::Kind::Answer: {
        const auto size = static_cast<std::size_t>(exchange->body.size());
        exchange->body.append(static_cast<qsizetype>(MessagePadding), '\0');
        deliver(exchange, {exchange->body.constData(), size});
        return;
    }
    case HttpVerdict::Kind::Failed:
        break;
    }
    if (answer.isStream) {
        // Not every server has one. Another stream of ours may not have been missed yet (409).
        if (status == 409 || status == 429 || status >= 502)
            streamAgain(exchange, false);
        else
            qCDebug(lcRpc).noquote()
                << description() << "has no stream of notifications:" << verdict.error.toString();
        return;
    }
    if (exchange->id == 0) {
        qCDebug(lcRpc).noquote() << description()
                                 << "refused a message:" << verdict.error.toString();
        return;
    }
    Q_EMIT requestFailed(exchange->id, verdict.error);
}

//! The exchange ended without an answer of HTTP, or in the middle of one.
void HttpTransport::broken(const Handle &exchange, QNetworkReply::NetworkError error,
                           const QString &text)
{
    drop(exchange);
    const ErrorCode code = httpErrorCode(error);
    if (isUnreachable(error)) {
        fail({code, text, {}});
        return;
    }
    if (exchange->kind != HttpExchange::Kind::Post) {
        eventsEnded(exchange);
        return;
    }
    // The server may have closed an idle connection in the moment in which we used it.
    if (exchange->isPing() && !std::exchange(exchange->repeated, true))
        start(exchange);
    else
        failRequest(exchange, code, text); // another one may be well: a tool may be at work there
}

// ---- streams ----

void HttpTransport::eventsEnded(const Handle &exchange)
{
    const bool hadLife = exchange->events && exchange->isEvents && exchange->failures == 0;
    drop(exchange);
    if (exchange->kind == HttpExchange::Kind::Stream) {
        streamAgain(exchange, hadLife);
        return;
    }
    if (exchange->id == 0 || exchange->answered)
        return;
    // The server may end a stream before the answer, and give the rest to whoever comes back.
    if (exchange->lastEventId.isEmpty() || ++exchange->failures > MostResumes) {
        failRequest(exchange, ErrorCode::ConnectionLost,
                    u"the event stream ended before the answer"_s);
        return;
    }
    exchange->kind = HttpExchange::Kind::Resume;
    exchange->lane = HttpLane::Streams;
    startAfter(exchange->retry, exchange);
}

//! Opens the stream of notifications again: soon, and later and later where that is in vain.
void HttpTransport::streamAgain(const Handle &exchange, bool wasThere)
{
    exchange->failures = wasThere ? 1 : std::min(exchange->failures + 1, 10);
    const Milliseconds delay = std::min<Milliseconds>(
        exchange->retry * (1 << (exchange->failures - 1)), LongestStreamRetry);
    startAfter(delay, exchange);
}

// ---- ends ----

void HttpTransport::failRequest(const Handle &exchange, ErrorCode code, const QString &detail)
{
    if (exchange->id != 0)
        Q_EMIT requestFailed(exchange->id, Error{code, detail, {}});
}

void HttpTransport::close()
{
    if (m_state == State::Closed)
        return;
    const bool wasOpen = m_state == State::Open;
    m_state = State::Closed;
    for (const auto &[serial, exchange] : std::exchange(m_exchanges, {})) {
        exchange->timer.cancel();
        exchange->reply.reset();
    }
    m_limits.clear();
    if (!wasOpen || m_session.isEmpty() || !QCoreApplication::instance())
        return;
    manager(HttpLane::Quick);
    HttpExchange none;
    none.kind = HttpExchange::Kind::Stream;
    new Farewell(std::move(m_managers[HttpLane::Quick]), request(none), m_clock); // deletes itself
}

void HttpTransport::fail(const Error &reason)
{
    if (m_state == State::Closed)
        return;
    close();
    Q_EMIT closed(reason);
}

} // namespace pilotlight
