// SPDX-License-Identifier: MIT
#include "support/recordedevents.h"

#include "agent/copilotevents.h"
#include "transport/transport.h"

#include <QDir>
#include <QFile>

namespace pilotlight::recorded {

namespace {

QString folder()
{
    return qEnvironmentVariable("PILOTLIGHT_SOURCE", QStringLiteral("."))
        + QStringLiteral("/tests/data/events");
}

QList<QByteArray> lines(const QString &file)
{
    QFile input(folder() + QLatin1Char('/') + file);
    if (!input.open(QIODevice::ReadOnly))
        qFatal("no recording %s", qPrintable(input.fileName()));
    QList<QByteArray> result;
    for (const QByteArray &line : input.readAll().split('\n')) {
        if (!line.isEmpty())
            result.append(line);
    }
    return result;
}

std::string_view view(const QByteArray &padded)
{
    return {padded.constData(), static_cast<std::size_t>(padded.size()) - MessagePadding};
}

} // namespace

QStringList names()
{
    QStringList result;
    for (const QString &file :
         QDir(folder()).entryList({QStringLiteral("*.wire.jsonl")}, QDir::Files, QDir::Name))
        result.append(file.section(QLatin1Char('.'), 0, 0));
    if (result.isEmpty())
        qFatal("no recordings in %s", qPrintable(folder()));
    return result;
}

QList<QByteArray> wire(const QString &name)
{
    return lines(name + QStringLiteral(".wire.jsonl"));
}

QList<QByteArray> history(const QString &name)
{
    return lines(name + QStringLiteral(".history.jsonl"));
}

QByteArray padded(const QByteArray &json)
{
    return json + QByteArray(static_cast<qsizetype>(MessagePadding), '\0');
}

QList<AgentEvent> wireEvents(const QString &name)
{
    CopilotEventDecoder decoder;
    QList<AgentEvent> events;
    for (const QByteArray &line : wire(name)) {
        const QByteArray text = padded(line);
        QString sessionId;
        AgentEvent event;
        if (decoder.decode(RawJson{view(text)}, sessionId, event)
            == CopilotEventDecoder::Outcome::Event)
            events.append(event);
    }
    return events;
}

QList<AgentEvent> historyEvents(const QString &name)
{
    CopilotEventDecoder decoder;
    QList<AgentEvent> events;
    for (const QByteArray &line : history(name)) {
        const QByteArray text = padded(line);
        AgentEvent event;
        if (decoder.decodeEvent(view(text), event) == CopilotEventDecoder::Outcome::Event)
            events.append(event);
    }
    return events;
}

} // namespace pilotlight::recorded
