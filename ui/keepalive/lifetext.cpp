// SPDX-License-Identifier: MIT
#include "ui/keepalive/lifetext.h"

#include "ui/keepalive/keepalivetext.h"
#include "ui/widgets/plural.h"

#include <limits>

namespace pilotlight {

namespace {

Milliseconds between(const QDateTime &from, const QDateTime &to)
{
    return std::max(Milliseconds(0), Milliseconds(from.msecsTo(to)));
}

} // namespace

LifeText::LifeText(const SessionLife &life, const QDateTime &now)
    : m_life(life)
    , m_now(now)
{ }

QString LifeText::word() const
{
    switch (m_life.safety) {
    case SessionLife::Safety::Offline:
        return tr("Offline");
    case SessionLife::Safety::Unverified:
        return tr("Unverified");
    case SessionLife::Safety::Protected:
        return tr("Protected");
    case SessionLife::Safety::AtRisk:
        return tr("At risk");
    case SessionLife::Safety::Parked:
        return tr("Parked");
    case SessionLife::Safety::Dead:
        return tr("Lost");
    }
    return {};
}

QString LifeText::icon() const
{
    switch (m_life.safety) {
    case SessionLife::Safety::Offline:
        return QStringLiteral("offline");
    case SessionLife::Safety::Unverified:
        return QStringLiteral("question");
    case SessionLife::Safety::Protected:
        return QStringLiteral("shield-check");
    case SessionLife::Safety::AtRisk:
        return QStringLiteral("warning");
    case SessionLife::Safety::Parked:
        return QStringLiteral("pause");
    case SessionLife::Safety::Dead:
        return QStringLiteral("error");
    }
    return {};
}

ColorRole LifeText::color() const
{
    switch (m_life.safety) {
    case SessionLife::Safety::Protected:
        return ColorRole::Ok;
    case SessionLife::Safety::AtRisk:
        return ColorRole::Warning;
    case SessionLife::Safety::Dead:
        return ColorRole::Error;
    default:
        return ColorRole::Muted;
    }
}

QString LifeText::confirmed() const
{
    if (!m_life.lastConfirmed)
        return tr("not yet");
    return tr("%1 ago").arg(KeepaliveText::span(between(*m_life.lastConfirmed, m_now)));
}

QString LifeText::next() const
{
    if (!m_life.nextTouch)
        return {};
    return tr("in %1").arg(KeepaliveText::span(between(m_now, *m_life.nextTouch)));
}

QString LifeText::expiry() const
{
    switch (m_life.safety) {
    case SessionLife::Safety::Parked:
        return tr("cannot expire");
    case SessionLife::Safety::Offline:
    case SessionLife::Safety::Dead:
        return QStringLiteral("–");
    default:
        break;
    }
    if (m_life.limit.neverExpires())
        return tr("never");
    if (!m_life.expiry)
        return QStringLiteral("–");
    return tr("in %1").arg(KeepaliveText::span(between(m_now, *m_life.expiry)));
}

QString LifeText::evidence() const
{
    QStringList parts;
    switch (m_life.evidence) {
    case SessionLife::Evidence::None:
        break;
    case SessionLife::Evidence::Attached:
        parts.append(tr("Confirmed by attaching to it."));
        break;
    case SessionLife::Evidence::Event:
        parts.append(tr("Confirmed by an event of it."));
        break;
    case SessionLife::Evidence::Touch:
        parts.append(tr("Confirmed by an answered touch."));
        break;
    case SessionLife::Evidence::Check:
        parts.append(tr("Confirmed by a check, which does not keep it alive."));
        break;
    case SessionLife::Evidence::Prompt:
        parts.append(tr("Confirmed by a prompt that the server took."));
        break;
    }
    if (m_life.safety == SessionLife::Safety::Parked) {
        parts.append(tr("It was unloaded with nothing to lose and comes back when it is used."));
        return parts.join(QLatin1Char(' '));
    }
    const QString limit = m_life.limit.after ? KeepaliveText::span(*m_life.limit.after) : QString();
    switch (m_life.limit.origin) {
    case IdleLimit::Origin::Assumed:
        parts.append(tr("Nobody told the server's idle limit; %1 is assumed.").arg(limit));
        break;
    case IdleLimit::Origin::Version:
        parts.append(limit.isEmpty()
                         ? tr("This server version never expires sessions.")
                         : tr("This server version expires idle sessions after %1.").arg(limit));
        break;
    case IdleLimit::Origin::OwnFlag:
        parts.append(limit.isEmpty()
                         ? tr("We started the server so that it never expires sessions.")
                         : tr("We started the server with an idle limit of %1.").arg(limit));
        break;
    case IdleLimit::Origin::CommandLine:
        parts.append(limit.isEmpty()
                         ? tr("By its command line the server never expires sessions.")
                         : tr("The server's command line sets an idle limit of %1.").arg(limit));
        break;
    case IdleLimit::Origin::Learned:
        parts.append(tr("A session of this server died after %1 of silence.").arg(limit));
        break;
    case IdleLimit::Origin::User:
        parts.append(limit.isEmpty() ? tr("You said that this server never expires sessions.")
                                     : tr("You set the idle limit to %1.").arg(limit));
        break;
    }
    return parts.join(QLatin1Char(' '));
}

qint64 LifeText::risk() const
{
    constexpr qint64 Never = std::numeric_limits<qint64>::max() / 2;
    switch (m_life.safety) {
    case SessionLife::Safety::Dead:
        return -2;
    case SessionLife::Safety::AtRisk:
        return -1;
    case SessionLife::Safety::Parked:
        return Never + 1;
    case SessionLife::Safety::Offline:
        return Never + 2;
    default:
        return m_life.expiry ? std::max<qint64>(0, m_now.msecsTo(*m_life.expiry)) : Never;
    }
}

KeepaliveRollUp::KeepaliveRollUp(const QList<KeepaliveBackendRow> &backends, const QDateTime &now)
    : m_now(now)
{
    const auto consider = [this](const std::optional<QDateTime> &time) {
        if (time && (!m_next || *time < *m_next))
            m_next = time;
    };
    for (const KeepaliveBackendRow &backend : backends) {
        m_anyOnline = m_anyOnline || backend.status.phase == Phase::Online;
        if (backend.answersBadly())
            ++m_backendTrouble;
        consider(backend.status.keepalive.nextProbe);
        for (const KeepaliveSessionRow &session : backend.sessions) {
            ++m_sessions;
            consider(session.life.nextTouch);
            switch (session.life.safety) {
            case SessionLife::Safety::Offline:
                ++m_offline;
                break;
            case SessionLife::Safety::Unverified:
                ++m_unverified;
                break;
            case SessionLife::Safety::Protected:
                ++m_protected;
                break;
            case SessionLife::Safety::AtRisk:
            case SessionLife::Safety::Dead:
                ++m_trouble;
                break;
            case SessionLife::Safety::Parked:
                ++m_parked;
                break;
            }
        }
    }
}

QString KeepaliveRollUp::text() const
{
    QStringList parts;
    if (m_sessions == 0) {
        parts.append(m_anyOnline ? tr("no sessions") : tr("not connected"));
    } else {
        parts.append(plural(m_sessions, tr("1 session"), tr("%1 sessions")));
        if (m_protected == m_sessions && m_sessions > 1) {
            parts.append(tr("all protected"));
        } else {
            const auto count = [&parts](int number, const QString &word) {
                if (number > 0)
                    parts.append(QStringLiteral("%1 %2").arg(number).arg(word));
            };
            count(m_trouble, tr("at risk"));
            count(m_unverified, tr("unverified"));
            count(m_protected, tr("protected"));
            count(m_parked, tr("parked"));
            count(m_offline, tr("offline"));
        }
    }
    if (m_backendTrouble > 0)
        parts.append(plural(m_backendTrouble, tr("1 server does not answer well"),
                            tr("%1 servers do not answer well")));
    if (m_next && m_anyOnline) {
        const auto left = between(m_now, *m_next);
        parts.append(left < Milliseconds(1000)
                         ? tr("next check now")
                         : tr("next check in %1").arg(KeepaliveText::span(left)));
    }
    return parts.join(QStringLiteral(", "));
}

QString KeepaliveRollUp::icon() const
{
    if (hasTrouble())
        return QStringLiteral("warning");
    if (!m_anyOnline)
        return QStringLiteral("offline");
    return m_unverified > 0 ? QStringLiteral("question") : QStringLiteral("shield-check");
}

ColorRole KeepaliveRollUp::color() const
{
    if (hasTrouble())
        return ColorRole::Warning;
    if (!m_anyOnline || m_unverified > 0)
        return ColorRole::Muted;
    return ColorRole::Ok;
}

} // namespace pilotlight
