// SPDX-License-Identifier: MIT
#pragma once

#include <QLocale>
#include <QString>

namespace pilotlight {

//! \a one for 1, else \a many; "%1" becomes the number in the user's locale. The source language
//! has no translation file, so tr()'s own "%n line(s)" would be shown as it stands.
inline QString plural(qint64 count, const QString &one, const QString &many)
{
    const QString &text = count == 1 ? one : many;
    return text.contains(QStringLiteral("%1")) ? text.arg(QLocale().toString(count)) : text;
}

} // namespace pilotlight
