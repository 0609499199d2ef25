// SPDX-License-Identifier: MIT
#include "ui/keepalive/keepalivetext.h"

#include <QLocale>
#include <QStringList>

#include <algorithm>

namespace pilotlight {

using namespace std::chrono_literals;

namespace {

KeepaliveState shownState(const ConnectionStatus &status)
{
    if (status.keepalive.state == KeepaliveState::Protected && !status.keepalive.lastAnswer)
        return KeepaliveState::Unverified; // green is for answers only
    return status.keepalive.state;
}

QString row(const QString &name, const QString &value)
{
    if (value.isEmpty())
        return {};
    return QStringLiteral("<tr><td style='padding-right:12px'>%1</td><td>%2</td></tr>")
        .arg(name.toHtmlEscaped(), value.toHtmlEscaped());
}

} // namespace

KeepaliveText::KeepaliveText(const ConnectionStatus &status, const QDateTime &now,
                             const std::optional<QDateTime> &sessionAnswer)
    : m_status(status)
    , m_now(now)
    , m_state(shownState(status))
    , m_sessionAnswer(sessionAnswer)
{ }

Milliseconds KeepaliveText::since(const QDateTime &time) const
{
    return std::max(0ms, Milliseconds(time.msecsTo(m_now)));
}

Milliseconds KeepaliveText::until(const QDateTime &time) const
{
    return std::max(0ms, Milliseconds(m_now.msecsTo(time)));
}

QString KeepaliveText::countdown(const QDateTime &time) const
{
    return span(until(time) + 999ms);
}

QString KeepaliveText::span(Milliseconds span)
{
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(std::max(0ms, span)).count();
    if (seconds < 60)
        return tr("%1 s").arg(seconds);
    const auto minutes = seconds / 60;
    if (minutes < 60)
        return tr("%1 min").arg(minutes);
    const auto hours = minutes / 60;
    if (hours < 24)
        return minutes % 60 ? tr("%1 h %2 min").arg(hours).arg(minutes % 60)
                            : tr("%1 h").arg(hours);
    return hours % 24 ? tr("%1 d %2 h").arg(hours / 24).arg(hours % 24)
                      : tr("%1 d").arg(hours / 24);
}

QString KeepaliveText::latency(std::chrono::microseconds time)
{
    const auto us = static_cast<double>(time.count());
    const QLocale locale;
    if (us < 1000)
        return tr("%1 µs").arg(locale.toString(us, 'f', 0));
    if (us < 10'000)
        return tr("%1 ms").arg(locale.toString(us / 1e3, 'f', 1));
    if (us < 1'000'000)
        return tr("%1 ms").arg(locale.toString(us / 1e3, 'f', 0));
    return tr("%1 s").arg(locale.toString(us / 1e6, 'f', 1));
}

QString KeepaliveText::word() const
{
    switch (m_state) {
    case KeepaliveState::Off:
        return tr("Keepalive off");
    case KeepaliveState::Disconnected:
        return tr("Disconnected");
    case KeepaliveState::Unverified:
        return tr("Unverified");
    case KeepaliveState::Checking:
        return tr("Checking");
    case KeepaliveState::Protected:
        return tr("Protected");
    case KeepaliveState::Degraded:
        return tr("Degraded");
    case KeepaliveState::Unresponsive:
        return tr("Unresponsive");
    case KeepaliveState::Paused:
        return tr("Paused");
    case KeepaliveState::Suspended:
        return tr("Suspended");
    }
    return {};
}

QString KeepaliveText::icon() const
{
    switch (m_state) {
    case KeepaliveState::Off:
        return QStringLiteral("shield-off");
    case KeepaliveState::Disconnected:
        return QStringLiteral("offline");
    case KeepaliveState::Unverified:
        return QStringLiteral("question");
    case KeepaliveState::Checking:
        return QStringLiteral("pulse");
    case KeepaliveState::Protected:
        return QStringLiteral("shield-check");
    case KeepaliveState::Degraded:
        return QStringLiteral("warning");
    case KeepaliveState::Unresponsive:
        return QStringLiteral("error");
    case KeepaliveState::Paused:
    case KeepaliveState::Suspended:
        return QStringLiteral("pause");
    }
    return {};
}

ColorRole KeepaliveText::color() const
{
    switch (m_state) {
    case KeepaliveState::Off:
    case KeepaliveState::Disconnected:
    case KeepaliveState::Unverified:
    case KeepaliveState::Suspended:
        return ColorRole::Muted;
    case KeepaliveState::Checking:
        return ColorRole::Info;
    case KeepaliveState::Protected:
        return ColorRole::Ok;
    case KeepaliveState::Degraded:
    case KeepaliveState::Paused:
        return ColorRole::Warning;
    case KeepaliveState::Unresponsive:
        return ColorRole::Error;
    }
    return ColorRole::Muted;
}

ColorRole KeepaliveText::background() const
{
    switch (color()) {
    case ColorRole::Ok:
        return ColorRole::OkSoft;
    case ColorRole::Warning:
        return ColorRole::WarningSoft;
    case ColorRole::Error:
        return ColorRole::ErrorSoft;
    case ColorRole::Info:
        return ColorRole::InfoSoft;
    default:
        return ColorRole::Hover;
    }
}

QString KeepaliveText::reason() const
{
    const KeepaliveStatus &keepalive = m_status.keepalive;
    switch (m_state) {
    case KeepaliveState::Off:
        if (m_status.mode == ConnectionMode::Demo)
            return tr("Demo: nothing to keep alive");
        if (keepalive.config.warnings.contains(EffectiveKeepalive::Warning::MethodUnknown))
            return tr("The settings name a method that is not known, so nothing is sent");
        if (keepalive.config.warnings.contains(EffectiveKeepalive::Warning::ToolNotReadOnly))
            return tr("The tool to call was not declared read-only, so nothing is sent");
        if (keepalive.config.method != KeepaliveMethod::None && !keepalive.lastFailure.isEmpty())
            return tr("Not supported by this server: %1").arg(keepalive.lastFailure);
        return tr("Pinging is switched off for this server");
    case KeepaliveState::Disconnected:
        return tr("There is no live connection, so nothing is sent");
    case KeepaliveState::Unverified:
        return tr("Connected; no ping was answered yet");
    case KeepaliveState::Checking:
        return tr("The first ping is on its way");
    case KeepaliveState::Protected:
        return {};
    case KeepaliveState::Degraded:
        return keepalive.lastFailure.isEmpty()
            ? tr("The last ping was not answered; a second one follows within seconds")
            : tr("The last ping failed (%1); a second one follows within seconds")
                  .arg(keepalive.lastFailure);
    case KeepaliveState::Unresponsive:
        return tr("Two pings in a row failed; the connection is being replaced");
    case KeepaliveState::Paused:
        return keepalive.pause == KeepaliveStatus::Pause::Breaker
            ? tr("The server failed too often (%1); it is left alone for a while")
                  .arg(keepalive.lastFailure)
            : tr("Pinging makes no sense before you sign in");
    case KeepaliveState::Suspended:
        return tr("The computer sleeps or has just woken; nothing is sent");
    }
    return {};
}

QString KeepaliveText::details() const
{
    const KeepaliveStatus &keepalive = m_status.keepalive;
    QStringList parts;
    switch (m_state) {
    case KeepaliveState::Off:
        return m_status.mode == ConnectionMode::Demo ? tr("demo: nothing to keep alive")
                                                     : QString();
    case KeepaliveState::Disconnected:
        return m_status.retryAt ? tr("retry in %1").arg(countdown(*m_status.retryAt)) : QString();
    case KeepaliveState::Paused:
        return keepalive.pausedUntil
            ? tr("until %1")
                  .arg(QLocale().toString(keepalive.pausedUntil->toLocalTime(),
                                          QStringLiteral("HH:mm")))
            : tr("sign-in needed");
    case KeepaliveState::Suspended:
        return {};
    case KeepaliveState::Unresponsive:
        return tr("reconnecting");
    case KeepaliveState::Unverified:
        parts.append(m_sessionAnswer
                         ? tr("answered a session %1 ago").arg(span(since(*m_sessionAnswer)))
                         : tr("no answer yet"));
        break;
    case KeepaliveState::Checking:
        return tr("waiting for an answer");
    case KeepaliveState::Protected:
        parts.append(latency(keepalive.lastRoundTrip));
        parts.append(tr("%1 ago").arg(span(since(*keepalive.lastAnswer))));
        break;
    case KeepaliveState::Degraded:
        parts.append(keepalive.lastAnswer
                         ? tr("last answer %1 ago").arg(span(since(*keepalive.lastAnswer)))
                         : tr("no answer yet"));
        break;
    }
    if (keepalive.nextProbe)
        parts.append(tr("next in %1").arg(countdown(*keepalive.nextProbe)));
    return parts.join(QStringLiteral(" · "));
}

QString KeepaliveText::accessibleName() const
{
    QStringList parts{tr("Keepalive: %1").arg(word())};
    if (const QString text = details(); !text.isEmpty())
        parts.append(text);
    else if (const QString why = reason(); !why.isEmpty())
        parts.append(why);
    return parts.join(QStringLiteral(", "));
}

QString KeepaliveText::toolTip() const
{
    const KeepaliveStatus &keepalive = m_status.keepalive;
    const bool live = m_state != KeepaliveState::Off && m_state != KeepaliveState::Disconnected;
    const auto clockTime = [](const QDateTime &time) {
        return QLocale().toString(time.toLocalTime(), QStringLiteral("HH:mm:ss"));
    };
    QString text =
        QStringLiteral("<p><b>%1</b>").arg(tr("Keepalive: %1").arg(word()).toHtmlEscaped());
    if (const QString why = reason(); !why.isEmpty())
        text += QStringLiteral("<br>%1").arg(why.toHtmlEscaped());
    text += QStringLiteral("</p><table>");
    text += row(tr("Last answer"),
                keepalive.lastAnswer
                    ? tr("%1 (%2 ago)")
                          .arg(clockTime(*keepalive.lastAnswer), span(since(*keepalive.lastAnswer)))
                    : tr("none yet"));
    if (keepalive.lastAnswer)
        text += row(tr("Latency"), latency(keepalive.lastRoundTrip));
    if (live)
        text += row(tr("Next ping"),
                    keepalive.nextProbe
                        ? tr("%1 (in %2)")
                              .arg(clockTime(*keepalive.nextProbe), countdown(*keepalive.nextProbe))
                        : tr("not scheduled"));
    if (live && keepalive.interval > 0ms)
        text += row(tr("Method"),
                    tr("%1, about every %2").arg(keepalive.method, span(keepalive.interval)));
    else if (live)
        text += row(tr("Method"), keepalive.method);
    if (keepalive.failures > 0)
        text += row(tr("Failures in a row"), QString::number(keepalive.failures));
    if (m_state != KeepaliveState::Off && !keepalive.lastFailure.isEmpty())
        text += row(tr("Last failure"), keepalive.lastFailure);
    if (keepalive.attempts > 0)
        text += row(tr("Pings"),
                    tr("%1 sent, %2 answered, %3 failed, %4 cancelled")
                        .arg(keepalive.attempts)
                        .arg(keepalive.successes)
                        .arg(keepalive.failed)
                        .arg(keepalive.cancelled));
    text += QStringLiteral("</table>");
    // Measured on every published server: a ping never counted as activity of a session.
    if (live)
        text += QStringLiteral("<p>%1</p>")
                    .arg(tr("A ping proves that the connection and the server answer. It does not "
                            "reset a server's idle limit for sessions.")
                             .toHtmlEscaped());
    return text;
}

std::optional<Milliseconds> KeepaliveText::nextChange() const
{
    const KeepaliveStatus &keepalive = m_status.keepalive;
    std::optional<Milliseconds> soonest;
    const auto consider = [&soonest](Milliseconds delay) {
        delay = std::max(1000ms, delay);
        soonest = soonest ? std::min(*soonest, delay) : delay;
    };
    const auto ageing = [&](const std::optional<QDateTime> &time) {
        if (!time)
            return;
        const Milliseconds age = since(*time);
        const Milliseconds unit = age < 60s ? 1000ms : 60'000ms;
        consider(unit - age % unit);
    };
    const auto counting = [&](const std::optional<QDateTime> &time) {
        if (!time || *time <= m_now)
            return;
        const Milliseconds left = until(*time);
        const auto shown = (left + 999ms) / 1000ms; // as countdown() has it
        const auto next = (shown >= 60 ? shown / 60 * 60 : shown) - 1;
        consider(left - next * 1000ms);
    };
    if (m_state == KeepaliveState::Disconnected) {
        counting(m_status.retryAt);
    } else if (m_state == KeepaliveState::Protected || m_state == KeepaliveState::Degraded
               || m_state == KeepaliveState::Unverified) {
        ageing(keepalive.lastAnswer);
        if (m_state == KeepaliveState::Unverified)
            ageing(m_sessionAnswer);
        counting(keepalive.nextProbe);
    }
    return soonest;
}

} // namespace pilotlight
