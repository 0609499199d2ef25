// SPDX-License-Identifier: MIT
#include "app/cli/output.h"

#include <QJsonDocument>

#include <cstdio>
#include <utility>

namespace pilotlight {

namespace {

void write(FILE *stream, const QString &text)
{
    const QByteArray bytes = text.toUtf8();
    std::fwrite(bytes.constData(), 1, static_cast<std::size_t>(bytes.size()), stream);
    std::fflush(stream); // a reader behind a pipe sees each line as it comes
}

} // namespace

void Output::event(const QString &name, QJsonObject fields, const QString &human)
{
    if (m_json) {
        fields.insert(QStringLiteral("t"), m_clock.wallNow().toString(Qt::ISODateWithMs));
        fields.insert(QStringLiteral("event"), name);
        write(stdout,
              QString::fromUtf8(QJsonDocument(fields).toJson(QJsonDocument::Compact))
                  + QLatin1Char('\n'));
    } else if (!human.isEmpty()) {
        endLine();
        write(stderr, human + QLatin1Char('\n'));
    }
}

void Output::delta(const QString &session, const QString &text)
{
    if (m_json) {
        event(QStringLiteral("delta"),
              {{QStringLiteral("session"), session}, {QStringLiteral("text"), text}});
        return;
    }
    write(stdout, text);
    m_midLine = !text.endsWith(QLatin1Char('\n'));
}

void Output::notice(const QString &level, const QString &text)
{
    event(QStringLiteral("notice"),
          {{QStringLiteral("level"), level}, {QStringLiteral("text"), text}},
          QStringLiteral("%1: %2").arg(level, text));
}

void Output::line(const QString &text)
{
    if (m_json)
        return;
    endLine();
    write(stdout, text + QLatin1Char('\n'));
}

void Output::endLine()
{
    if (std::exchange(m_midLine, false))
        write(stdout, QStringLiteral("\n"));
}

} // namespace pilotlight
