// SPDX-License-Identifier: MIT
#pragma once

#include <QColor>
#include <QFont>
#include <QIcon>
#include <QObject>
#include <QPixmap>

namespace pilotlight {

//! What the user chose in the settings.
enum class ThemeMode
{
    System,
    Light,
    Dark
};

//! "system", "light", "dark"; anything else is System.
ThemeMode themeModeFromName(const QString &name);
QString themeModeName(ThemeMode mode);

//! What a colour means. Widgets name a meaning, never a value.
enum class ColorRole
{
    Window, //!< behind everything, the chat
    Sidebar, //!< lists and bars beside the content
    Surface, //!< cards, inputs, popups
    Hover, //!< a row under the pointer
    Selected, //!< a selected row
    Border, //!< hairlines between areas; decoration only
    BorderStrong, //!< edges of inputs and buttons (3:1 against the area around)
    Text,
    Muted, //!< secondary text, still 4.5:1
    Accent, //!< links, focus, the main button
    OnAccent, //!< text on Accent
    Ok,
    Warning,
    Error,
    Info,
    AccentSoft, //!< tinted backgrounds; Text and the role's own colour are readable on them
    OkSoft,
    WarningSoft,
    ErrorSoft,
    InfoSoft,
    CodeBackground,
    UserBubble,
    DiffAdded, //!< background of an added line
    DiffRemoved,
    Count
};

//! The one design language: colours, type, spacing and icons, in light and dark. Lives as long as
//! the QApplication; make it (Theme::instance()) right after the application, before the first
//! window.
class Theme : public QObject
{
    Q_OBJECT
public:
    //! The theme of this application; made on first use, owned by qApp.
    static Theme &instance();
    //! The colour of \a role without an application (tests compute contrasts with it).
    static QColor colorOf(ColorRole role, bool dark);
    //! WCAG 2.1 contrast ratio, 1 to 21. 4.5 is AA for text, 3 for edges and large text.
    static double contrast(const QColor &a, const QColor &b);

    void setMode(ThemeMode mode);
    ThemeMode mode() const { return m_mode; }
    bool isDark() const { return m_dark; }

    QColor color(ColorRole role) const { return colorOf(role, m_dark); }
    //! "#rrggbb" for rich text and style sheets.
    QString hex(ColorRole role) const { return color(role).name(); }

    //! The spacing scale in device-independent pixels: 1 = 4, 2 = 8, 3 = 12 ...
    static int space(int units) { return units * 4; }
    static constexpr int radius = 8; //!< of cards
    static constexpr int smallRadius = 6; //!< of buttons and inputs

    //! Code, commands, logs: the system's fixed font at the application's size.
    static QFont monospace();
    //! The application's font, \a delta points larger or smaller.
    static QFont font(double delta = 0.0, bool bold = false);

    //! resources/icons/\a name.svg as a stroke icon in the colour of \a role; follows the theme by
    //! itself and is sharp at every scale. Disabled icons are paler.
    static QIcon icon(const QString &name, ColorRole role = ColorRole::Text);
    //! The same drawn once, \a size device-independent pixels wide, in \a color.
    static QPixmap pixmap(const QString &name, int size, const QColor &color,
                          qreal devicePixelRatio);
    //! The application's own icon, in its colours.
    static QIcon applicationIcon();
    //! The same as one picture of \a size x \a size.
    static QPixmap applicationPicture(int size, qreal devicePixelRatio);

Q_SIGNALS:
    //! Light became dark or the other way; widgets that cache colours draw them again.
    void changed();

private:
    explicit Theme(QObject *parent);
    void apply();
    bool systemIsDark() const;

    ThemeMode m_mode = ThemeMode::System;
    bool m_dark = false;
    bool m_systemWasDark = false;
};

} // namespace pilotlight
