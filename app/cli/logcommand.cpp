// SPDX-License-Identifier: MIT
#include "app/cli/ctl.h"
#include "diag/logformat.h"

#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <cstdio>

namespace pilotlight {

namespace {

// Each program writes a file of its own: two writers cannot rotate one file.
const QStringList Names{QStringLiteral("/pilotlight.log"), QStringLiteral("/pilotlightctl.log"),
                        QStringLiteral("/keeper.log")};
constexpr Milliseconds FollowEvery{250};

class LogReader
{
public:
    LogReader(const CtlOptions &options, Clock &clock)
        : m_options(options)
        , m_clock(clock)
    { }

    //! Prints what is there; false where there is no log at all.
    bool printAll()
    {
        QList<LogRecord> records;
        bool any = false;
        for (const QString &name : Names) {
            const QString path = m_options.paths.log + name;
            for (const QString &file : LogFile::filesOldestFirst(path)) {
                any = true;
                QFile input(file);
                if (!input.open(QFile::ReadOnly))
                    continue;
                while (!input.atEnd())
                    take(input.readLine(), &records);
                if (file == path)
                    m_offsets[path] = input.pos();
            }
        }
        std::stable_sort(records.begin(), records.end(),
                         [](const LogRecord &a, const LogRecord &b) { return a.time < b.time; });
        print(records);
        return any;
    }

    void follow()
    {
        QList<LogRecord> records;
        for (const QString &name : Names) {
            const QString path = m_options.paths.log + name;
            QFile input(path);
            if (!input.open(QFile::ReadOnly))
                continue;
            qint64 &offset = m_offsets[path];
            if (input.size() < offset)
                offset = 0; // rotated
            input.seek(offset);
            while (input.canReadLine() || !input.atEnd()) {
                const QByteArray line = input.readLine();
                if (!line.endsWith('\n'))
                    break; // half a line: next time
                take(line, &records);
                offset = input.pos();
            }
        }
        print(records);
        m_timer = m_clock.after(FollowEvery, [this] { follow(); });
    }

private:
    void take(const QByteArray &line, QList<LogRecord> *records) const
    {
        const auto record = parseLogLine(line);
        if (!record || (!m_options.tags.isEmpty() && !m_options.tags.contains(record->tag))
            || (m_options.since && record->time < *m_options.since))
            return;
        records->append(*record);
    }

    void print(const QList<LogRecord> &records) const
    {
        for (const LogRecord &record : records) {
            const QByteArray line = m_options.json
                ? QJsonDocument(
                      QJsonObject{{QStringLiteral("t"), record.time.toString(Qt::ISODateWithMs)},
                                  {QStringLiteral("event"), QStringLiteral("log")},
                                  {QStringLiteral("level"), logLevelName(record.level)},
                                  {QStringLiteral("tag"), record.tag},
                                  {QStringLiteral("text"), record.text}})
                        .toJson(QJsonDocument::Compact)
                    + '\n'
                : formatLogLine(record);
            std::fwrite(line.constData(), 1, static_cast<std::size_t>(line.size()), stdout);
        }
        std::fflush(stdout);
    }

    const CtlOptions &m_options;
    Clock &m_clock;
    std::map<QString, qint64> m_offsets;
    TimerHandle m_timer;
};

} // namespace

void runLog(const CtlOptions &options, Clock &clock, QObject *context,
            std::function<void(int)> finished)
{
    auto reader = std::make_shared<LogReader>(options, clock);
    const bool any = reader->printAll();
    if (options.follow) {
        QObject::connect(context, &QObject::destroyed,
                         [reader] { }); // lives as long as the command
        reader->follow();
        return;
    }
    if (!any)
        std::fprintf(stderr, "no log yet in %s\n", qPrintable(options.paths.log));
    finished(ExitOk);
}

} // namespace pilotlight
