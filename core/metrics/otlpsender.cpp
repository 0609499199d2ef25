// SPDX-License-Identifier: MIT
#include "metrics/otlpsender.h"

#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QNetworkRequest>
#include <QPointer>

namespace pilotlight {

namespace {

constexpr qint64 MaxAnswer = 64 * 1024;

class HttpOtlpSender final : public OtlpSender
{
public:
    HttpOtlpSender() = default;
    ~HttpOtlpSender() override { cancel(); }

    void post(const OtlpConfig &config, const QByteArray &body,
              std::function<void(OtlpAnswer)> handler) override
    {
        cancel();
        QNetworkRequest request(config.url);
        request.setHeader(QNetworkRequest::ContentTypeHeader, QStringLiteral("application/json"));
        request.setHeader(QNetworkRequest::UserAgentHeader,
                          QStringLiteral("pilotlight/" PILOTLIGHT_VERSION));
        for (const auto &[name, value] : config.headers)
            request.setRawHeader(name, value.reveal());
        request.setAttribute(QNetworkRequest::RedirectPolicyAttribute,
                             QNetworkRequest::ManualRedirectPolicy);
        // Neither cookies nor saved passwords leave us.
        request.setAttribute(QNetworkRequest::CookieLoadControlAttribute, QNetworkRequest::Manual);
        request.setAttribute(QNetworkRequest::CookieSaveControlAttribute, QNetworkRequest::Manual);
        request.setAttribute(QNetworkRequest::AuthenticationReuseAttribute,
                             QNetworkRequest::Manual);
        if (!m_network) { // made on use: exports are rare, and it costs every start of a program
            m_network = std::make_unique<QNetworkAccessManager>();
            m_network->setAutoDeleteReplies(true);
        }
        QNetworkReply *reply = m_network->post(request, body);
        reply->setReadBufferSize(MaxAnswer);
        m_reply = reply;
        QObject::connect(reply, &QNetworkReply::readyRead, reply, [reply] {
            // A full buffer is never emptied by us, so an endless answer would never finish.
            if (reply->bytesAvailable() >= MaxAnswer)
                reply->abort();
        });
        QObject::connect(reply, &QNetworkReply::finished, reply,
                         [reply, handler = std::move(handler)] { handler(answerOf(*reply)); });
    }

    void cancel() override
    {
        if (!m_reply)
            return;
        QObject::disconnect(m_reply, nullptr, m_reply, nullptr);
        m_reply->abort();
        m_reply->deleteLater();
        m_reply.clear();
    }

private:
    static OtlpAnswer answerOf(QNetworkReply &reply)
    {
        OtlpAnswer answer;
        answer.status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        if (answer.status == 0)
            answer.error = reply.errorString();
        if (reply.hasRawHeader("Retry-After"))
            answer.retryAfter = reply.rawHeader("Retry-After");
        if (reply.isOpen()) // not after abort()
            answer.body = reply.read(MaxAnswer);
        return answer;
    }

    std::unique_ptr<QNetworkAccessManager> m_network;
    QPointer<QNetworkReply> m_reply;
};

} // namespace

std::unique_ptr<OtlpSender> makeHttpOtlpSender()
{
    return std::make_unique<HttpOtlpSender>();
}

} // namespace pilotlight
