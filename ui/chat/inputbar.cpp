// SPDX-License-Identifier: MIT
#include "ui/chat/inputbar.h"

#include "ui/chat/promptedit.h"
#include "ui/theme/theme.h"
#include "ui/widgets/elidedlabel.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QPainter>
#include <QStyle>
#include <QToolButton>
#include <QVBoxLayout>

namespace pilotlight {

namespace {

constexpr int kColumn = 860; //!< as wide as the conversation above

QToolButton *button(QWidget *parent, const char *name, const QString &icon, ColorRole role,
                    const QString &text)
{
    auto *b = new QToolButton(parent);
    b->setObjectName(QString::fromLatin1(name));
    b->setIcon(Theme::icon(icon, role));
    b->setIconSize({20, 20});
    b->setToolTip(text);
    b->setAccessibleName(text);
    b->setFocusPolicy(Qt::TabFocus);
    return b;
}

} // namespace

InputBar::InputBar(QWidget *parent)
    : QWidget(parent)
    , m_noteIcon(new QLabel(this))
    , m_note(new QLabel(this))
    , m_noteRow(new QWidget(this))
    , m_queueBox(new QWidget(this))
    , m_queueLayout(new QVBoxLayout(m_queueBox))
    , m_frame(new QFrame(this))
    , m_attachmentBox(new QWidget(m_frame))
    , m_edit(new PromptEdit(m_frame))
    , m_attach(button(m_frame, "attachButton", QStringLiteral("attach"), ColorRole::Muted,
                      tr("Attach files")))
    , m_hint(new QLabel(m_frame))
    , m_stop(
          button(m_frame, "stopButton", QStringLiteral("stop"), ColorRole::Error, tr("Stop (Esc)")))
    , m_send(button(m_frame, "sendButton", QStringLiteral("send"), ColorRole::OnAccent,
                    tr("Send (Enter)")))
{
    setObjectName(QStringLiteral("inputBar"));
    auto *outer = new QHBoxLayout(this);
    // At the right also the conversation's scroll bar, so that both columns stand in line.
    outer->setContentsMargins(24, Theme::space(1), 24 + 12, Theme::space(4));
    auto *column = new QWidget(this);
    column->setObjectName(QStringLiteral("inputColumn"));
    column->setMaximumWidth(kColumn);
    outer->addStretch(1);
    outer->addWidget(column, 1000);
    outer->addStretch(1);
    auto *layout = new QVBoxLayout(column);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(Theme::space(2));

    m_queueBox->setObjectName(QStringLiteral("queueBox"));
    m_queueBox->setAccessibleName(tr("Messages that wait"));
    m_queueLayout->setContentsMargins(0, 0, 0, 0);
    m_queueLayout->setSpacing(Theme::space(1));
    layout->addWidget(m_queueBox);

    m_noteRow->setObjectName(QStringLiteral("inputNoteRow"));
    auto *noteLayout = new QHBoxLayout(m_noteRow);
    noteLayout->setContentsMargins(Theme::space(1), 0, 0, 0);
    noteLayout->setSpacing(Theme::space(2));
    m_note->setObjectName(QStringLiteral("inputNote"));
    m_note->setProperty("muted", true);
    m_note->setWordWrap(true);
    m_note->setTextFormat(Qt::PlainText);
    noteLayout->addWidget(m_noteIcon, 0, Qt::AlignTop);
    noteLayout->addWidget(m_note, 1);
    layout->addWidget(m_noteRow);

    m_frame->setObjectName(QStringLiteral("inputFrame"));
    layout->addWidget(m_frame);
    auto *inner = new QVBoxLayout(m_frame);
    inner->setContentsMargins(Theme::space(3), Theme::space(2) + 2, Theme::space(2),
                              Theme::space(2));
    inner->setSpacing(Theme::space(1));
    m_attachmentBox->setObjectName(QStringLiteral("attachmentBox"));
    auto *flow = new QHBoxLayout(m_attachmentBox);
    flow->setContentsMargins(0, 0, 0, Theme::space(1));
    inner->addWidget(m_attachmentBox);
    m_edit->setObjectName(QStringLiteral("promptEdit"));
    m_edit->setAccessibleName(tr("Message to the agent"));
    inner->addWidget(m_edit);
    auto *row = new QHBoxLayout;
    row->setSpacing(Theme::space(1));
    row->addWidget(m_attach);
    m_hint->setObjectName(QStringLiteral("inputHint"));
    m_hint->setProperty("muted", true);
    m_hint->setFont(Theme::font(-1));
    // The hint gives way first when the window is narrow.
    m_hint->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    row->addWidget(m_hint, 1);
    row->addWidget(m_stop);
    row->addWidget(m_send);
    inner->addLayout(row);
    m_stop->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_stop->setText(tr("Stop"));
    m_stop->setIconSize({16, 16});
    m_edit->setFocusPolicy(Qt::StrongFocus);
    setFocusProxy(m_edit);
    setTabOrder(m_edit, m_send);
    setTabOrder(m_send, m_stop);
    setTabOrder(m_stop, m_attach);

    connect(m_edit, &PromptEdit::sendPressed, this, [this] { send(Delivery::Enqueue); });
    connect(m_edit, &PromptEdit::sendNowPressed, this, [this] { send(Delivery::Immediate); });
    connect(m_edit, &PromptEdit::escapePressed, this, [this] {
        if (m_busy)
            Q_EMIT stopRequested();
    });
    connect(m_edit, &PromptEdit::filesDropped, this, &InputBar::addFiles);
    connect(m_edit, &QPlainTextEdit::textChanged, this, [this] {
        refresh();
        if (!m_filling)
            Q_EMIT textEdited(m_edit->toPlainText());
    });
    connect(m_send, &QToolButton::clicked, this, [this] { send(Delivery::Enqueue); });
    connect(m_stop, &QToolButton::clicked, this, &InputBar::stopRequested);
    connect(m_attach, &QToolButton::clicked, this, &InputBar::attach);
    connect(&Theme::instance(), &Theme::changed, this, &InputBar::retheme);
    setQueue({}, false);
    setNote({});
    showAttachments();
    retheme();
    refresh();
}

void InputBar::retheme()
{
    const Theme &theme = Theme::instance();
    m_frame->setStyleSheet(
        QStringLiteral("#inputFrame { background: %1; border: 1px solid %2; border-radius: 10px; }"
                       "#promptEdit { background: transparent; border: none; color: %3; }"
                       "#sendButton { background: %4; border-radius: 8px; }"
                       "#stopButton { color: %6; border: 1px solid %6; border-radius: 8px; "
                       "padding: 5px 10px 5px 6px; }"
                       "#stopButton:hover { background: %7; }"
                       "#stopButton:focus { border: 2px solid %6; padding: 4px 9px 4px 5px; }"
                       "#sendButton:disabled { background: %5; }"
                       "#sendButton:focus { border: 2px solid %3; }")
            .arg(theme.hex(ColorRole::Surface), theme.hex(ColorRole::BorderStrong),
                 theme.hex(ColorRole::Text), theme.hex(ColorRole::Accent),
                 theme.hex(ColorRole::Hover), theme.hex(ColorRole::Error),
                 theme.hex(ColorRole::ErrorSoft)));
    const QList<Prompt> queue = m_queue;
    m_queue.clear();
    setQueue(queue, m_canSendQueued);
    refresh();
}

void InputBar::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), Theme::instance().color(ColorRole::Window));
}

QString InputBar::text() const
{
    return m_edit->toPlainText();
}

void InputBar::setText(const QString &text)
{
    if (text == m_edit->toPlainText())
        return;
    m_filling = true;
    m_edit->setPlainText(text);
    m_edit->moveCursor(QTextCursor::End);
    m_filling = false;
}

void InputBar::setHistory(const QStringList &history)
{
    m_edit->setHistory(history);
}

void InputBar::focusInput()
{
    m_edit->setFocus(Qt::OtherFocusReason);
}

void InputBar::setNote(const QString &note, const QString &icon)
{
    m_note->setText(note);
    m_noteIcon->setPixmap(
        Theme::pixmap(icon, 16, Theme::instance().color(ColorRole::Warning), devicePixelRatioF()));
    m_noteRow->setVisible(!note.isEmpty());
    m_edit->setAccessibleDescription(note);
}

void InputBar::setBusy(bool busy)
{
    m_busy = busy;
    refresh();
}

void InputBar::setInputEnabled(bool enabled)
{
    m_enabled = enabled;
    m_edit->setEnabled(enabled);
    m_attach->setEnabled(enabled);
    refresh();
}

void InputBar::refresh()
{
    const bool empty = m_edit->toPlainText().trimmed().isEmpty();
    m_send->setEnabled(m_enabled && !empty);
    m_send->setIcon(Theme::icon(QStringLiteral("send"),
                                m_send->isEnabled() ? ColorRole::OnAccent : ColorRole::Muted));
    const QString sendText =
        m_busy ? tr("Queue: runs when the agent is done (Enter)") : tr("Send (Enter)");
    m_send->setToolTip(sendText);
    m_send->setAccessibleName(sendText);
    m_stop->setVisible(m_busy);
    m_edit->setPlaceholderText(m_busy ? tr("Write on; it is queued until the agent is done")
                                      : tr("Message to the agent"));
    m_edit->viewport()->update(); // Qt 6.4 goes on showing the old one
    // Short hints only while there is something to send.
    m_hint->setText(empty ? QString()
                        : m_busy
                        ? tr("Enter queues · Ctrl+Enter sends at once · Shift+Enter new line")
                        : tr("Enter sends · Shift+Enter new line"));
}

void InputBar::send(Delivery delivery)
{
    const QString text = m_edit->toPlainText().trimmed();
    if (!m_enabled || text.isEmpty())
        return;
    Prompt prompt;
    prompt.text = text;
    prompt.delivery = m_busy ? delivery : Delivery::Enqueue;
    prompt.attachments = m_attachments;
    m_edit->clear();
    setAttachments({});
    Q_EMIT sendRequested(prompt);
}

void InputBar::setQueue(const QList<Prompt> &queue, bool canSend)
{
    const auto same = [&] {
        if (queue.size() != m_queue.size() || canSend != m_canSendQueued)
            return false;
        for (int i = 0; i < queue.size(); ++i) {
            if (queue.at(i).text != m_queue.at(i).text)
                return false;
        }
        return true;
    };
    if (same() && !queue.isEmpty())
        return;
    m_queue = queue;
    m_canSendQueued = canSend;
    while (QLayoutItem *item = m_queueLayout->takeAt(0)) {
        if (item->widget()) {
            item->widget()->hide();
            item->widget()->deleteLater(); // this may run inside its own click
        }
        delete item;
    }
    const Theme &theme = Theme::instance();
    for (int i = 0; i < queue.size(); ++i) {
        auto *chip = new QFrame(m_queueBox);
        chip->setObjectName(QStringLiteral("queuedPrompt"));
        chip->setStyleSheet(
            QStringLiteral(
                "#queuedPrompt { background: %1; border: 1px solid %2; border-radius: 6px; }")
                .arg(theme.hex(ColorRole::Sidebar), theme.hex(ColorRole::Border)));
        auto *row = new QHBoxLayout(chip);
        row->setContentsMargins(Theme::space(2), 1, 2, 1);
        row->setSpacing(Theme::space(2));
        auto *icon = new QLabel(chip);
        icon->setPixmap(Theme::pixmap(QStringLiteral("queue"), 16, theme.color(ColorRole::Muted),
                                      devicePixelRatioF()));
        row->addWidget(icon);
        auto *text = new ElidedLabel(queue.at(i).text.simplified(), chip);
        text->setObjectName(QStringLiteral("queuedText"));
        text->setTextFormat(Qt::PlainText);
        text->setToolTip(queue.at(i).text.left(2000).toHtmlEscaped());
        text->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
        row->addWidget(text, 1);
        const auto action = [&](const char *name, const char *iconName, const QString &tip,
                                auto &&clicked) {
            auto *made = button(chip, name, QString::fromLatin1(iconName), ColorRole::Muted, tip);
            made->setIconSize({14, 14});
            connect(made, &QToolButton::clicked, this, std::forward<decltype(clicked)>(clicked));
            row->addWidget(made);
            return made;
        };
        if (i > 0)
            action("moveQueued", "chevron-up", tr("Send this before the one above"),
                   [this, i] { Q_EMIT moveQueuedRequested(i, i - 1); });
        action("sendQueued", "send", tr("Send this now"), [this, i] {
            Q_EMIT sendQueuedRequested(i);
        })->setEnabled(canSend);
        action("editQueued", "edit", tr("Take this back and edit it"),
               [this, i] { Q_EMIT editQueuedRequested(i); });
        action("removeQueued", "close", tr("Do not send this"),
               [this, i] { Q_EMIT removeQueuedRequested(i); });
        m_queueLayout->addWidget(chip);
    }
    m_queueBox->setVisible(!queue.isEmpty());
}

void InputBar::setAttachments(const QList<Attachment> &attachments)
{
    m_attachments = attachments;
    showAttachments();
}

void InputBar::attach()
{
    auto *dialog = new QFileDialog(this, tr("Attach files"));
    dialog->setObjectName(QStringLiteral("attachDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    connect(dialog, &QFileDialog::filesSelected, this, &InputBar::addFiles);
    dialog->open();
}

void InputBar::addFiles(const QStringList &paths)
{
    for (const QString &path : paths) {
        const QFileInfo info(path);
        if (!info.exists())
            continue;
        Attachment attachment;
        attachment.kind = info.isDir() ? Attachment::Kind::Directory : Attachment::Kind::File;
        attachment.path = info.absoluteFilePath();
        const bool known =
            std::any_of(m_attachments.cbegin(), m_attachments.cend(),
                        [&](const Attachment &a) { return a.path == attachment.path; });
        if (!known)
            m_attachments.append(attachment);
    }
    showAttachments();
    m_edit->setFocus();
}

void InputBar::showAttachments()
{
    while (QLayoutItem *item = m_attachmentBox->layout()->takeAt(0)) {
        if (item->widget()) {
            item->widget()->hide();
            item->widget()->deleteLater();
        }
        delete item;
    }
    for (int i = 0; i < m_attachments.size(); ++i) {
        const Attachment &attachment = m_attachments.at(i);
        auto *chip = new QToolButton(m_attachmentBox);
        chip->setObjectName(QStringLiteral("attachment"));
        chip->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
        chip->setIcon(Theme::icon(attachment.kind == Attachment::Kind::Directory
                                      ? QStringLiteral("folder")
                                      : QStringLiteral("file"),
                                  ColorRole::Muted));
        const QString name = QFileInfo(attachment.path).fileName();
        chip->setText(QFontMetrics(chip->font()).elidedText(name, Qt::ElideMiddle, 220)
                      + QStringLiteral("  ×"));
        chip->setToolTip(tr("%1\nClick to take it off").arg(attachment.path));
        chip->setAccessibleName(tr("Attached: %1; press to take it off").arg(name));
        chip->setFocusPolicy(Qt::TabFocus);
        connect(chip, &QToolButton::clicked, this, [this, path = attachment.path] {
            m_attachments.removeIf([&](const Attachment &a) { return a.path == path; });
            showAttachments();
        });
        m_attachmentBox->layout()->addWidget(chip);
        chip->show();
    }
    static_cast<QHBoxLayout *>(m_attachmentBox->layout())->addStretch();
    m_attachmentBox->setVisible(!m_attachments.isEmpty());
}

} // namespace pilotlight
