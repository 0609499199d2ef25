// SPDX-License-Identifier: MIT
#include "app/cli/ctl.h"
#include "app/wiring/keeperprotocol.h"
#include "transport/localchannel.h"

#include <QJsonArray>

namespace pilotlight {

using namespace Qt::Literals::StringLiterals;

namespace {

void printStatus(Output &output, const QJsonObject &status)
{
    const QJsonArray sessions = status.value("sessions"_L1).toArray();
    int working = 0;
    for (const QJsonValue &session : sessions)
        working += session.toObject().value("working"_L1).toBool() ? 1 : 0;
    const int windows = status.value("windows"_L1).toInt();
    output.event(u"keeper"_s,
                 {{u"pid"_s, status.value("pid"_L1)},
                  {u"version"_s, status.value("app"_L1)},
                  {u"windows"_s, windows},
                  {u"sessions"_s, sessions}},
                 u"keeper %1 pid %2: holds %3 sessions, %4 working; %5"_s
                     .arg(status.value("app"_L1).toString())
                     .arg(status.value("pid"_L1).toInteger())
                     .arg(sessions.size())
                     .arg(working)
                     .arg(windows > 0 ? u"a window is open"_s : u"no window is open"_s));
}

} // namespace

void runKeeper(const CtlOptions &options, Output &output, QObject *context,
               std::function<void(int)> finished)
{
    auto *const channel = new LocalChannel(context);
    QObject::connect(channel, &LocalChannel::opened, channel, [channel, stop = options.stop] {
        channel->send(stop ? keeper::message(u"stop"_s) : keeper::message(u"status"_s));
    });
    QObject::connect(channel, &LocalChannel::received, channel,
                     [channel, &output, finished](const QJsonObject &message) {
                         printStatus(output, message);
                         channel->close();
                         finished(ExitOk);
                     });
    QObject::connect(channel, &LocalChannel::closed, channel,
                     [&output, finished, stop = options.stop](const Error &reason) {
                         const bool none = reason.code == ErrorCode::ConnectionRefused;
                         output.notice(stop || none ? u"info"_s : u"error"_s,
                                       none       ? u"no keeper runs for this profile"_s
                                           : stop ? u"the keeper has ended"_s
                                                  : reason.toString());
                         finished(stop && !none ? ExitOk : ExitNotConnected);
                     });
    channel->connectTo(options.paths.state, keeper::role());
}

} // namespace pilotlight
