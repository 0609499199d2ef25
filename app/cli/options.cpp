// SPDX-License-Identifier: MIT
#include "app/cli/options.h"

#include "base/systemclock.h"
#include "settings/settings.h"

#include <QCommandLineParser>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QRegularExpression>

namespace pilotlight {

namespace {

const char HelpText[] = R"(Usage: pilotlightctl [OPTIONS] COMMAND [ARGUMENTS]

Talks to a headless agent server, with the same core as Pilotlight's window.

Commands:
  status              connect and say what is there
  ping                keepalive probes of the connection   --count N, --interval SECONDS between them,
                                                           --tool NAME: call this tool instead
  sessions            the sessions that the server lists
  new                 a new session; prints its id         --name, --model, --cwd, --system, --mode, --provider
  send ID TEXT        one prompt; streams the answer       --immediate, --allow none|once|session, --answer TEXT
  resume ID           attach and print the conversation
  abort ID            end the turn
  delete ID           delete the session and its history on the server
  guard               hold sessions attached and keep them and the connection alive until a signal: touches
                      each before the server's idle limit, brings back what the server drops, unloads
                      ("parks") what is quiet and has nothing to lose
                                                           --sessions all|ID,…, --interval SECONDS of the ping,
                                                           --idle-limit 300s|30m|never, --always-loaded,
                                                           --park-after 30m|off
  prove               find out what keeps sessions alive on this server: opens sessions that never get a prompt
                      and cost no model request, waits until the untouched one dies, deletes them
                                                           --limit 12m, --interval SECONDS between requests
  settings export FILE | import FILE | reset
                      settings and the other servers, to or from one JSON file without keys, tokens and passwords;
                      import and reset say what they change, keep copies, and do it with --yes; reset --servers
                      removes the other servers, too. For a profile that no window has open
  sessions export FILE | import FILE
                      the same for the session list: what is here already stays as it is
  bundle FILE         a ZIP archive for a report: logs, versions, settings, the keepalive's figures; without secrets,
                      names, prompts. Connects only where --connect, --spawn or --demo says so; --list: write nothing
  keeper              what the process holds that goes on without the window
                                                           --stop: end it, and the turns that only it keeps
  drill               the recovery drill: a server and a session of its own are cut off, killed, frozen and
                      expired; says when that was noticed, when all was back, and what was lost
  log                 Pilotlight's diagnostic log          --tag TAG[,TAG], --follow, --since 2h|30m|<ISO time>

Where (default: the profile's own local server, started where none runs):
  --connect URL       a server that runs: HOST:PORT, tcp://, ws:// or wss://
  --token-env NAME    environment variable with its connection token
  --spawn             a server of this command's own, on stdio; it ends with the command
  --demo              the demo server
  --cli PATH          the CLI's program for --spawn and the local server
  --profile NAME      another profile;  --profile-dir DIR  all files below DIR
  --timeout SECONDS   to get online (default 60)

Keepalive (default: as the profile's settings say):
  --method ping|none, --interval SECONDS (5 to 86400), --probe-timeout SECONDS (at most half the interval)

Output:
  --json              one JSON object a line (below);  --verbose  the log on standard error

Lines of --json, each with "t" (ISO 8601, UTC) and "event":
  {"event":"phase","phase":"idle|starting-server|connecting|initializing|online|backoff|stopping|disposed"}
  {"event":"status","server":…,"version":…,"protocol":…,"mode":…,"signedIn":…,
   "keepalive":<state>,"method":"ping|tool:NAME|none","interval":…,"probeTimeout":…}
  {"event":"probe","kind":"ping|tool","outcome":"ok|timeout|transport|rpc_error|unsupported|auth|protocol|cancelled","us":…}
  {"event":"probe","kind":"touch","session":…,"strategy":"resume|log|none","outcome":…,"found":…,"trigger":…,"us":…}
                      of guard; "none" is a mere look whether it is there; "found":false: the server had dropped it
  {"event":"session","session":"<id>","state":"created|listed|attached|lost|resumed|failed|deleted"}
  {"event":"session","session":"<id>","state":"protected|at-risk|unverified|parked|dead","idleLimit":…,"origin":…}
                      of guard; seconds, or "never", and how it is known
  {"event":"canary","method":"none|ping|read|resume|log","state":"dead","afterMs":…}
  {"event":"verdict","version":…,"method":…,"answer":"keeps-alive|does-not|unknown","code":"not-expired|unsupported|…",
   "requests":…,"aliveMs":…,"diedMs":…}
  {"event":"proof","version":…,"end":"decided|limit|cancelled|connection-lost|create-failed","idleLimitMs":…,"text":…}
  {"event":"keeper","pid":…,"version":…,"windows":…,
   "sessions":[{"session":…,"backend":…,"state":"waiting|attaching|attached|failed","working":…},…]}
  {"event":"drill","fault":"cut-connection|kill-server|freeze-server|expire-session",
   "moment":"struck|noticed|recovered|delivered|over","ms":…,"state":…,"missing":…,"doubled":…}
                      ms since the fault; of "struck" since the start; state, missing and doubled of "over"
  {"event":"drill-over","end":"passed|failed|cancelled|not-started","server":…,"readyMs":…}
  {"event":"wake","asleepSeconds":…,"checked":…,"alive":…,"resumed":…,"lost":…,"parked":…}
  {"event":"delta","session":…,"text":…}
  {"event":"message","session":…,"text":…}
  {"event":"tool","session":…,"tool":…,"state":"started|completed|failed|denied"}
  {"event":"permission|question","session":…,"subject":…,"answer":…}
  {"event":"error","session":…,"kind":…,"text":…}
  {"event":"idle","session":…,"aborted":…}
  {"event":"change","kind":"setting|server|session","name":…,"before":…,"after":…,"added":…}
  {"event":"file","name":…,"bytes":…}   {"event":"bundle","file":…}
  {"event":"imported|reset|exported","file":…,"changes":…,"backups":[…],"leftOut":[…]}
  {"event":"notice","level":"info|warning|error","text":…}

Exit codes:
  0  done            2  no connection within --timeout    4  the request or the turn failed
  1  wrong usage     3  no such session                   5  the turn was aborted
  6  a ping went unanswered                7  prove: no session died within --limit
guard ends with 0 on SIGINT or SIGTERM; the other commands with 128 + the signal's number.

A new session that never got a prompt is forgotten by the server when its last connection goes;
`send` then creates it again under its id. Provider keys stay in the provider file: its path is remembered.
)";

tl::unexpected<Error> usage(const QString &text)
{
    return failure(ErrorCode::InvalidArgument, text);
}

std::optional<QDateTime> sinceFrom(const QString &text)
{
    static const QRegularExpression span(QStringLiteral("^(\\d{1,6})([smhd])$"));
    if (const auto match = span.match(text); match.hasMatch()) {
        const qint64 unit = match.captured(2) == QLatin1String("s") ? 1
            : match.captured(2) == QLatin1String("m")               ? 60
            : match.captured(2) == QLatin1String("h")               ? 3600
                                                                    : 86'400;
        return SystemClock().wallNow().addSecs(-match.captured(1).toLongLong() * unit);
    }
    const QDateTime time = QDateTime::fromString(text, Qt::ISODate);
    return time.isValid() ? std::optional(time.toUTC()) : std::nullopt;
}

//! "300s", "30m", "2h", "300" (seconds) as a span; nothing where it is none.
std::optional<Milliseconds> spanFrom(const QString &text)
{
    static const QRegularExpression shape(QStringLiteral("^(\\d{1,7}(?:\\.\\d{1,3})?)([smh]?)$"));
    const auto match = shape.match(text);
    if (!match.hasMatch())
        return std::nullopt;
    const double unit = match.captured(2) == QLatin1String("h") ? 3'600'000
        : match.captured(2) == QLatin1String("m")               ? 60'000
                                                                : 1'000;
    const Milliseconds span(static_cast<qint64>(match.captured(1).toDouble() * unit));
    return span > Milliseconds(0) ? std::optional(span) : std::nullopt;
}

//! Of `settings` and `sessions`: what they do, and with which file.
Result<void> checkProfileWords(const CtlOptions &options)
{
    const QString word = options.arguments.value(0);
    if (options.command == QLatin1String("settings")) {
        const bool file = word == QLatin1String("export") || word == QLatin1String("import");
        if (!(file && options.arguments.size() == 2)
            && !(word == QLatin1String("reset") && options.arguments.size() == 1))
            return usage(QStringLiteral("settings takes export FILE, import FILE or reset"));
    } else if (options.command == QLatin1String("sessions") && !word.isEmpty()) {
        if ((word != QLatin1String("export") && word != QLatin1String("import"))
            || options.arguments.size() != 2)
            return usage(QStringLiteral("sessions takes nothing, export FILE or import FILE"));
    }
    return {};
}

struct CommandShape
{
    const char *name;
    int arguments; //!< exactly this many
    int most = 0; //!< or up to this many
};
constexpr CommandShape Commands[] = {
    {"status", 0}, {"ping", 0},        {"sessions", 0, 2}, {"new", 0},    {"send", 2},
    {"resume", 1}, {"abort", 1},       {"delete", 1},      {"guard", 0},  {"log", 0},
    {"prove", 0},  {"settings", 1, 2}, {"bundle", 1},      {"keeper", 0}, {"drill", 0}};

QCommandLineOption valued(const char *name)
{
    return {QString::fromLatin1(name), {}, QStringLiteral("value")};
}

QCommandLineOption flag(const char *name)
{
    return QCommandLineOption(QString::fromLatin1(name));
}

} // namespace

Result<CtlOptions> parseOptions(const QStringList &arguments, QString *text)
{
    QCommandLineParser parser;
    for (const char *name :
         {"connect",  "token-env",     "cli",        "profile", "profile-dir", "timeout",  "count",
          "interval", "probe-timeout", "method",     "tool",    "name",        "model",    "cwd",
          "system",   "mode",          "provider",   "allow",   "answer",      "sessions", "tag",
          "since",    "idle-limit",    "park-after", "limit"})
        parser.addOption(valued(name));
    for (const char *name : {"spawn", "demo", "json", "verbose", "immediate", "follow", "version",
                             "always-loaded", "yes", "servers", "list", "stop"})
        parser.addOption(flag(name));
    parser.addOption(QCommandLineOption(QStringList{QStringLiteral("h"), QStringLiteral("help")}));
    if (!parser.parse(QStringList(QStringLiteral("pilotlightctl")) + arguments))
        return usage(parser.errorText());
    const auto value = [&](const char *name) { return parser.value(QString::fromLatin1(name)); };
    const auto isSet = [&](const char *name) { return parser.isSet(QString::fromLatin1(name)); };

    CtlOptions options;
    if (isSet("version")) {
        *text = QStringLiteral("pilotlightctl %1").arg(QStringLiteral(PILOTLIGHT_VERSION));
        return options;
    }
    if (isSet("help")) {
        *text = QString::fromUtf8(HelpText);
        return options;
    }
    const QStringList words = parser.positionalArguments();
    if (words.isEmpty())
        return usage(QStringLiteral("no command given; see pilotlightctl --help"));
    options.command = words.first();
    options.arguments = words.mid(1);
    const auto *shape = std::find_if(std::begin(Commands), std::end(Commands), [&](const auto &c) {
        return options.command == QLatin1String(c.name);
    });
    if (shape == std::end(Commands))
        return usage(QStringLiteral("unknown command \"%1\"; see pilotlightctl --help")
                         .arg(options.command));
    const qsizetype given = options.arguments.size();
    if (given < shape->arguments || given > std::max(shape->arguments, shape->most))
        return usage(QStringLiteral("%1 takes %2 argument(s), %3 given")
                         .arg(options.command)
                         .arg(shape->arguments)
                         .arg(given));
    if (const auto usable = checkProfileWords(options); !usable)
        return tl::make_unexpected(usable.error());

    if (isSet("profile")) {
        static const QRegularExpression plain(QStringLiteral("^[A-Za-z0-9_-]{1,64}$"));
        if (!plain.match(value("profile")).hasMatch())
            return usage(QStringLiteral("--profile takes letters, digits, - and _"));
        options.paths = AppPaths::standard(value("profile"));
    }
    if (isSet("profile-dir"))
        options.paths = AppPaths::below(QDir(value("profile-dir")).absolutePath());
    options.json = isSet("json");
    options.verbose = isSet("verbose");

    if (options.command == QLatin1String("drill") && (isSet("connect") || isSet("spawn")))
        return usage(QStringLiteral("drill has a server of its own: no --connect, no --spawn"));
    const int targets = int(isSet("connect")) + int(isSet("spawn")) + int(isSet("demo"));
    if (targets > 1)
        return usage(QStringLiteral("--connect, --spawn and --demo exclude each other"));
    options.connection.mode = isSet("connect") ? ConnectionMode::Attach
        : isSet("spawn")                       ? ConnectionMode::Embedded
        : isSet("demo")                        ? ConnectionMode::Demo
                                               : ConnectionMode::Local;
    options.connection.url = value("connect");
    options.connection.cliPath = value("cli");
    if (isSet("token-env")) {
        const QByteArray name = value("token-env").toUtf8();
        if (!qEnvironmentVariableIsSet(name.constData()))
            return usage(QStringLiteral("the environment variable %1 of --token-env is not set")
                             .arg(value("token-env")));
        options.connection.token = Secret(qgetenv(name.constData()));
        registerSecret(options.connection.token);
    }

    bool ok = true;
    if (isSet("timeout")) {
        const double seconds = value("timeout").toDouble(&ok);
        if (!ok || !(seconds > 0) || seconds > 86'400)
            return usage(QStringLiteral("--timeout takes seconds, more than 0"));
        options.timeout = Milliseconds(static_cast<qint64>(seconds * 1000));
    }
    if (isSet("count")) {
        options.count = value("count").toInt(&ok);
        if (!ok || options.count < 1)
            return usage(QStringLiteral("--count takes a number of 1 and more"));
    }
    if (isSet("interval") && options.command == QLatin1String("prove")) {
        const double seconds = value("interval").toDouble(&ok);
        if (!ok || !(seconds >= 0.1 && seconds <= 86'400))
            return usage(QStringLiteral("--interval takes seconds, 0.1 at least"));
        options.proofInterval = Milliseconds(static_cast<qint64>(seconds * 1000));
    } else if (isSet("interval")) {
        const double seconds = value("interval").toDouble(&ok);
        if (!ok || !(seconds > 0) || seconds > 1e9)
            return usage(QStringLiteral("--interval takes seconds, more than 0"));
        options.pause = Milliseconds(static_cast<qint64>(seconds * 1000)); // as fast as wanted
        options.keepalive.intervalSeconds = seconds;
        if (options.command != QLatin1String("ping") && (seconds < 5 || seconds > 86'400))
            *text = QStringLiteral("--interval %1 is outside 5 .. 86400 s; %2 s is used")
                        .arg(value("interval"))
                        .arg(seconds < 5 ? 5 : 86'400);
    }
    if (isSet("probe-timeout")) {
        const double seconds = value("probe-timeout").toDouble(&ok);
        if (!ok || !(seconds > 0))
            return usage(QStringLiteral("--probe-timeout takes seconds, more than 0"));
        options.keepalive.timeoutSeconds = seconds;
    }
    if (isSet("method")) {
        options.keepalive.method = value("method");
        if (!checkKeepalive(options.keepalive) || value("method").startsWith(QLatin1String("tool")))
            return usage(QStringLiteral("--method takes ping or none"));
    }
    options.tool = value("tool");
    options.name = value("name");
    options.model = value("model");
    options.system = value("system");
    options.folder =
        QDir(value("cwd").isEmpty() ? QDir::currentPath() : value("cwd")).absolutePath();
    if (isSet("mode")) {
        const QString mode = value("mode");
        if (mode == QLatin1String("plan"))
            options.mode = AgentMode::Plan;
        else if (mode == QLatin1String("autopilot"))
            options.mode = AgentMode::Autopilot;
        else if (mode != QLatin1String("interactive"))
            return usage(QStringLiteral("--mode takes interactive, plan or autopilot"));
    }
    if (isSet("provider")) {
        options.providerFile = QFileInfo(value("provider")).absoluteFilePath();
        if (const auto read = readProvider(options.providerFile, &options); !read)
            return tl::make_unexpected(read.error());
    }
    options.immediate = isSet("immediate");
    if (isSet("allow"))
        options.allow = value("allow");
    if (options.allow != QLatin1String("none") && options.allow != QLatin1String("once")
        && options.allow != QLatin1String("session"))
        return usage(QStringLiteral("--allow takes none, once or session"));
    options.answer = value("answer");
    if (isSet("sessions"))
        options.sessions = value("sessions");
    options.alwaysLoaded = isSet("always-loaded");
    const auto seconds = [](Milliseconds span) {
        return std::chrono::duration<double>(span).count();
    };
    if (isSet("idle-limit")) {
        const auto limit = spanFrom(value("idle-limit"));
        if (!limit && value("idle-limit") != QLatin1String("never"))
            return usage(QStringLiteral("--idle-limit takes a span (300s, 30m) or never"));
        options.keepalive.idleLimitSeconds = limit ? seconds(*limit) : 0;
    }
    if (isSet("park-after")) {
        const auto quiet = spanFrom(value("park-after"));
        if (!quiet && value("park-after") != QLatin1String("off"))
            return usage(QStringLiteral("--park-after takes a span (300s, 30m) or off"));
        options.keepalive.parkAfterSeconds = quiet ? seconds(*quiet) : 0;
    }
    for (const QString &tag : value("tag").split(QLatin1Char(','), Qt::SkipEmptyParts))
        options.tags << tag.trimmed().remove(QLatin1Char('[')).remove(QLatin1Char(']')).toUpper();
    if (isSet("limit")) {
        const auto limit = spanFrom(value("limit"));
        if (!limit || *limit < Milliseconds(1000) || *limit > std::chrono::hours(48))
            return usage(QStringLiteral("--limit takes a span (60s, 12m, 1h) of 1 s to 48 h"));
        options.proofLimit = *limit;
    }
    options.follow = isSet("follow");
    options.yes = isSet("yes");
    options.servers = isSet("servers");
    options.list = isSet("list");
    options.targetGiven = targets > 0;
    options.stop = isSet("stop");
    if (isSet("since")) {
        options.since = sinceFrom(value("since"));
        if (!options.since)
            return usage(
                QStringLiteral("--since takes a span (90s, 30m, 2h, 1d) or an ISO 8601 time"));
    }
    return options;
}

Result<void> readProvider(const QString &path, CtlOptions *options)
{
    QFile file(path);
    if (!file.open(QFile::ReadOnly))
        return usage(QStringLiteral("provider file %1: %2").arg(path, file.errorString()));
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(file.readAll(), &error);
    if (!document.isObject())
        return usage(QStringLiteral("provider file %1 is not a JSON object: %2")
                         .arg(path, error.errorString()));
    const QJsonObject object = document.object();
    ProviderConfig provider;
    provider.type = object.value(QStringLiteral("type")).toString(QStringLiteral("openai"));
    provider.wireApi =
        object.value(QStringLiteral("wireApi")).toString(QStringLiteral("completions"));
    provider.baseUrl = object.value(QStringLiteral("baseUrl")).toString();
    provider.apiKey = Secret(object.value(QStringLiteral("apiKey")).toString().toUtf8());
    if (!provider.isSet())
        return usage(QStringLiteral("provider file %1 has no \"baseUrl\"").arg(path));
    registerSecret(provider.apiKey);
    options->providerModel = object.value(QStringLiteral("model")).toString();
    options->provider = std::move(provider);
    return {};
}

} // namespace pilotlight
