// SPDX-License-Identifier: MIT
#include "ui/chat/row.h"

#include "ui/chat/messagerows.h"
#include "ui/chat/requestcards.h"
#include "ui/chat/toolcard.h"
#include "ui/theme/theme.h"

#include <QPainter>
#include <QPainterPath>
#include <QPlainTextEdit>
#include <QTextEdit>
#include <QVBoxLayout>

namespace pilotlight {

Row::Row(RowActions &actions, QWidget *parent)
    : QFrame(parent)
    , m_actions(actions)
    , m_column(new QVBoxLayout(this))
{
    m_column->setContentsMargins(0, 0, 0, 0);
    m_column->setSpacing(Theme::space(2));
    // A row is laid out by the conversation; its own wish must not resize it in between.
    m_column->setSizeConstraint(QLayout::SetNoConstraint);
}

int Row::heightFor(int width)
{
    m_column->activate();
    return m_column->hasHeightForWidth() ? m_column->totalHeightForWidth(width)
                                         : m_column->totalSizeHint().height();
}

bool Row::tick(const QDateTime &)
{
    return false;
}

bool Row::mustStay() const
{
    const QWidget *focus = focusWidget();
    if (focus && focus->hasFocus())
        return true;
    const auto texts = findChildren<QTextEdit *>();
    for (const QTextEdit *text : texts) {
        if (text->textCursor().hasSelection())
            return true;
    }
    const auto codes = findChildren<QPlainTextEdit *>();
    for (const QPlainTextEdit *code : codes) {
        if (code->textCursor().hasSelection())
            return true;
    }
    return false;
}

void Row::setPart(int part, int parts)
{
    m_part = part;
    m_parts = parts;
}

void Row::setCard(const QColor &background, const QColor &border, const QColor &stripe)
{
    m_background = background;
    m_border = border;
    m_stripe = stripe;
    update();
}

void Row::paintEvent(QPaintEvent *)
{
    if (!m_background.isValid())
        return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF area = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    painter.setPen(QPen(m_border, 1));
    painter.setBrush(m_background);
    painter.drawRoundedRect(area, Theme::radius, Theme::radius);
    if (!m_stripe.isValid())
        return;
    QPainterPath shape;
    shape.addRoundedRect(QRectF(rect()), Theme::radius, Theme::radius);
    painter.setClipPath(shape);
    const int x = layoutDirection() == Qt::RightToLeft ? width() - 3 : 0;
    painter.fillRect(QRect(x, 0, 3, height()), m_stripe);
}

void setInk(QWidget *widget, const QColor &color)
{
    QPalette palette = widget->palette();
    if (palette.color(QPalette::WindowText) == color && palette.color(QPalette::Text) == color)
        return;
    palette.setColor(QPalette::WindowText, color);
    palette.setColor(QPalette::Text, color);
    widget->setPalette(palette);
}

int partsOf(const TranscriptItem &item)
{
    const auto *message = std::get_if<AssistantItem>(&item.data);
    return message ? AssistantRow::partsOf(message->text) : 1;
}

Row *makeRow(const TranscriptItem &item, int part, int parts, RowActions &actions, QWidget *parent)
{
    struct Maker
    {
        RowActions &actions;
        QWidget *parent;
        Row *operator()(const UserItem &) const { return new UserRow(actions, parent); }
        Row *operator()(const AssistantItem &) const { return new AssistantRow(actions, parent); }
        Row *operator()(const ReasoningItem &) const { return new ReasoningRow(actions, parent); }
        Row *operator()(const ToolItem &) const { return new ToolCard(actions, parent); }
        Row *operator()(const PermissionItem &) const
        {
            return new PermissionCard(actions, parent);
        }
        Row *operator()(const QuestionItem &) const { return new QuestionCard(actions, parent); }
        Row *operator()(const PlanItem &) const { return new PlanCard(actions, parent); }
        Row *operator()(const NoticeItem &) const { return new NoticeRow(actions, parent); }
    };
    Row *row = std::visit(Maker{actions, parent}, item.data);
    row->setPart(part, parts);
    row->setItem(item);
    return row;
}

QString rowKey(const TranscriptItem &item)
{
    struct Key
    {
        QString operator()(const UserItem &) const { return {}; }
        QString operator()(const AssistantItem &) const { return {}; }
        QString operator()(const ReasoningItem &i) const { return QStringLiteral("r/") + i.id; }
        QString operator()(const ToolItem &i) const { return QStringLiteral("t/") + i.toolCallId; }
        QString operator()(const PermissionItem &i) const
        {
            return QStringLiteral("p/") + i.request.requestId;
        }
        QString operator()(const QuestionItem &i) const
        {
            return QStringLiteral("q/") + i.request.requestId;
        }
        QString operator()(const PlanItem &i) const
        {
            return QStringLiteral("l/") + i.request.requestId;
        }
        QString operator()(const NoticeItem &) const { return {}; }
    };
    return std::visit(Key{}, item.data);
}

int estimatedHeight(const TranscriptItem &item, int parts, int width)
{
    const auto textHeight = [width](const QString &text) {
        const qsizetype columns = std::max(20, width / 7);
        const qsizetype lines = text.size() / columns + text.count(QLatin1Char('\n')) + 1;
        return static_cast<int>(std::min<qsizetype>(lines, 100'000)) * 20;
    };
    struct Guess
    {
        decltype(textHeight) &height;
        int operator()(const UserItem &i) const { return height(i.text) + 24; }
        int operator()(const AssistantItem &i) const { return height(i.text) + 4; }
        int operator()(const ReasoningItem &) const { return 28; }
        int operator()(const ToolItem &) const { return 40; }
        int operator()(const PermissionItem &i) const
        {
            return i.state == PermissionItem::State::Waiting ? 190 : 36;
        }
        int operator()(const QuestionItem &i) const
        {
            return i.state == QuestionItem::State::Waiting ? 180 : 56;
        }
        int operator()(const PlanItem &i) const { return height(i.request.plan) + 120; }
        int operator()(const NoticeItem &) const { return 28; }
    };
    return std::visit(Guess{textHeight}, item.data) / std::max(1, parts);
}

} // namespace pilotlight
