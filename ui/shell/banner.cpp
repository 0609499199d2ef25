// SPDX-License-Identifier: MIT
#include "ui/shell/banner.h"

#include <QAccessible>
#include <QBoxLayout>
#include <QClipboard>
#include <QGuiApplication>
#include <QLabel>
#include <QPainter>
#include <QPushButton>
#include <QToolButton>

namespace pilotlight {

namespace {

constexpr int MostBanners = 4; // more would push the conversation out; the log has them all

struct Look
{
    QString icon;
    ColorRole color;
    ColorRole background;
};

Look lookOf(NoticeLevel level)
{
    switch (level) {
    case NoticeLevel::Info:
        return {QStringLiteral("info"), ColorRole::Info, ColorRole::InfoSoft};
    case NoticeLevel::Warning:
        return {QStringLiteral("warning"), ColorRole::Warning, ColorRole::WarningSoft};
    case NoticeLevel::Error:
        return {QStringLiteral("error"), ColorRole::Error, ColorRole::ErrorSoft};
    }
    return {};
}

} // namespace

Banner::Banner(const BannerContent &content, QWidget *parent)
    : QFrame(parent)
    , m_level(content.level)
    , m_text(content.text)
{
    const Look look = lookOf(content.level);
    setAccessibleName(content.text);
    auto *const icon = new QLabel(this);
    icon->setPixmap(Theme::icon(look.icon, look.color).pixmap(QSize(18, 18), devicePixelRatioF()));
    connect(&Theme::instance(), &Theme::changed, icon, [this, icon, look] {
        icon->setPixmap(
            Theme::icon(look.icon, look.color).pixmap(QSize(18, 18), devicePixelRatioF()));
        update();
    });
    auto *const text = new QLabel(content.text, this);
    text->setObjectName(QStringLiteral("bannerText"));
    text->setTextFormat(Qt::PlainText);
    text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    text->setWordWrap(true);
    auto *const layout = new QHBoxLayout(this);
    layout->setContentsMargins(Theme::space(4), Theme::space(1) + 2, Theme::space(2),
                               Theme::space(1) + 2);
    layout->setSpacing(Theme::space(2));
    layout->addWidget(icon);
    if (content.output.isEmpty()) {
        layout->addWidget(text, 1);
    } else {
        QStringList lines = content.output.trimmed().split(QLatin1Char('\n'));
        lines = lines.mid(std::max<qsizetype>(0, lines.size() - OutputLines));
        auto *const output = new QLabel(lines.join(QLatin1Char('\n')), this);
        output->setObjectName(QStringLiteral("bannerOutput"));
        output->setFont(Theme::monospace());
        output->setTextFormat(Qt::PlainText);
        output->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        output->setWordWrap(true);
        auto *const words = new QVBoxLayout;
        words->setSpacing(Theme::space(1));
        words->addWidget(text);
        words->addWidget(output);
        layout->addLayout(words, 1);
    }
    if (!content.command.isEmpty()) {
        auto *const command = new QLabel(content.command, this);
        command->setObjectName(QStringLiteral("bannerCommand"));
        command->setFont(Theme::monospace());
        command->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
        auto *const copy = new QPushButton(Theme::icon(QStringLiteral("copy")), tr("Copy"), this);
        copy->setObjectName(QStringLiteral("bannerCopy"));
        copy->setAccessibleName(tr("Copy the command %1").arg(content.command));
        connect(copy, &QPushButton::clicked, this, [copy, command = content.command] {
            QGuiApplication::clipboard()->setText(command);
            copy->setText(tr("Copied"));
            copy->setIcon(Theme::icon(QStringLiteral("check")));
        });
        layout->addWidget(command);
        layout->addWidget(copy);
    }
    int number = 0;
    for (const BannerContent::Action &action : content.actions) {
        auto *const button = new QPushButton(action.text, this);
        button->setObjectName(QStringLiteral("bannerAction%1").arg(++number));
        connect(button, &QPushButton::clicked, this, [this, action] {
            if (action.run)
                action.run();
            if (action.dismisses)
                Q_EMIT dismissed();
        });
        layout->addWidget(button);
    }
    if (content.dismissable) {
        auto *const close = new QToolButton(this);
        close->setObjectName(QStringLiteral("bannerClose"));
        close->setIcon(Theme::icon(QStringLiteral("close")));
        close->setAccessibleName(tr("Dismiss this message"));
        close->setToolTip(close->accessibleName());
        connect(close, &QToolButton::clicked, this, &Banner::dismissed);
        layout->addWidget(close);
    }
}

void Banner::paintEvent(QPaintEvent *)
{
    const Theme &theme = Theme::instance();
    const Look look = lookOf(m_level);
    QPainter painter(this);
    painter.fillRect(rect(), theme.color(look.background));
    painter.fillRect(QRect(0, 0, 3, height()), theme.color(look.color));
    painter.fillRect(QRect(0, height() - 1, width(), 1), theme.color(ColorRole::Border));
}

BannerArea::BannerArea(QWidget *parent)
    : QWidget(parent)
    , m_layout(new QVBoxLayout(this))
{
    setObjectName(QStringLiteral("bannerArea"));
    setAccessibleName(tr("Messages"));
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(0);
    hide();
}

void BannerArea::show(const QString &name, const BannerContent &content)
{
    if (const Banner *const old = m_banners.value(name); old && old->text() == content.text)
        return;
    remove(name);
    while (m_order.size() >= MostBanners)
        remove(QString(m_order.constFirst()));
    auto *const banner = new Banner(content, this);
    banner->setObjectName(QStringLiteral("banner_") + name);
    connect(banner, &Banner::dismissed, this, [this, name] {
        remove(name);
        Q_EMIT dismissed(name);
    });
    m_banners.insert(name, banner);
    m_order.append(name);
    m_layout->addWidget(banner);
    QWidget::show();
    QAccessibleEvent event(banner, QAccessible::Alert);
    QAccessible::updateAccessibility(&event);
}

void BannerArea::remove(const QString &name)
{
    m_order.removeAll(name);
    if (Banner *const banner = m_banners.take(name)) {
        m_layout->removeWidget(banner);
        banner->hide();
        banner->deleteLater(); // perhaps a button in it was clicked just now
    }
    if (m_banners.isEmpty())
        hide();
}

} // namespace pilotlight
