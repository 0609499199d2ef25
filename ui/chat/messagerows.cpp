// SPDX-License-Identifier: MIT
#include "ui/chat/messagerows.h"

#include "ui/chat/codebox.h"
#include "ui/chat/foldbutton.h"
#include "ui/chat/markdownview.h"
#include "ui/sessions/sessiontext.h"
#include "ui/theme/theme.h"
#include "ui/widgets/plural.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QStyle>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace pilotlight {

// ---- UserRow

namespace {

constexpr int kBubbleX = 14;
constexpr int kBubbleY = 9;

//! What the user's words stand on.
class Bubble final : public QFrame
{
public:
    using QFrame::QFrame;

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        painter.setBrush(Theme::instance().color(ColorRole::UserBubble));
        painter.drawRoundedRect(rect(), 12, 12);
    }
};

constexpr int kPartSegments = 24; //!< of one row; a screen shows about ten

//! Seen only while the pointer is over its row or it has the focus, yet always reachable by Tab.
class HoverButton final : public QToolButton
{
public:
    using QToolButton::QToolButton;

protected:
    void paintEvent(QPaintEvent *event) override
    {
        if (!hasFocus() && !parentWidget()->underMouse())
            return;
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Theme::instance().color(ColorRole::Border));
        painter.setBrush(Theme::instance().color(ColorRole::Surface));
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), Theme::smallRadius,
                                Theme::smallRadius);
        painter.end();
        QToolButton::paintEvent(event);
    }
};

//! The first words of a Markdown text without its marks, for one line.
QString plainWords(const QString &markdown)
{
    QString text = markdown.left(400).simplified();
    for (const char *mark : {"**", "__", "`", "# "})
        text.remove(QLatin1String(mark));
    return text.left(300);
}

QLabel *smallLabel(QWidget *parent, const char *name)
{
    auto *label = new QLabel(parent);
    label->setObjectName(QString::fromLatin1(name));
    setInk(label, Theme::instance().color(ColorRole::Muted));
    label->setFont(Theme::font(-1));
    return label;
}

} // namespace

UserRow::UserRow(RowActions &actions, QWidget *parent)
    : Row(actions, parent)
    , m_bubble(new Bubble(this))
    , m_text(new MarkdownView(m_bubble))
    , m_note(smallLabel(this, "userNote"))
{
    setObjectName(QStringLiteral("userRow"));
    m_bubble->setObjectName(QStringLiteral("userBubble"));
    m_text->setObjectName(QStringLiteral("userText"));
    m_text->setAccessibleName(tr("Your message"));
    m_note->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
    connect(m_text, &MarkdownView::linkActivated, &actions, &RowActions::linkActivated);
}

void UserRow::setItem(const TranscriptItem &item)
{
    const auto &user = std::get<UserItem>(item.data);
    if (m_text->toPlainText() != user.text)
        m_text->setLiteralText(user.text);
    QString note;
    if (user.dropped)
        note = tr("Not delivered: the server dropped it.");
    else if (user.pending)
        note = tr("Sending…");
    else if (user.delivery == UserMessage::Delivery::Steering)
        note = tr("Sent while the agent was working");
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
    m_messageId = user.messageId;
    if (user.dropped && !m_again) {
        m_again = new QPushButton(tr("Send again"), this);
        m_again->setObjectName(QStringLiteral("sendAgain"));
        m_again->setAutoDefault(true);
        connect(m_again, &QPushButton::clicked, this, [this] {
            // The row goes with its item: nothing may follow.
            Q_EMIT actions().sendAgainRequested(m_messageId);
        });
    }
    if (m_again)
        m_again->setVisible(user.dropped);
    setToolTip(item.time.isValid()
                   ? QLocale().toString(item.time.toLocalTime(), QLocale::ShortFormat)
                   : QString());
}

QRect UserRow::bubbleRect(int width) const
{
    const int most = std::max(120, width * 4 / 5);
    const int text = m_text->idealWidth(most - 2 * kBubbleX);
    const int height = m_text->heightForWidth(text);
    const QRect rect(width - text - 2 * kBubbleX, 0, text + 2 * kBubbleX, height + 2 * kBubbleY);
    return QStyle::visualRect(layoutDirection(), QRect(0, 0, width, rect.height()), rect);
}

int UserRow::noteHeight() const
{
    if (m_note->isHidden())
        return 0;
    const int note = m_note->sizeHint().height();
    return m_again && !m_again->isHidden() ? std::max(note, m_again->sizeHint().height()) : note;
}

int UserRow::heightFor(int width)
{
    const int note = noteHeight();
    return bubbleRect(width).height() + (note > 0 ? note + 4 : 0);
}

void UserRow::resizeEvent(QResizeEvent *event)
{
    Row::resizeEvent(event);
    const QRect bubble = bubbleRect(width());
    m_bubble->setGeometry(bubble);
    m_text->setGeometry(kBubbleX, kBubbleY, bubble.width() - 2 * kBubbleX,
                        bubble.height() - 2 * kBubbleY);
    QRect note(0, bubble.bottom() + 4, width(), noteHeight());
    if (m_again && !m_again->isHidden()) {
        const QSize size = m_again->sizeHint();
        const QRect button(width() - size.width(), note.top(), size.width(), size.height());
        m_again->setGeometry(QStyle::visualRect(layoutDirection(), note, button));
        note.setWidth(std::max(0, width() - size.width() - Theme::space(2)));
        note =
            QStyle::visualRect(layoutDirection(), QRect(0, note.y(), width(), note.height()), note);
    }
    m_note->setGeometry(note);
}

// ---- AssistantRow

AssistantRow::AssistantRow(RowActions &actions, QWidget *parent)
    : Row(actions, parent)
    , m_note(smallLabel(this, "assistantNote"))
    , m_copy(new HoverButton(this))
{
    setObjectName(QStringLiteral("assistantRow"));
    setAttribute(Qt::WA_Hover);
    m_copy->setObjectName(QStringLiteral("copyMessage"));
    m_copy->setIcon(Theme::icon(QStringLiteral("copy"), ColorRole::Muted));
    m_copy->setIconSize({15, 15});
    m_copy->setToolTip(tr("Copy the whole answer as Markdown"));
    m_copy->setAccessibleName(m_copy->toolTip());
    m_copy->setFocusPolicy(Qt::TabFocus);
    m_copy->setFixedSize(26, 26);
    column()->addWidget(m_note);
    connect(m_copy, &QToolButton::clicked, this, [this] {
        QApplication::clipboard()->setText(m_text);
        m_copy->setIcon(Theme::icon(QStringLiteral("check"), ColorRole::Ok));
        QTimer::singleShot(1500, m_copy, [this] {
            m_copy->setIcon(Theme::icon(QStringLiteral("copy"), ColorRole::Muted));
        });
    });
}

void AssistantRow::resizeEvent(QResizeEvent *event)
{
    Row::resizeEvent(event);
    // Outside of the first line's usual reach, and clear of a code block's own button.
    m_copy->move(layoutDirection() == Qt::RightToLeft ? 0 : width() - m_copy->width(), 0);
    m_copy->raise();
}

int AssistantRow::partsOf(const QString &text)
{
    // Most answers are short: no need to cut them to know it.
    if (text.size() < 2000)
        return 1;
    const qsizetype segments = splitMarkdown(text).size();
    return std::max(1, static_cast<int>((segments + kPartSegments - 1) / kPartSegments));
}

QWidget *AssistantRow::makeSegment(const MarkdownSegment &segment)
{
    if (segment.kind == MarkdownSegment::Kind::Code)
        return new CodeBox(this);
    auto *view = new MarkdownView(this);
    view->setObjectName(QStringLiteral("assistantText"));
    view->setAccessibleName(tr("The agent's answer"));
    connect(view, &MarkdownView::linkActivated, &actions(), &RowActions::linkActivated);
    return view;
}

void AssistantRow::fillSegment(QWidget *widget, const MarkdownSegment &segment)
{
    if (auto *code = qobject_cast<CodeBox *>(widget)) {
        code->setCaption(segment.language.isEmpty() ? tr("Code") : segment.language);
        code->setDiff(segment.language == QLatin1String("diff")
                      || segment.language == QLatin1String("patch"));
        code->setText(segment.text);
    } else if (auto *text = qobject_cast<MarkdownView *>(widget)) {
        text->setMarkdownText(segment.text);
    }
}

void AssistantRow::setItem(const TranscriptItem &item)
{
    const auto &message = std::get<AssistantItem>(item.data);
    m_text = message.text;
    QList<MarkdownSegment> segments = splitMarkdown(message.text);
    if (parts() > 1) // the last part takes what came since the parts were counted
        segments = segments.mid(qsizetype(part()) * kPartSegments,
                                part() + 1 < parts() ? kPartSegments : -1);
    for (int i = 0; i < segments.size(); ++i) {
        const MarkdownSegment &segment = segments.at(i);
        if (i < m_segments.size()) {
            if (m_segments.at(i) == segment)
                continue;
            if (m_segments.at(i).kind != segment.kind) {
                QWidget *old = m_widgets.at(i);
                m_widgets[i] = makeSegment(segment);
                delete column()->replaceWidget(old, m_widgets.at(i));
                delete old;
            }
        } else {
            m_widgets.append(makeSegment(segment));
            column()->insertWidget(i, m_widgets.last());
        }
        fillSegment(m_widgets.at(i), segment);
        m_widgets.at(i)->show();
    }
    while (m_widgets.size() > segments.size())
        delete m_widgets.takeLast();
    m_segments = segments;

    m_note->setText(message.interrupted ? tr("Interrupted: this is what had arrived") : QString());
    m_note->setVisible(message.interrupted && part() + 1 == parts());
    m_copy->setVisible(!message.streaming && !message.text.isEmpty() && part() == 0);
    m_copy->raise();
    setToolTip(item.time.isValid()
                   ? QLocale().toString(item.time.toLocalTime(), QLocale::ShortFormat)
                   : QString());
}

void AssistantRow::contextMenuEvent(QContextMenuEvent *event)
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->addAction(Theme::icon(QStringLiteral("copy")), tr("Copy the whole answer"), this,
                    [this] { QApplication::clipboard()->setText(m_text); });
    menu->popup(event->globalPos());
}

// ---- ReasoningRow

ReasoningRow::ReasoningRow(RowActions &actions, QWidget *parent)
    : Row(actions, parent)
    , m_fold(new FoldButton(this))
    , m_body(new MarkdownView(this))
{
    setObjectName(QStringLiteral("reasoningRow"));
    m_fold->setObjectName(QStringLiteral("reasoningFold"));
    m_fold->setIconName(QStringLiteral("thought"), static_cast<int>(ColorRole::Muted));
    m_fold->setTitleMuted(true);
    m_fold->setSummaryMonospace(false);
    m_body->setObjectName(QStringLiteral("reasoningText"));
    m_body->setAccessibleName(tr("The model's reasoning"));
    column()->setSpacing(2);
    column()->addWidget(m_fold);
    auto *indent = new QHBoxLayout;
    indent->setContentsMargins(36, 0, 0, Theme::space(1));
    indent->addWidget(m_body);
    column()->addLayout(indent);
    m_body->hide();
    connect(m_fold, &QAbstractButton::toggled, this, [this](bool open) {
        setOpen(open);
        Q_EMIT heightChanged();
    });
    connect(m_body, &MarkdownView::linkActivated, &actions, &RowActions::linkActivated);
}

void ReasoningRow::setOpen(bool open)
{
    m_open = open;
    if (open)
        m_body->setMarkdownText(m_text);
    m_body->setVisible(open);
}

void ReasoningRow::setItem(const TranscriptItem &item)
{
    const auto &reasoning = std::get<ReasoningItem>(item.data);
    m_streaming = reasoning.streaming;
    m_fold->setTitle(m_streaming ? tr("Thinking…") : tr("Thought"));
    if (m_text != reasoning.text) {
        m_text = reasoning.text;
        // The last line tells how far it is, the first what it was about.
        m_fold->setSummary(
            plainWords(m_streaming ? m_text.right(200).section(QLatin1Char('\n'), -1) : m_text));
        if (m_open)
            m_body->setMarkdownText(m_text);
    }
    setInk(m_body, Theme::instance().color(ColorRole::Muted));
}

QVariant ReasoningRow::viewState() const
{
    return m_open;
}

void ReasoningRow::setViewState(const QVariant &state)
{
    const QSignalBlocker block(m_fold);
    m_fold->setChecked(state.toBool());
    setOpen(state.toBool());
}

// ---- NoticeRow

namespace {

//! A failed turn by what the user can do about it; empty where only the server's words help.
QString errorHeadline(const NoticeItem &notice)
{
    const int status = notice.statusCode.value_or(0);
    if (notice.detail == QLatin1String("authentication") || status == 401 || status == 403)
        return NoticeRow::tr("The model's provider did not accept the sign-in or key.");
    if (notice.detail == QLatin1String("rate_limit") || status == 429)
        return NoticeRow::tr(
            "The model's provider limits requests. Wait a little, then send again.");
    if (status >= 500)
        return NoticeRow::tr("The model's provider failed (HTTP %1). Send again to retry.")
            .arg(status);
    return {};
}

} // namespace

NoticeWords noticeWords(const NoticeItem &notice)
{
    using Kind = NoticeItem::Kind;
    const auto or_ = [&](const QString &words) {
        return notice.text.isEmpty() ? words : notice.text;
    };
    switch (notice.kind) {
    case Kind::Interrupted:
        if (notice.detail == QLatin1String("connection"))
            return {NoticeRow::tr("The connection ended in the middle of this turn. It may go on "
                                  "at the server; what it does is shown when the connection is "
                                  "back."),
                    {}};
        // The text is the server's word for how it ended the session ("routine").
        return {notice.text.isEmpty()
                    ? notice.resumable ? NoticeRow::tr("Interrupted: the server did not finish "
                                                       "this turn")
                                       : NoticeRow::tr("Interrupted")
                    : NoticeRow::tr("Interrupted: the server ended the session in the middle of "
                                    "this turn"),
                {}};
    case Kind::Retrying: {
        const QString words = notice.count > 1
            ? NoticeRow::tr("The model did not answer %1 times; trying again").arg(notice.count)
            : NoticeRow::tr("The model did not answer; trying again");
        return {words, notice.text.isEmpty() ? notice.detail : notice.text};
    }
    case Kind::ModelChanged:
        return {NoticeRow::tr("Model: %1").arg(notice.text), {}};
    case Kind::ModeChanged: {
        QString mode = notice.text;
        for (const auto known : {AgentMode::Interactive, AgentMode::Plan, AgentMode::Autopilot}) {
            if (mode.compare(modeText(known), Qt::CaseInsensitive) == 0)
                mode = modeText(known);
        }
        return {NoticeRow::tr("Mode: %1").arg(mode), {}};
    }
    case Kind::Compaction:
        return {notice.running ? NoticeRow::tr("Shortening the conversation to fit the model…")
                               : NoticeRow::tr("The conversation was shortened to fit the model"),
                {}};
    case Kind::Error: {
        const QString headline = errorHeadline(notice);
        if (!headline.isEmpty())
            return {headline, notice.text};
        return {or_(NoticeRow::tr("The agent could not go on.")), {}};
    }
    case Kind::Warning:
        return {or_(NoticeRow::tr("The server warns")), {}};
    case Kind::Recovered:
        return {
            plural(notice.count, NoticeRow::tr("%1 event recovered"),
                   NoticeRow::tr("%1 events recovered")),
            NoticeRow::tr("From the server's history: Pilotlight was not there to see it happen.")};
    case Kind::ServerLost:
        return {plural(notice.count, NoticeRow::tr("The server lost this: %1 event above"),
                       NoticeRow::tr("The server lost this: %1 events above")),
                NoticeRow::tr("You saw it, but it is not in the server's history: the server ended "
                              "before it had written it down. The agent does not know of it.")};
    case Kind::Info:
    case Kind::Unknown:
        break;
    }
    return {or_(notice.detail), {}};
}

NoticeRow::NoticeRow(RowActions &actions, QWidget *parent)
    : Row(actions, parent)
    , m_icon(new QLabel(this))
    , m_text(new QLabel(this))
    , m_detail(smallLabel(this, "noticeDetail"))
{
    setObjectName(QStringLiteral("noticeRow"));
    m_text->setObjectName(QStringLiteral("noticeText"));
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_detail->setWordWrap(true);
    m_detail->setTextFormat(Qt::PlainText);
    m_detail->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto *line = new QHBoxLayout;
    line->setSpacing(Theme::space(2));
    line->addWidget(m_icon, 0, Qt::AlignTop);
    auto *words = new QVBoxLayout;
    words->setSpacing(2);
    words->addWidget(m_text);
    words->addWidget(m_detail);
    line->addLayout(words, 1);
    column()->addLayout(line);
}

void NoticeRow::setItem(const TranscriptItem &item)
{
    m_item = std::get<NoticeItem>(item.data);
    const NoticeWords words = noticeWords(m_item);
    m_text->setText(words.text);
    m_detail->setText(words.detail);
    m_detail->setVisible(!words.detail.isEmpty());
    const bool offline = m_item.kind == NoticeItem::Kind::Interrupted
        && m_item.detail == QLatin1String("connection");
    setToolTip(words.detail.isEmpty() && !offline ? m_item.detail : QString());
    showActions(m_item.resumable);
    restyle();
}

void NoticeRow::showActions(bool shown)
{
    if (shown && !m_actions) {
        m_actions = new QWidget(this);
        auto *line = new QHBoxLayout(m_actions);
        line->setContentsMargins(18 + Theme::space(2), 0, 0, 0);
        line->setSpacing(Theme::space(2));
        auto *again = new QPushButton(tr("Ask again"), m_actions);
        again->setObjectName(QStringLiteral("askAgain"));
        again->setToolTip(tr("Sends your prompt of this turn once more, with its attachments"));
        auto *goOn = new QPushButton(tr("Continue"), m_actions);
        goOn->setObjectName(QStringLiteral("continueTurn"));
        goOn->setToolTip(tr("Asks the agent to go on where it was interrupted"));
        goOn->setProperty("kind", QStringLiteral("primary"));
        for (QPushButton *button : {goOn, again}) {
            button->setAutoDefault(true);
            line->addWidget(button);
        }
        line->addStretch(1);
        column()->addWidget(m_actions);
        connect(goOn, &QPushButton::clicked, &actions(), &RowActions::continueRequested);
        connect(again, &QPushButton::clicked, &actions(), &RowActions::askAgainRequested);
    }
    if (m_actions)
        m_actions->setVisible(shown);
}

void NoticeRow::restyle()
{
    const Theme &theme = Theme::instance();
    using Kind = NoticeItem::Kind;
    ColorRole ink = ColorRole::Muted;
    QString icon = QStringLiteral("info");
    switch (m_item.kind) {
    case Kind::Error:
        ink = ColorRole::Error;
        icon = QStringLiteral("error");
        break;
    case Kind::Warning:
        ink = ColorRole::Warning;
        icon = QStringLiteral("warning");
        break;
    case Kind::Retrying:
        ink = ColorRole::Warning;
        icon = QStringLiteral("refresh");
        break;
    case Kind::Interrupted:
        icon = QStringLiteral("stop");
        break;
    case Kind::ModelChanged:
        icon = QStringLiteral("chip");
        break;
    case Kind::ModeChanged:
        icon = QStringLiteral("settings");
        break;
    case Kind::Compaction:
        icon = QStringLiteral("queue");
        break;
    case Kind::Recovered:
        icon = QStringLiteral("refresh");
        break;
    case Kind::ServerLost:
        ink = ColorRole::Warning;
        icon = QStringLiteral("warning");
        break;
    case Kind::Info:
    case Kind::Unknown:
        break;
    }
    const bool card = m_item.kind == Kind::Error || m_item.kind == Kind::Warning
        || m_item.kind == Kind::ServerLost;
    if (card) {
        const QColor soft =
            theme.color(m_item.kind == Kind::Error ? ColorRole::ErrorSoft : ColorRole::WarningSoft);
        setCard(soft, soft, theme.color(ink));
        column()->setContentsMargins(Theme::space(3), Theme::space(2), Theme::space(3),
                                     Theme::space(2));
    }
    m_icon->setPixmap(Theme::pixmap(icon, 18, theme.color(ink), devicePixelRatioF()));
    setInk(m_text, theme.color(card ? ColorRole::Text : ink));
}

} // namespace pilotlight
