// SPDX-License-Identifier: MIT
#include "app/gui/updatecheck.h"

#include "base/logging.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkReply>
#include <QVersionNumber>

namespace pilotlight {

namespace {

constexpr int TimeoutMs = 20'000; // nobody waits for it

} // namespace

std::optional<VersionNews> VersionNews::read(const QByteArray &file, const QString &current)
{
    const QJsonObject root = QJsonDocument::fromJson(file).object();
    VersionNews news;
    qsizetype suffix = 0;
    const QString text = root.value(QStringLiteral("version")).toString();
    const QVersionNumber version = QVersionNumber::fromString(text, &suffix);
    if (version.isNull() || suffix != text.size() || version <= QVersionNumber::fromString(current))
        return std::nullopt;
    news.version = version.toString();
    const QUrl page(root.value(QStringLiteral("page")).toString(), QUrl::StrictMode);
    if (page.isValid() && page.scheme() == QStringLiteral("https"))
        news.page = page;
    return news;
}

UpdateCheck::UpdateCheck(QUrl address, QString current, Clock &clock, QObject *parent)
    : QObject(parent)
    , m_address(std::move(address))
    , m_current(std::move(current))
    , m_clock(clock)
{ }

UpdateCheck::~UpdateCheck() = default;

void UpdateCheck::setOn(bool on)
{
    if (m_address.isEmpty() || on == (m_network != nullptr))
        return;
    if (!on) {
        m_timer.cancel();
        m_network.reset(); // ends what is under way
        return;
    }
    m_network = std::make_unique<QNetworkAccessManager>();
    m_network->setRedirectPolicy(QNetworkRequest::NoLessSafeRedirectPolicy);
    m_timer = m_clock.after(FirstAfter, [this] { fetch(); });
}

void UpdateCheck::fetch()
{
    m_timer = m_clock.after(Interval, [this] { fetch(); });
    QNetworkRequest request(m_address);
    request.setHeader(QNetworkRequest::UserAgentHeader, QStringLiteral("Pilotlight"));
    request.setAttribute(QNetworkRequest::CookieSaveControlAttribute, QNetworkRequest::Manual);
    request.setTransferTimeout(TimeoutMs);
    QNetworkReply *const reply = m_network->get(request);
    reply->setReadBufferSize(MostBytes + 1);
    connect(reply, &QNetworkReply::readyRead, reply, [reply] {
        if (reply->bytesAvailable() > MostBytes)
            reply->abort();
    });
    connect(reply, &QNetworkReply::finished, this, [this, reply] { finished(*reply); });
}

void UpdateCheck::finished(QNetworkReply &reply)
{
    reply.deleteLater();
    if (reply.error() != QNetworkReply::NoError) {
        qCInfo(lcUi).noquote() << "No word about newer versions:" << reply.errorString();
        return;
    }
    const std::optional<VersionNews> news = VersionNews::read(reply.readAll(), m_current);
    if (!news || news->version == m_told)
        return;
    m_told = news->version;
    Q_EMIT newer(*news);
}

} // namespace pilotlight
