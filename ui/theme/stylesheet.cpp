// SPDX-License-Identifier: MIT
#include "ui/theme/stylesheet.h"

#include "ui/theme/theme.h"

namespace pilotlight {

QString styleSheet(const Theme &theme)
{
    // Kept short: every rule is tested against every widget that is made.
    QString sheet = QStringLiteral(R"(
QWidget[area="sidebar"] { background: @Sidebar; }
QWidget[area="bar"] { background: @Sidebar; }
QFrame[card="true"] { background: @Surface; border: 1px solid @Border; border-radius: 8px; }
QLabel[muted="true"] { color: @Muted; }
QToolTip { background: @Surface; color: @Text; border: 1px solid @Border; padding: 4px 6px; }

QPushButton { background: @Surface; color: @Text; border: 1px solid @BorderStrong; border-radius: 6px;
    padding: 5px 12px; min-height: 18px; }
QPushButton:hover { background: @Hover; }
QPushButton:pressed { background: @Selected; }
QPushButton:focus { border: 2px solid @Accent; padding: 4px 11px; }
QPushButton:disabled { color: @Muted; border-color: @Border; background: @Window; }
QPushButton[kind="primary"] { background: @Accent; color: @OnAccent; border-color: @Accent; }
QPushButton[kind="primary"]:hover { background: @AccentHover; border-color: @AccentHover; }
QPushButton[kind="primary"]:focus { border: 2px solid @Text; }
QPushButton[kind="primary"]:disabled { background: @Hover; color: @Muted; border-color: @Hover; }
QPushButton[kind="danger"] { color: @Error; border-color: @Error; }
QPushButton[kind="danger"]:hover { background: @ErrorSoft; }
QPushButton[kind="quiet"] { background: transparent; border-color: transparent; color: @Text; }
QPushButton[kind="quiet"]:hover { background: @Hover; }
QPushButton[kind="quiet"]:focus { border: 2px solid @Accent; }
QPushButton[kind="chip"] { background: @Surface; border: 1px solid @Border; border-radius: 14px; padding: 4px 12px; }
QPushButton[kind="chip"]:focus { border: 2px solid @Accent; padding: 3px 11px; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }

QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px; color: @Text; }
QToolButton:hover { background: @Hover; }
QToolButton:pressed, QToolButton:checked { background: @Selected; }
QToolButton:focus { border-color: @Accent; }
QToolButton:disabled { color: @Muted; }
QToolButton::menu-indicator { image: none; }

QLineEdit, QComboBox, QSpinBox { background: @Surface; color: @Text; border: 1px solid @BorderStrong;
    border-radius: 6px; padding: 4px 8px; min-height: 20px; selection-background-color: @Accent;
    selection-color: @OnAccent; }
QLineEdit:focus, QComboBox:focus, QSpinBox:focus { border: 2px solid @Accent; padding: 3px 7px; }
QLineEdit:disabled, QComboBox:disabled, QSpinBox:disabled { color: @Muted; border-color: @Border; background: @Window; }
QLineEdit[invalid="true"], QComboBox[invalid="true"] { border-color: @Error; }
QComboBox QLineEdit { border: none; padding: 0; background: transparent; min-height: 0; }
QComboBox::drop-down { border: none; width: 22px; }
QComboBox::down-arrow { image: url(:/icons/@Arrow.svg); width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: @Surface; border: 1px solid @Border; selection-background-color: @Selected;
    selection-color: @Text; outline: none; }

QCheckBox { spacing: 8px; }
QCheckBox::indicator { width: 16px; height: 16px; border: 1px solid @BorderStrong; border-radius: 4px; background: @Surface; }
QCheckBox::indicator:hover, QCheckBox::indicator:focus { border-color: @Accent; }
QCheckBox::indicator:checked { background: @Accent; border-color: @Accent; image: url(:/icons/@Tick.svg); }
QCheckBox::indicator:disabled { background: @Window; border-color: @Border; }

QRadioButton { spacing: 8px; }
QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid @BorderStrong; border-radius: 8px; background: @Surface; }
QRadioButton::indicator:hover, QRadioButton::indicator:focus { border-color: @Accent; }
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 5px solid @Accent; background: @OnAccent; }
QRadioButton::indicator:disabled { background: @Window; border-color: @Border; }

QMenu { background: @Surface; border: 1px solid @Border; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 12px; border-radius: 4px; color: @Text; }
QMenu::item:selected { background: @Selected; }
QMenu::item:disabled { color: @Muted; }
QMenu::separator { height: 1px; background: @Border; margin: 4px 8px; }
QMenu::icon { padding-left: 8px; }

QScrollBar:vertical { background: transparent; width: 12px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 0; }
QScrollBar::handle { background: @Scroll; border-radius: 4px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: @BorderStrong; }
QScrollBar::handle:disabled { background: transparent; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QTreeView#keepaliveRows::item { padding: 4px 2px; }
QTreeView#keepaliveRows::item:selected { background: @Selected; color: @Text; }

QAbstractScrollArea::corner { background: transparent; border: none; }
QSplitter::handle { background: @Border; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
)");
    QColor accentHover = theme.color(ColorRole::Accent);
    accentHover = theme.isDark() ? accentHover.lighter(110) : accentHover.darker(112);
    QColor scroll = theme.color(ColorRole::BorderStrong);
    const QColor behind = theme.color(ColorRole::Window);
    scroll = QColor((scroll.red() + behind.red()) / 2, (scroll.green() + behind.green()) / 2,
                    (scroll.blue() + behind.blue()) / 2);
    const auto replace = [&](const char *name, const QString &value) {
        sheet.replace(QLatin1Char('@') + QLatin1String(name), value);
    };
    // Longer names first: "@Accent" is a beginning of "@AccentHover".
    replace("AccentHover", accentHover.name());
    replace("Arrow", theme.isDark() ? QStringLiteral("arrow-dark") : QStringLiteral("arrow-light"));
    replace("Tick", theme.isDark() ? QStringLiteral("tick-dark") : QStringLiteral("tick-light"));
    replace("Scroll", scroll.name());
    replace("BorderStrong", theme.hex(ColorRole::BorderStrong));
    replace("Border", theme.hex(ColorRole::Border));
    replace("OnAccent", theme.hex(ColorRole::OnAccent));
    replace("Accent", theme.hex(ColorRole::Accent));
    replace("ErrorSoft", theme.hex(ColorRole::ErrorSoft));
    replace("Error", theme.hex(ColorRole::Error));
    replace("Surface", theme.hex(ColorRole::Surface));
    replace("Sidebar", theme.hex(ColorRole::Sidebar));
    replace("Selected", theme.hex(ColorRole::Selected));
    replace("Hover", theme.hex(ColorRole::Hover));
    replace("Window", theme.hex(ColorRole::Window));
    replace("Muted", theme.hex(ColorRole::Muted));
    replace("Text", theme.hex(ColorRole::Text));
    return sheet;
}

} // namespace pilotlight
