// SPDX-License-Identifier: MIT
#include "ui/log/logexport.h"

#include "base/keptfile.h"
#include "diag/logformat.h"
#include "ui/log/logmodel.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

namespace pilotlight {

namespace {

QByteArray asJson(const LogRecord &record)
{
    const QJsonObject object{{QStringLiteral("t"), record.time.toUTC().toString(Qt::ISODateWithMs)},
                             {QStringLiteral("level"), logLevelName(record.level).toLower()},
                             {QStringLiteral("tag"), record.tag},
                             {QStringLiteral("text"), record.text}};
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

} // namespace

QString logAsText(const LogModel &model, const QList<int> &rows)
{
    QByteArray text;
    for (const int row : rows) {
        if (const LogRecord *const record = model.record(row))
            text += formatLogLine(*record);
    }
    return QString::fromUtf8(text);
}

QString logAsMarkdown(const LogModel &model, const QList<int> &rows)
{
    const QString text = logAsText(model, rows);
    // The fence must be longer than any run of back ticks inside (CommonMark 0.30, 4.5).
    int longest = 2;
    int run = 0;
    for (const QChar c : text) {
        run = c == QLatin1Char('`') ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    const QString fence(longest + 1, QLatin1Char('`'));
    return fence + QStringLiteral("text\n") + text + fence + QLatin1Char('\n');
}

Result<int> exportLog(const LogModel &model, const QString &path, LogExportFormat format)
{
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly))
        return failure(ErrorCode::StorageFailed, file.errorString());
    int lines = 0;
    for (int row = 0; row < model.rowCount(); ++row) {
        const LogRecord *const record = model.record(row);
        if (!record)
            continue;
        file.write(format == LogExportFormat::Text ? formatLogLine(*record) : asJson(*record));
        ++lines;
    }
    if (!commitWhole(file))
        return failure(ErrorCode::StorageFailed, file.errorString());
    return lines;
}

} // namespace pilotlight
