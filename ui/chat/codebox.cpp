// SPDX-License-Identifier: MIT
#include "ui/chat/codebox.h"

#include "ui/chat/row.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QEvent>
#include <QLabel>
#include <QPainter>
#include <QPlainTextEdit>
#include <QScrollBar>
#include <QStyle>
#include <QSyntaxHighlighter>
#include <QTimer>
#include <QToolButton>

#include <algorithm>
#include <cmath>

namespace pilotlight {

namespace {

constexpr int kPadding = 10;

class DiffHighlighter final : public QSyntaxHighlighter
{
public:
    using QSyntaxHighlighter::QSyntaxHighlighter;

protected:
    void highlightBlock(const QString &line) override
    {
        const Theme &theme = Theme::instance();
        QTextCharFormat format;
        if (line.startsWith(QLatin1String("+++")) || line.startsWith(QLatin1String("---"))
            || line.startsWith(QLatin1String("diff "))
            || line.startsWith(QLatin1String("index "))) {
            format.setForeground(theme.color(ColorRole::Muted));
        } else if (line.startsWith(QLatin1Char('+'))) {
            format.setForeground(theme.color(ColorRole::Ok));
            format.setBackground(theme.color(ColorRole::DiffAdded));
        } else if (line.startsWith(QLatin1Char('-'))) {
            format.setForeground(theme.color(ColorRole::Error));
            format.setBackground(theme.color(ColorRole::DiffRemoved));
        } else if (line.startsWith(QLatin1String("@@"))) {
            format.setForeground(theme.color(ColorRole::Accent));
        } else {
            return;
        }
        setFormat(0, static_cast<int>(line.size()), format);
    }
};

} // namespace

CodeBox::CodeBox(QWidget *parent)
    : QFrame(parent)
    , m_caption(new QLabel(this))
    , m_copy(new QToolButton(this))
    , m_edit(new QPlainTextEdit(this))
{
    setObjectName(QStringLiteral("codeBox"));
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    m_caption->setObjectName(QStringLiteral("codeCaption"));
    setInk(m_caption, Theme::instance().color(ColorRole::Muted));
    m_caption->setFont(Theme::font(-1));
    m_copy->setObjectName(QStringLiteral("codeCopy"));
    m_copy->setIcon(Theme::icon(QStringLiteral("copy"), ColorRole::Muted));
    m_copy->setIconSize({16, 16});
    m_copy->setToolTip(tr("Copy"));
    m_copy->setAccessibleName(tr("Copy this block"));
    m_copy->setFocusPolicy(Qt::TabFocus);
    m_edit->setObjectName(QStringLiteral("codeText"));
    m_edit->setReadOnly(true);
    m_edit->setUndoRedoEnabled(false);
    m_edit->setFrameShape(QFrame::NoFrame);
    m_edit->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_edit->setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_edit->setHorizontalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    m_edit->setTabChangesFocus(true);
    m_edit->setFocusPolicy(Qt::ClickFocus);
    m_edit->setFont(Theme::monospace());
    m_edit->document()->setDocumentMargin(0);
    m_edit->setTabStopDistance(QFontMetricsF(m_edit->font()).horizontalAdvance(QLatin1Char(' '))
                               * 4);
    m_edit->viewport()->setAutoFillBackground(false);
    m_edit->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_edit->viewport()->installEventFilter(this);
    connect(m_copy, &QToolButton::clicked, this, [this] {
        QApplication::clipboard()->setText(m_text);
        m_copy->setIcon(Theme::icon(QStringLiteral("check"), ColorRole::Ok));
        m_copy->setToolTip(tr("Copied"));
        QTimer::singleShot(1500, m_copy, [this] {
            m_copy->setIcon(Theme::icon(QStringLiteral("copy"), ColorRole::Muted));
            m_copy->setToolTip(tr("Copy"));
        });
    });
}

void CodeBox::paintEvent(QPaintEvent *)
{
    const Theme &theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(theme.color(ColorRole::Border));
    painter.setBrush(theme.color(ColorRole::CodeBackground));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), Theme::smallRadius,
                            Theme::smallRadius);
}

void CodeBox::setCaption(const QString &caption)
{
    m_caption->setText(caption);
    m_edit->setAccessibleName(caption.isEmpty() ? tr("Code") : caption);
}

void CodeBox::setText(const QString &text)
{
    if (text == m_text)
        return;
    const bool atEnd =
        m_edit->verticalScrollBar()->value() >= m_edit->verticalScrollBar()->maximum();
    if (!m_text.isEmpty() && text.startsWith(m_text)) {
        QTextCursor cursor(m_edit->document());
        cursor.movePosition(QTextCursor::End);
        cursor.insertText(text.mid(m_text.size()));
    } else {
        m_edit->setPlainText(text);
    }
    m_text = text;
    m_longest = 0;
    qsizetype start = 0;
    while (start <= text.size()) {
        qsizetype end = text.indexOf(QLatin1Char('\n'), start);
        if (end < 0)
            end = text.size();
        m_longest = std::max(m_longest, static_cast<int>(end - start));
        start = end + 1;
    }
    if (atEnd && m_maxLines > 0)
        m_edit->verticalScrollBar()->setValue(m_edit->verticalScrollBar()->maximum());
    updateGeometry();
}

QString CodeBox::text() const
{
    return m_text;
}

void CodeBox::setDiff(bool diff)
{
    if (diff == m_diff)
        return;
    m_diff = diff;
    if (diff)
        new DiffHighlighter(m_edit->document());
    else
        delete m_edit->document()->findChild<QSyntaxHighlighter *>();
}

void CodeBox::setMaxLines(int lines)
{
    m_maxLines = lines;
    m_edit->setVerticalScrollBarPolicy(lines > 0 ? Qt::ScrollBarAsNeeded : Qt::ScrollBarAlwaysOff);
    updateGeometry();
}

void CodeBox::setWrap(bool wrap)
{
    m_wrap = wrap;
    m_edit->setLineWrapMode(wrap ? QPlainTextEdit::WidgetWidth : QPlainTextEdit::NoWrap);
    m_edit->setWordWrapMode(QTextOption::WrapAnywhere);
    m_edit->setHorizontalScrollBarPolicy(wrap ? Qt::ScrollBarAlwaysOff : Qt::ScrollBarAsNeeded);
    updateGeometry();
}

void CodeBox::setBare(bool bare)
{
    m_bare = bare;
    m_caption->setVisible(!bare);
    updateGeometry();
}

int CodeBox::headerHeight() const
{
    return m_bare ? kPadding : 30;
}

int CodeBox::lineCountFor(int width) const
{
    const int blocks = m_edit->blockCount();
    if (!m_wrap)
        return blocks;
    // Counted by characters: the font is monospace; wide (CJK) characters take two cells.
    const double cell =
        std::max(1.0, QFontMetricsF(m_edit->font()).horizontalAdvance(QLatin1Char('0')));
    const int columns =
        std::max(1, static_cast<int>((width - 2 * kPadding - 2 - (m_bare ? 28 : 0)) / cell));
    int lines = 0;
    for (QTextBlock block = m_edit->document()->begin(); block.isValid(); block = block.next()) {
        const QString text = block.text();
        int cells = 0;
        for (const QChar c : text)
            cells += c == QLatin1Char('\t') ? 4 : c.unicode() >= 0x1100 ? 2 : 1;
        lines += std::max(1, (cells + columns - 1) / columns);
    }
    return lines;
}

int CodeBox::heightForWidth(int width) const
{
    int lines = lineCountFor(width);
    if (m_maxLines > 0)
        lines = std::min(lines, m_maxLines);
    const QFontMetricsF metrics(m_edit->font());
    const bool scrolls = !m_wrap
        && m_longest * metrics.horizontalAdvance(QLatin1Char('0')) > width - 2 * kPadding - 2;
    return headerHeight() + static_cast<int>(std::ceil(metrics.lineSpacing() * lines)) + kPadding
        + 2 + (scrolls ? 12 : 0);
}

QSize CodeBox::sizeHint() const
{
    return {400, heightForWidth(std::max(100, width()))};
}

void CodeBox::resizeEvent(QResizeEvent *event)
{
    QFrame::resizeEvent(event);
    const int top = headerHeight();
    m_caption->setGeometry(kPadding, 4, std::max(0, width() - 2 * kPadding - 28), 24);
    m_copy->setGeometry(width() - 30, 3, 26, 26);
    m_edit->setGeometry(kPadding, top, std::max(0, width() - kPadding - (m_bare ? 32 : 6)),
                        std::max(0, height() - top - 4));
    m_copy->raise();
}

bool CodeBox::eventFilter(QObject *watched, QEvent *event)
{
    // The wheel moves the conversation unless the user has clicked into this block to scroll it.
    if (event->type() == QEvent::Wheel && !(m_edit->hasFocus() && m_maxLines > 0)) {
        event->ignore();
        return true;
    }
    return QFrame::eventFilter(watched, event);
}

} // namespace pilotlight
