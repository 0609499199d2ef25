// SPDX-License-Identifier: MIT
#include "profile/supportredactor.h"

#include "base/secret.h"

#include <QDir>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QRegularExpression>
#include <QSysInfo>
#include <QUrl>

#include <algorithm>

namespace pilotlight {

namespace {

using namespace Qt::Literals::StringLiterals;

constexpr qsizetype ShortestHidden = 4;
constexpr qsizetype ShortestLine = 8; // of a text of several: "return;" is everywhere

const QRegularExpression &credentialPattern(int index)
{
    static const QRegularExpression patterns[] = {
        // A key in PEM, whole.
        QRegularExpression(u"()-----BEGIN [A-Z ]+-----[\\s\\S]*?-----END [A-Z ]+-----"_s),
        // Authorization: anything; Cookie: anything.
        QRegularExpression(u"(\\b(?:proxy-)?(?:authorization|cookie|set-cookie)\\b[\"']?[ \\t]*[:=]"
                           "[ \\t]*[\"']?)[^\"'\\r\\n]+"_s,
                           QRegularExpression::CaseInsensitiveOption),
        // name_token = value, "apiKey": "value"
        QRegularExpression(u"((?<![A-Za-z])[A-Za-z0-9_.-]*(?:token|secret|passw(?:or)?d|passphrase|"
                           "credential|api[-_]?key|access[-_]?key|private[-_]?key|signature)"
                           "[A-Za-z0-9_.-]*[\"']?[ \\t]*[:=][ \\t]*[\"']?)[^\\s\"',;&}\\]]+"_s,
                           QRegularExpression::CaseInsensitiveOption),
        // --token value
        QRegularExpression(u"((?:^|\\s)--?[A-Za-z0-9-]*(?:token|secret|password|key)[A-Za-z0-9-]*"
                           "[ \\t]+)[^\\s\"']+"_s,
                           QRegularExpression::CaseInsensitiveOption
                               | QRegularExpression::MultilineOption),
        // What follows an address: user information, a query.
        QRegularExpression(u"(\\b[a-z][a-z0-9+.-]*://)[^/@\\s\"']+(?=@)"_s,
                           QRegularExpression::CaseInsensitiveOption),
        QRegularExpression(u"(\\b[a-z][a-z0-9+.-]*://[^\\s\"'?#]*[?#])[^\\s\"']+"_s,
                           QRegularExpression::CaseInsensitiveOption),
        QRegularExpression(u"()\\beyJ[A-Za-z0-9_-]{8,}(?:\\.[A-Za-z0-9_-]+){1,2}"_s), // JWT
        QRegularExpression(u"()[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\\.[A-Za-z0-9.-]+"_s), // mail
        // Long and without meaning, but for UUIDs: ids of sessions and messages are needed.
        QRegularExpression(u"()(?<![A-Za-z0-9_+-])(?![0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-"
                           "[0-9a-fA-F]{4}-[0-9a-fA-F]{12}(?![A-Za-z0-9_-]))"
                           "(?=[A-Za-z0-9_+-]*[0-9])(?=[A-Za-z0-9_+-]*[A-Za-z])"
                           "[A-Za-z0-9_+-]{24,}"_s),
    };
    return patterns[index];
}
constexpr int CredentialPatterns = 9;

} // namespace

SupportRedactor::SupportRedactor()
{
    const QString home = QDir::homePath();
    if (home.size() > 3) {
        for (const QString &form :
             {home, QDir::toNativeSeparators(home), QFileInfo(home).canonicalFilePath()})
            hide(form, u"~"_s);
    }
    const QString user = QFileInfo(home).fileName();
    if (user.size() > 2 && user != u"root" && user != u"home" && user != u"user")
        hideWord(user, u"USER"_s);
    const QString host = QSysInfo::machineHostName();
    if (host.size() > 3 && host != u"localhost")
        hideWord(host, u"HOST"_s);
    for (const Secret &secret : environmentSecrets())
        hide(QString::fromUtf8(secret.reveal()));
}

void SupportRedactor::add(const QString &text, const QString &mark)
{
    if (text.size() < ShortestHidden || m_marks.contains(text) || mark.contains(text))
        return;
    m_marks.insert(text, mark);
    m_order.insert(
        std::upper_bound(m_order.begin(), m_order.end(), text,
                         [](const QString &a, const QString &b) { return a.size() > b.size(); }),
        text);
}

void SupportRedactor::hide(const QString &text, const QString &mark)
{
    const QString whole = text.trimmed();
    QStringList forms{whole};
    const QStringList lines = whole.split(u'\n');
    if (lines.size() > 1) {
        for (const QString &line : lines) {
            if (line.trimmed().size() >= ShortestLine)
                forms.append(line.trimmed());
        }
    }
    for (const QString &form : std::as_const(forms)) {
        add(form, mark);
        const QByteArray json = QJsonDocument(QJsonArray{form}).toJson(QJsonDocument::Compact);
        add(QString::fromUtf8(json.mid(2, json.size() - 4)), mark);
        add(QString::fromLatin1(QUrl::toPercentEncoding(form)), mark);
    }
}

void SupportRedactor::hideWord(const QString &word, const QString &mark)
{
    if (!word.isEmpty())
        m_words.insert(word, mark);
}

QString SupportRedactor::clean(const QString &text) const
{
    QString result = text;
    for (const QString &hidden : m_order)
        result.replace(hidden, m_marks.value(hidden));
    for (auto it = m_words.begin(); it != m_words.end(); ++it) {
        const QRegularExpression word(
            u"(?<![A-Za-z0-9])%1(?![A-Za-z0-9])"_s.arg(QRegularExpression::escape(it.key())));
        result.replace(word, it.value());
    }
    result = redacted(result);
    for (int i = 0; i < CredentialPatterns; ++i)
        result.replace(credentialPattern(i), u"\\1******"_s);
    return result;
}

} // namespace pilotlight
