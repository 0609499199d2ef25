// SPDX-License-Identifier: MIT
#include "demoserver/options.h"

#include <QCommandLineParser>

using namespace Qt::StringLiterals;

namespace pilotlight::demo {

namespace {

const QStringList &faultKinds()
{
    static const QStringList kinds{
        u"freeze"_s,       u"drop"_s,    u"half-close"_s, u"slow-start"_s, u"garbage"_s,
        u"garbage-json"_s, u"version"_s, u"token"_s,      u"kill"_s,       u"exit"_s,
        u"replay"_s,       u"reap"_s,    u"swallow"_s};
    return kinds;
}

std::optional<quint16> portOf(const QString &text)
{
    bool ok = false;
    const uint port = text.toUInt(&ok);
    if (!ok || port > 65535)
        return std::nullopt;
    return static_cast<quint16>(port);
}

std::optional<Milliseconds> secondsOf(const QString &text)
{
    bool ok = false;
    const double seconds = text.toDouble(&ok);
    if (!ok || !(seconds >= 0 && seconds <= 1e9))
        return std::nullopt;
    return Milliseconds(qRound64(seconds * 1000));
}

CommandLine wrong(const QString &message)
{
    return {{}, message + u'\n', 1};
}

} // namespace

QString faultHelp()
{
    return u"Faults: KIND[=VALUE][@TRIGGER]\n"
           "  freeze[=MS]     accept and answer nothing (for MS, else for ever)\n"
           "  drop            close every connection at once\n"
           "  half-close      end the sending direction only\n"
           "  slow-start=MS   listen MS after the start\n"
           "  garbage         send a frame with a broken header; garbage-json: with a broken body\n"
           "  version=N       report protocol version N\n"
           "  token           refuse every connection token\n"
           "  kill            die like kill -9; exit: end in order\n"
           "  replay[=N]      send the last N events (20) again, with the same ids\n"
           "  reap            drop every idle session now, silently\n"
           "  swallow[=N]     do not send the next N events (all to the end of the turn); with "
           "the\n"
           "                  trigger event:TYPE beginning with that one\n"
           "Triggers: start, connect, turn (after the third delta), 1500ms, call:METHOD,\n"
           "  event:TYPE, each with #N for the Nth time. Default: turn, or start for slow-start,\n"
           "  version and token. At run time: the request demo.fault {\"fault\":\"drop@turn\"}, "
           "where\n"
           "  no trigger means now.\n"_s;
}

Result<FaultSpec> parseFault(const QString &text)
{
    FaultSpec spec;
    const qsizetype at = text.indexOf(u'@');
    QString head = at < 0 ? text : text.left(at);
    if (at >= 0)
        spec.trigger = text.mid(at + 1);
    const qsizetype equals = head.indexOf(u'=');
    if (equals >= 0) {
        bool ok = false;
        spec.value = head.mid(equals + 1).toLongLong(&ok);
        if (!ok || *spec.value < 0)
            return failure(ErrorCode::InvalidArgument, u"not a number in fault "_s + text);
        head.truncate(equals);
    }
    if (!faultKinds().contains(head))
        return failure(ErrorCode::InvalidArgument, u"unknown fault "_s + head);
    spec.kind = head;
    return spec;
}

CommandLine parseCommandLine(const QStringList &arguments, const QByteArray &token)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(
        u"A stand-in for a headless agent server: same protocol, nothing is executed.\n"
        "Type \"help\" into a session to see what it can show.\n\n"_s
        + faultHelp());
    const QCommandLineOption help({u"h"_s, u"help"_s}, u"Show this help."_s);
    const QCommandLineOption version({u"v"_s, u"version"_s}, u"Show the version."_s);
    const QCommandLineOption headless(u"headless"_s, u"Accepted and ignored."_s);
    const QCommandLineOption noUpdate(u"no-auto-update"_s, u"Accepted and ignored."_s);
    const QCommandLineOption logLevel(u"log-level"_s, u"Accepted and ignored."_s, u"LEVEL"_s);
    const QCommandLineOption logDir(u"log-dir"_s, u"Accepted and ignored."_s, u"DIR"_s);
    const QCommandLineOption port(u"port"_s, u"Listen on 127.0.0.1:N; 0 takes a free port."_s,
                                  u"N"_s);
    const QCommandLineOption webSocket(u"websocket-port"_s, u"Listen for WebSockets too."_s,
                                       u"N"_s);
    const QCommandLineOption stdio(u"stdio"_s, u"Talk on standard input and output."_s);
    const QCommandLineOption idle(u"session-idle-timeout"_s,
                                  u"Drop sessions idle for so long; 0 never."_s, u"SECONDS"_s,
                                  u"0"_s);
    const QCommandLineOption check(u"idle-check-interval"_s, u"How often to look for them."_s,
                                   u"SECONDS"_s, u"300"_s);
    const QCommandLineOption logCounts(u"log-counts"_s,
                                       u"An ephemeral session.log keeps a session."_s);
    const QCommandLineOption reapBusy(u"reap-busy"_s, u"Busy sessions are dropped, too."_s);
    const QCommandLineOption speed(u"speed"_s, u"Tell the stories FACTOR times faster."_s,
                                   u"FACTOR"_s, u"1"_s);
    const QCommandLineOption stateDir(u"state-dir"_s, u"Keep sessions in DIR."_s, u"DIR"_s);
    const QCommandLineOption noPersist(u"no-persist"_s,
                                       u"Keep sessions in memory only (the default)."_s);
    const QCommandLineOption withParent(u"exit-with-parent"_s, u"End when standard input ends."_s);
    const QCommandLineOption signedOut(u"signed-out"_s, u"Behave like a server without login."_s);
    const QCommandLineOption protocol(u"protocol-version"_s, u"Protocol version to report."_s,
                                      u"N"_s, u"3"_s);
    const QCommandLineOption serverVersion(u"server-version"_s, u"Version to report."_s, u"X"_s);
    const QCommandLineOption fault(u"fault"_s, u"Misbehave; may be repeated."_s, u"FAULT"_s);
    parser.addOptions({help,     version,       headless, noUpdate,  logLevel,   logDir,
                       port,     webSocket,     stdio,    idle,      check,      logCounts,
                       reapBusy, speed,         stateDir, noPersist, withParent, signedOut,
                       protocol, serverVersion, fault});

    if (!parser.parse(arguments))
        return wrong(u"error: "_s + parser.errorText());
    if (parser.isSet(help))
        return {{}, parser.helpText(), 0};
    if (parser.isSet(version)) {
        return {{}, u"pilotlight-demo-server "_s + QStringLiteral(PILOTLIGHT_VERSION) + u'\n', 0};
    }

    DemoOptions options;
    options.token = Secret(token);
    if (parser.isSet(port)) {
        options.port = portOf(parser.value(port));
        if (!options.port)
            return wrong(
                u"error: invalid value '%1' for '--port <port>'"_s.arg(parser.value(port)));
    }
    if (parser.isSet(webSocket)) {
        options.webSocketPort = portOf(parser.value(webSocket));
        if (!options.webSocketPort)
            return wrong(u"error: invalid --websocket-port"_s);
    }
    options.stdio = parser.isSet(stdio);
    if (!options.port && !options.webSocketPort && !options.stdio)
        options.port = 0;
    const auto idleTimeout = secondsOf(parser.value(idle));
    const auto checkInterval = secondsOf(parser.value(check));
    if (!idleTimeout || !checkInterval || *checkInterval <= Milliseconds(0))
        return wrong(u"error: not a number of seconds"_s);
    options.idleTimeout = *idleTimeout;
    options.idleCheckInterval = *checkInterval;
    options.logCounts = parser.isSet(logCounts);
    options.reapBusy = parser.isSet(reapBusy);
    options.speed = parser.value(speed).toDouble();
    if (!(options.speed > 0))
        return wrong(u"error: --speed must be more than 0"_s);
    if (!parser.isSet(noPersist))
        options.stateDir = parser.value(stateDir);
    options.exitWithParent = parser.isSet(withParent);
    options.signedIn = !parser.isSet(signedOut);
    options.protocolVersion = parser.value(protocol).toInt();
    if (parser.isSet(serverVersion))
        options.serverVersion = parser.value(serverVersion);
    const QStringList faults = parser.values(fault);
    for (const QString &text : faults) {
        const auto spec = parseFault(text);
        if (!spec)
            return wrong(u"error: "_s + spec.error().detail);
        options.faults.append(*spec);
    }
    return {options, std::nullopt, 0};
}

} // namespace pilotlight::demo
