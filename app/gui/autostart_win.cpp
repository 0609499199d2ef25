// SPDX-License-Identifier: MIT
#include "app/gui/autostart.h"

#ifdef Q_OS_WIN

#include <QDir>
#include <QSettings>

namespace pilotlight {

namespace {

QString key()
{
    return QStringLiteral("HKEY_CURRENT_USER\\Software\\Microsoft\\Windows\\CurrentVersion\\Run");
}

} // namespace

bool Autostart::isOn() const
{
    return QSettings(key(), QSettings::NativeFormat).contains(QStringLiteral("Pilotlight"));
}

Result<void> Autostart::set(bool on) const
{
    QSettings run(key(), QSettings::NativeFormat);
    if (on) {
        QStringList words = command();
        words.first() = QDir::toNativeSeparators(words.constFirst());
        for (QString &word : words) // neither a path nor a profile's name can hold a quote
            word = QLatin1Char('"') + word + QLatin1Char('"');
        run.setValue(QStringLiteral("Pilotlight"), words.join(QLatin1Char(' ')));
    } else {
        run.remove(QStringLiteral("Pilotlight"));
    }
    run.sync();
    if (run.status() != QSettings::NoError)
        return tl::make_unexpected(Error{ErrorCode::StorageFailed, key(), {}});
    return {};
}

} // namespace pilotlight

#endif
