// SPDX-License-Identifier: MIT
#include "ui/keepalive/verdicttext.h"

#include "ui/keepalive/keepalivetext.h"

#include <QCoreApplication>
#include <QLocale>
#include <QStringList>

namespace pilotlight {

namespace {

QString tr(const char *text)
{
    return QCoreApplication::translate("VerdictText", text);
}

QString methodText(KeepMethod method)
{
    switch (method) {
    case KeepMethod::None:
        return tr("doing nothing");
    case KeepMethod::Ping:
        return tr("a ping");
    case KeepMethod::Read:
        return tr("reading");
    case KeepMethod::Resume:
        return tr("a silent resume");
    case KeepMethod::Log:
        return tr("an ephemeral log line");
    }
    return {};
}

} // namespace

QString verdictText(const ServerVerdict &verdict)
{
    QStringList keeps;
    QStringList fails;
    for (const MethodVerdict &method : verdict.methods) {
        if (method.answer == MethodVerdict::Answer::KeepsAlive)
            keeps.append(methodText(method.method));
        else if (method.answer == MethodVerdict::Answer::DoesNot
                 && method.method != KeepMethod::None)
            fails.append(methodText(method.method));
    }
    if (keeps.isEmpty() && fails.isEmpty())
        return {};
    QStringList parts;
    if (!keeps.isEmpty())
        parts.append(tr("kept alive by %1").arg(keeps.join(tr(" and "))));
    if (!fails.isEmpty())
        parts.append(tr("not by %1").arg(fails.join(tr(" or "))));
    if (const auto limit = verdict.idleLimit())
        parts.append(
            tr("the untouched session was gone after %1").arg(KeepaliveText::span(*limit)));
    return tr("Server %1, as proved %2: sessions are %3.")
        .arg(verdict.version, QLocale().toString(verdict.when.toLocalTime(), QLocale::ShortFormat),
             parts.join(QStringLiteral(", ")));
}

} // namespace pilotlight
