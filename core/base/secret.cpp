// SPDX-License-Identifier: MIT
#include "base/secret.h"

#include <QMutex>
#include <QProcessEnvironment>
#include <QRegularExpression>
#include <QStringList>

namespace pilotlight {

namespace {

const QString Mask = QStringLiteral("******");

struct Registry
{
    QMutex mutex;
    QStringList values;
};

Registry &registry()
{
    static Registry instance;
    return instance;
}

} // namespace

Secret::~Secret()
{
    if (m_value.isDetached()) // the last copy
        m_value.fill('\0');
}

bool Secret::operator==(const Secret &other) const
{
    if (m_value.size() != other.m_value.size())
        return false;
    unsigned char difference = 0;
    for (qsizetype i = 0; i < m_value.size(); ++i)
        difference = static_cast<unsigned char>(difference | (m_value[i] ^ other.m_value[i]));
    return difference == 0;
}

void registerSecret(const Secret &secret)
{
    if (secret.reveal().size() < 6)
        return;
    const QMutexLocker lock(&registry().mutex);
    const QString value = QString::fromUtf8(secret.reveal());
    if (!registry().values.contains(value))
        registry().values.append(value);
}

bool isSecretName(const QString &name)
{
    static const QRegularExpression shape(
        QStringLiteral(
            "token|secret|passw|passphrase|pwd|credential|auth(?!ors?\\b)|bearer|cookie|"
            "api[-_]?key|private|signature|(?:^|[-_.])(?:key|keys|pat|sig)$|(?-i:[a-z]Keys?$)"),
        QRegularExpression::CaseInsensitiveOption);
    return shape.match(name).hasMatch();
}

QList<Secret> environmentSecrets()
{
    QList<Secret> secrets;
    const QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    const QStringList names = environment.keys();
    for (const QString &name : names) {
        const QString value = environment.value(name);
        // A place is no secret (PWD, XAUTHORITY), and where it is one, it is in the text for it.
        if (isSecretName(name) && value.size() >= 6 && !value.startsWith(QLatin1Char('/'))
            && !value.contains(QStringLiteral(":\\")))
            secrets.append(Secret(value.toUtf8()));
    }
    return secrets;
}

QString redacted(const QString &text)
{
    static const QRegularExpression patterns[] = {
        QRegularExpression(QStringLiteral("(\\b(?:bearer|basic)\\s+)[A-Za-z0-9._~+/=-]{6,}"),
                           QRegularExpression::CaseInsensitiveOption),
        QRegularExpression(QStringLiteral(
            "()\\b(?:sk|pk|gh[pousr]|github_pat|glpat|xox[abpr])[-_][A-Za-z0-9_-]{6,}")),
        QRegularExpression(QStringLiteral("(\"?(?:api[-_]?key|access[-_]?token|token|password|"
                                          "secret)\"?[ \\t]*[:=][ \\t]*\"?)"
                                          "[^\\s\",;&}]{3,}"),
                           QRegularExpression::CaseInsensitiveOption),
        QRegularExpression(QStringLiteral("(\\b[a-z][a-z0-9+.-]*://)[^/@\\s]+(?=@)")),
    };
    QString result = text;
    {
        const QMutexLocker lock(&registry().mutex);
        for (const QString &value : std::as_const(registry().values))
            result.replace(value, Mask);
    }
    for (const QRegularExpression &pattern : patterns)
        result.replace(pattern, QStringLiteral("\\1") + Mask);
    return result;
}

} // namespace pilotlight
