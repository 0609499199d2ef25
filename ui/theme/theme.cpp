// SPDX-License-Identifier: MIT
#include "ui/theme/theme.h"

#include "ui/theme/stylesheet.h"

#include <QApplication>
#include <QFile>
#include <QFontDatabase>
#include <QIconEngine>
#include <QPainter>
#include <QPalette>
#include <QPixmapCache>
#include <QPointer>
#include <QStyleFactory>
#include <QStyleHints>
#ifdef PILOTLIGHT_HAVE_SVG
#include <QSvgRenderer>
#endif

#include <array>
#include <cmath>

// Resources of a static library are linked only when something asks for them; the macro must stand
// outside every namespace.
static void initPilotlightResources()
{
    Q_INIT_RESOURCE(resources);
}

namespace pilotlight {

namespace {

//! Over all of a square.
void drawIcon(QPainter &painter, const QString &name, int pixels)
{
    const QString file = QStringLiteral(":/icons/%1.svg").arg(name);
#ifdef PILOTLIGHT_HAVE_SVG
    QSvgRenderer(file).render(&painter, QRectF(0, 0, pixels, pixels));
#else
    // A large PNG under the same name (cmake/IconsAsPng.cmake).
    painter.drawImage(
        0, 0, QImage(file).scaled(pixels, pixels, Qt::KeepAspectRatio, Qt::SmoothTransformation));
#endif
}

struct Pair
{
    QRgb light;
    QRgb dark;
};

// In the order of ColorRole. Neutral greys with a trace of blue, one blue accent (the colour of a
// well-set pilot flame), and status colours that hold 4.5:1 on every background they are used on;
// tst_theme computes it.
constexpr std::array<Pair, static_cast<size_t>(ColorRole::Count)> palette{{
    {0xfffafbfc, 0xff16191e}, // Window
    {0xfff1f3f5, 0xff1b1f25}, // Sidebar
    {0xffffffff, 0xff20252c}, // Surface
    {0xffe9ecf0, 0xff262c34}, // Hover
    {0xffdde7f8, 0xff2a3a56}, // Selected
    {0xffdfe3e8, 0xff323942}, // Border
    {0xff828a95, 0xff6d7682}, // BorderStrong
    {0xff1c2128, 0xffe4e8ed}, // Text
    {0xff59616c, 0xff9da7b3}, // Muted
    {0xff2158b8, 0xff8ab4ff}, // Accent
    {0xffffffff, 0xff0c1a33}, // OnAccent
    {0xff146c43, 0xff63cf96}, // Ok
    {0xff855000, 0xffe8b85c}, // Warning
    {0xffb3232b, 0xffff9389}, // Error
    {0xff2158b8, 0xff8ab4ff}, // Info
    {0xffe7effc, 0xff222f45}, // AccentSoft
    {0xffe4f4eb, 0xff1d3329}, // OkSoft
    {0xfffdf2dc, 0xff382f1c}, // WarningSoft
    {0xfffdeaea, 0xff3c2527}, // ErrorSoft
    {0xffe7effc, 0xff222f45}, // InfoSoft
    {0xfff3f5f7, 0xff12151a}, // CodeBackground
    {0xffe7effc, 0xff24344f}, // UserBubble
    {0xffdcf3e4, 0xff1c3a2a}, // DiffAdded
    {0xfffce4e4, 0xff432629}, // DiffRemoved
}};

double linear(double channel)
{
    return channel <= 0.04045 ? channel / 12.92 : std::pow((channel + 0.055) / 1.055, 2.4);
}

double luminance(const QColor &c)
{
    return 0.2126 * linear(c.redF()) + 0.7152 * linear(c.greenF()) + 0.0722 * linear(c.blueF());
}

//! Draws a stroke icon in the theme's colour of the moment.
class TintedIconEngine final : public QIconEngine
{
public:
    TintedIconEngine(QString name, ColorRole role)
        : m_name(std::move(name))
        , m_role(role)
    { }
    QIconEngine *clone() const override { return new TintedIconEngine(*this); }
    QString key() const override { return QStringLiteral("pilotlight-tinted"); }

    QPixmap pixmap(const QSize &size, QIcon::Mode mode, QIcon::State state) override
    {
        return scaledPixmap(size, mode, state, 1.0);
    }
    // size comes in device pixels here, in every Qt 6.
    QPixmap scaledPixmap(const QSize &size, QIcon::Mode mode, QIcon::State, qreal scale) override
    {
        const qreal ratio = scale > 0 ? scale : 1.0;
        const int side = qRound(std::min(size.width(), size.height()) / ratio);
        return Theme::pixmap(m_name, std::max(1, side), tint(mode), ratio);
    }
    void paint(QPainter *painter, const QRect &rect, QIcon::Mode mode, QIcon::State) override
    {
        const qreal ratio = painter->device() ? painter->device()->devicePixelRatioF() : 1.0;
        const int side = std::min(rect.width(), rect.height());
        QRect target(0, 0, side, side);
        target.moveCenter(rect.center());
        painter->drawPixmap(target, Theme::pixmap(m_name, side, tint(mode), ratio));
    }

private:
    QColor tint(QIcon::Mode mode) const
    {
        QColor color = Theme::instance().color(m_role);
        if (mode == QIcon::Disabled)
            color.setAlphaF(0.4F);
        return color;
    }

    QString m_name;
    ColorRole m_role;
};

} // namespace

ThemeMode themeModeFromName(const QString &name)
{
    if (name == QLatin1String("light"))
        return ThemeMode::Light;
    if (name == QLatin1String("dark"))
        return ThemeMode::Dark;
    return ThemeMode::System;
}

QString themeModeName(ThemeMode mode)
{
    switch (mode) {
    case ThemeMode::Light:
        return QStringLiteral("light");
    case ThemeMode::Dark:
        return QStringLiteral("dark");
    case ThemeMode::System:
        break;
    }
    return QStringLiteral("system");
}

Theme &Theme::instance()
{
    // Owned by the application, so that tests with several applications in a row get a fresh one.
    static QPointer<Theme> theme;
    if (!theme)
        theme = new Theme(qApp);
    return *theme;
}

Theme::Theme(QObject *parent)
    : QObject(parent)
{
    initPilotlightResources();
    // Read before our own palette hides the system's.
    m_systemWasDark = QGuiApplication::palette().color(QPalette::Window).lightness() < 128;
    m_dark = systemIsDark();
    QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    connect(QGuiApplication::styleHints(), &QStyleHints::colorSchemeChanged, this, [this] {
        if (m_mode == ThemeMode::System)
            setMode(ThemeMode::System);
    });
#endif
    apply();
}

bool Theme::systemIsDark() const
{
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    if (QGuiApplication::styleHints()->colorScheme() != Qt::ColorScheme::Unknown)
        return QGuiApplication::styleHints()->colorScheme() == Qt::ColorScheme::Dark;
#endif
    return m_systemWasDark;
}

void Theme::setMode(ThemeMode mode)
{
    m_mode = mode;
    const bool dark = mode == ThemeMode::System ? systemIsDark() : mode == ThemeMode::Dark;
    if (dark == m_dark)
        return;
    m_dark = dark;
    apply();
    Q_EMIT changed();
}

void Theme::apply()
{
    QPalette p;
    const QColor text = color(ColorRole::Text);
    const QColor muted = color(ColorRole::Muted);
    p.setColor(QPalette::Window, color(ColorRole::Window));
    p.setColor(QPalette::WindowText, text);
    p.setColor(QPalette::Base, color(ColorRole::Surface));
    p.setColor(QPalette::AlternateBase, color(ColorRole::Sidebar));
    p.setColor(QPalette::Text, text);
    p.setColor(QPalette::PlaceholderText, muted);
    p.setColor(QPalette::Button, color(ColorRole::Surface));
    p.setColor(QPalette::ButtonText, text);
    p.setColor(QPalette::BrightText, color(ColorRole::Error));
    p.setColor(QPalette::ToolTipBase, color(ColorRole::Surface));
    p.setColor(QPalette::ToolTipText, text);
    p.setColor(QPalette::Link, color(ColorRole::Accent));
    p.setColor(QPalette::LinkVisited, color(ColorRole::Accent));
    p.setColor(QPalette::Highlight, color(ColorRole::Accent));
    p.setColor(QPalette::HighlightedText, color(ColorRole::OnAccent));
    p.setColor(QPalette::Light, color(ColorRole::Surface));
    p.setColor(QPalette::Midlight, color(ColorRole::Hover));
    p.setColor(QPalette::Mid, color(ColorRole::Border));
    p.setColor(QPalette::Dark, color(ColorRole::BorderStrong));
    p.setColor(QPalette::Shadow, QColor(0, 0, 0, m_dark ? 160 : 60));
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) {
        QColor pale = muted;
        pale.setAlphaF(0.75F);
        p.setColor(QPalette::Disabled, role, pale);
    }
    QApplication::setPalette(p);
    qApp->setStyleSheet(styleSheet(*this));
}

QColor Theme::colorOf(ColorRole role, bool dark)
{
    const Pair &pair = palette[static_cast<size_t>(role)];
    return QColor::fromRgb(dark ? pair.dark : pair.light);
}

double Theme::contrast(const QColor &a, const QColor &b)
{
    const double la = luminance(a);
    const double lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

QFont Theme::monospace()
{
    QFont f = QFontDatabase::systemFont(QFontDatabase::FixedFont);
    f.setStyleHint(QFont::Monospace);
    const QFont base = QApplication::font();
    if (base.pointSizeF() > 0)
        f.setPointSizeF(base.pointSizeF());
    else
        f.setPixelSize(base.pixelSize());
    return f;
}

QFont Theme::font(double delta, bool bold)
{
    QFont f = QApplication::font();
    if (f.pointSizeF() > 0)
        f.setPointSizeF(std::max(6.0, f.pointSizeF() + delta));
    else
        f.setPixelSize(std::max(8, f.pixelSize() + qRound(delta * 4 / 3)));
    if (bold)
        f.setWeight(QFont::DemiBold);
    return f;
}

QIcon Theme::icon(const QString &name, ColorRole role)
{
    return QIcon(new TintedIconEngine(name, role));
}

QPixmap Theme::pixmap(const QString &name, int size, const QColor &color, qreal devicePixelRatio)
{
    const QString key = QStringLiteral("pl/%1/%2/%3/%4")
                            .arg(name)
                            .arg(size)
                            .arg(color.rgba(), 0, 16)
                            .arg(devicePixelRatio);
    QPixmap result;
    if (QPixmapCache::find(key, &result))
        return result;
    initPilotlightResources();
    const int pixels = std::max(1, qRound(size * devicePixelRatio));
    QImage image(pixels, pixels, QImage::Format_ARGB32_Premultiplied);
    image.fill(Qt::transparent);
    QPainter painter(&image);
    drawIcon(painter, name, pixels);
    painter.setCompositionMode(QPainter::CompositionMode_SourceIn);
    painter.fillRect(image.rect(), color);
    painter.end();
    result = QPixmap::fromImage(image);
    result.setDevicePixelRatio(devicePixelRatio);
    QPixmapCache::insert(key, result);
    return result;
}

QPixmap Theme::applicationPicture(int size, qreal devicePixelRatio)
{
    initPilotlightResources();
    const int pixels = qRound(size * devicePixelRatio);
    QPixmap pixmap(pixels, pixels);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    drawIcon(painter, QStringLiteral("pilotlight"), pixels);
    painter.end();
    pixmap.setDevicePixelRatio(devicePixelRatio);
    return pixmap;
}

QIcon Theme::applicationIcon()
{
    QIcon icon;
    for (const int size : {16, 22, 24, 32, 48, 64, 128, 256})
        icon.addPixmap(applicationPicture(size, 1));
    return icon;
}

} // namespace pilotlight
