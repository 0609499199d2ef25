// SPDX-License-Identifier: MIT
#include "ui/chat/promptedit.h"

#include "ui/theme/theme.h"

#include <QKeyEvent>
#include <QMimeData>
#include <QScrollBar>
#include <QTextBlock>
#include <QUrl>

#include <algorithm>
#include <cmath>

namespace pilotlight {

namespace {

constexpr int kMostLines = 10;

QStringList localFiles(const QMimeData *source)
{
    QStringList paths;
    const auto urls = source->urls();
    for (const QUrl &url : urls) {
        if (url.isLocalFile())
            paths << url.toLocalFile();
    }
    return paths;
}

} // namespace

PromptEdit::PromptEdit(QWidget *parent)
    : QPlainTextEdit(parent)
{
    setFrameShape(QFrame::NoFrame);
    setTabChangesFocus(true);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollBarPolicy(Qt::ScrollBarAsNeeded);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    viewport()->setAutoFillBackground(false);
    document()->setDocumentMargin(2);
    connect(document()->documentLayout(), &QAbstractTextDocumentLayout::documentSizeChanged, this,
            [this] { updateGeometry(); });
}

QSize PromptEdit::sizeHint() const
{
    // A plain-text document's size counts lines, wrapped ones too.
    const double lines =
        std::clamp(document()->size().height(), 1.0, static_cast<double>(kMostLines));
    const double height =
        lines * QFontMetricsF(font()).lineSpacing() + 2 * document()->documentMargin() + 2;
    return {200, static_cast<int>(std::ceil(height))};
}

void PromptEdit::setHistory(const QStringList &history)
{
    if (history == m_history)
        return;
    m_history = history;
    m_position = -1;
}

void PromptEdit::recall(int direction)
{
    const int last = static_cast<int>(m_history.size()) - 1;
    int next = -1;
    if (direction < 0)
        next = m_position < 0 ? last : std::max(0, m_position - 1);
    else if (m_position < last)
        next = m_position + 1;
    if (next == m_position)
        return;
    if (m_position < 0)
        m_own = toPlainText();
    m_position = next;
    const QString text = next < 0 ? m_own : m_history.at(next);
    QTextCursor cursor(document());
    cursor.select(QTextCursor::Document);
    cursor.insertText(text); // as one edit, so that Undo brings the own text back
    moveCursor(direction < 0 ? QTextCursor::Start : QTextCursor::End);
}

void PromptEdit::keyPressEvent(QKeyEvent *event)
{
    const auto modifiers = event->modifiers() & ~Qt::KeypadModifier;
    if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) {
        if (modifiers == Qt::NoModifier) {
            Q_EMIT sendPressed();
            return;
        }
        if (modifiers == Qt::ControlModifier) {
            Q_EMIT sendNowPressed();
            return;
        }
    }
    if (event->key() == Qt::Key_Escape && modifiers == Qt::NoModifier) {
        Q_EMIT escapePressed();
        return;
    }
    if (modifiers == Qt::NoModifier && !m_history.isEmpty()) {
        if (event->key() == Qt::Key_Up && textCursor().atStart()) {
            recall(-1);
            return;
        }
        if (event->key() == Qt::Key_Up && !textCursor().block().previous().isValid()
            && m_position < 0 && textCursor().block().layout()->lineCount() <= 1) {
            // On the first line: first to its beginning, as every editor does, then back in
            // history.
            moveCursor(QTextCursor::Start);
            if (toPlainText().isEmpty())
                recall(-1);
            return;
        }
        if (event->key() == Qt::Key_Down && m_position >= 0 && textCursor().atEnd()) {
            recall(1);
            return;
        }
        if (event->key() == Qt::Key_Down && m_position >= 0
            && !textCursor().block().next().isValid()) {
            moveCursor(QTextCursor::End);
            return;
        }
    }
    QPlainTextEdit::keyPressEvent(event);
    if (!event->text().isEmpty())
        m_position = -1;
}

bool PromptEdit::canInsertFromMimeData(const QMimeData *source) const
{
    return !localFiles(source).isEmpty() || QPlainTextEdit::canInsertFromMimeData(source);
}

void PromptEdit::insertFromMimeData(const QMimeData *source)
{
    const QStringList paths = localFiles(source);
    if (!paths.isEmpty())
        Q_EMIT filesDropped(paths);
    else
        QPlainTextEdit::insertFromMimeData(source);
}

} // namespace pilotlight
