// SPDX-License-Identifier: MIT
#include "app/gui/singleinstance.h"

#include "base/logging.h"
#include "transport/localchannel.h"

#include <QCoreApplication>

namespace pilotlight {

namespace {

using namespace std::chrono_literals;

constexpr Milliseconds AgainAfter = 100ms;
// What the event loop is left with, beside exit codes.
constexpr int Again = 1000;

QString windowRole()
{
    return QStringLiteral("window");
}

QString verbKey()
{
    return QStringLiteral("verb");
}

QString tokenKey()
{
    return QStringLiteral("token");
}

QString sessionKey()
{
    return QStringLiteral("session");
}

} // namespace

SingleInstance::SingleInstance(Clock &clock, QObject *parent)
    : QObject(parent)
    , m_clock(clock)
{ }

SingleInstance::~SingleInstance() = default;

std::optional<int> SingleInstance::claim(const QString &folder, const QString &sessionId)
{
    const Nanoseconds until = m_clock.now() + Patience;
    for (;;) {
        m_listener = std::make_unique<LocalListener>();
        const Result<void> listening = m_listener->listen(folder, windowRole());
        if (listening) {
            accept();
            return std::nullopt;
        }
        m_listener.reset();
        if (listening.error().code != ErrorCode::AlreadyRunning) {
            qCWarning(lcUi).noquote() << "A second window of this profile would not be noticed:"
                                      << listening.error().toString();
            return std::nullopt;
        }
        if (m_clock.now() >= until)
            return NoAnswer;
        ask(folder, sessionId);
        if (const int code = QCoreApplication::exec(); code != Again)
            return code;
    }
}

void SingleInstance::ask(const QString &folder, const QString &sessionId)
{
    // Gone with the answer; a child, so that it outlives this call.
    auto *const channel = new LocalChannel(this);
    const auto leave = [channel](int code) {
        channel->disconnect();
        channel->deleteLater();
        QCoreApplication::exit(code);
    };
    auto patience = std::make_shared<TimerHandle>();
    connect(channel, &LocalChannel::opened, channel, [channel, sessionId] {
        channel->send({{verbKey(), QStringLiteral("raise")},
                       {tokenKey(), qEnvironmentVariable("XDG_ACTIVATION_TOKEN")},
                       {sessionKey(), sessionId}});
    });
    connect(channel, &LocalChannel::received, channel, [leave, patience] { leave(0); });
    connect(channel, &LocalChannel::closed, channel, [this, leave, patience] {
        // It is just ending, or was killed: soon there is none.
        *patience = m_clock.after(AgainAfter, [leave] { leave(Again); });
    });
    *patience = m_clock.after(Patience, [leave] { leave(NoAnswer); });
    channel->connectTo(folder, windowRole());
}

void SingleInstance::accept()
{
    connect(m_listener.get(), &LocalListener::accepted, this, [this](LocalChannel *channel) {
        if (m_leaving) {
            channel->deleteLater(); // tried again until we are gone
            return;
        }
        connect(channel, &LocalChannel::received, this,
                [this, channel](const QJsonObject &message) {
                    if (message.value(verbKey()).toString() != QStringLiteral("raise"))
                        return;
                    qCInfo(lcUi) << "Started again: showing this window";
                    channel->send({{verbKey(), QStringLiteral("raised")}});
                    Q_EMIT raiseRequested(message.value(tokenKey()).toString(),
                                          message.value(sessionKey()).toString());
                });
        connect(channel, &LocalChannel::closed, channel, &QObject::deleteLater);
    });
}

} // namespace pilotlight
