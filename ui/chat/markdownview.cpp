// SPDX-License-Identifier: MIT
#include "ui/chat/markdownview.h"

#include "ui/theme/theme.h"

#include <QAbstractTextDocumentLayout>
#include <QContextMenuEvent>
#include <QHelpEvent>
#include <QMenu>
#include <QScrollBar>
#include <QTextBlock>
#include <QTextCursor>
#include <QTextDocumentFragment>
#include <QTextFrame>
#include <QTextList>
#include <QTextTable>
#include <QToolTip>

#include <cmath>

namespace pilotlight {

MarkdownView::MarkdownView(QWidget *parent)
    : QTextBrowser(parent)
{
    setFrameShape(QFrame::NoFrame);
    setOpenLinks(false);
    setOpenExternalLinks(false);
    setUndoRedoEnabled(false);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
    setLineWrapMode(QTextEdit::FixedPixelWidth);
    viewport()->setAutoFillBackground(false);
    document()->setDocumentMargin(0);
    setFocusPolicy(Qt::ClickFocus);
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
    // The base class scrolls to the cursor; a view of full height must never move.
    connect(verticalScrollBar(), &QScrollBar::valueChanged, this, [this](int value) {
        if (value != 0)
            verticalScrollBar()->setValue(0);
    });
    connect(this, &QTextBrowser::anchorClicked, this, &MarkdownView::linkActivated);
}

void MarkdownView::setMarkdownText(const QString &markdown)
{
    document()->setDefaultFont(font());
    document()->setMarkdown(
        markdown,
        QTextDocument::MarkdownFeatures(QTextDocument::MarkdownNoHTML
                                        | QTextDocument::MarkdownDialectGitHub));
    style();
    m_measuredWidth = -1;
    updateGeometry();
}

void MarkdownView::setLiteralText(const QString &text)
{
    setPlainText(text);
    m_measuredWidth = -1;
    updateGeometry();
}

void MarkdownView::style()
{
    const Theme &theme = Theme::instance();
    const QColor code = theme.color(ColorRole::CodeBackground);
    const QColor border = theme.color(ColorRole::Border);
    QTextDocument *doc = document();
    const double base = doc->defaultFont().pointSizeF();
    bool links = false;

    QTextCursor cursor(doc);
    cursor.beginEditBlock();
    for (QTextBlock block = doc->begin(); block.isValid(); block = block.next()) {
        QTextBlockFormat format = block.blockFormat();
        const bool inTable = QTextCursor(block).currentTable() != nullptr;
        const bool first = block == doc->begin();
        const int level = format.headingLevel();
        const bool fenced = format.hasProperty(QTextFormat::BlockCodeFence)
            || format.hasProperty(QTextFormat::BlockCodeLanguage);
        if (level > 0) {
            format.setTopMargin(first ? 0 : 14);
            format.setBottomMargin(6);
        } else if (inTable) {
            format.setTopMargin(0);
            format.setBottomMargin(0);
        } else if (block.textList()) {
            format.setTopMargin(2);
            format.setBottomMargin(2);
        } else {
            format.setTopMargin(0);
            format.setBottomMargin(block.next().isValid() ? 8 : 0);
        }
        if (!fenced && !inTable)
            format.setLineHeight(124, QTextBlockFormat::ProportionalHeight);
        if (fenced) {
            format.setBackground(code);
            format.setBottomMargin(0);
            format.setNonBreakableLines(false);
        }
        if (format.hasProperty(QTextFormat::BlockQuoteLevel)) {
            format.setLeftMargin(18);
            format.setForeground(theme.color(ColorRole::Muted));
        }
        cursor.setPosition(block.position());
        cursor.setBlockFormat(format);
        for (auto it = block.begin(); !it.atEnd(); ++it) {
            const QTextFragment fragment = it.fragment();
            QTextCharFormat change;
            const QTextCharFormat now = fragment.charFormat();
            if (level > 0 && base > 0) {
                change.setFontPointSize(base
                                        + (level == 1       ? 4.0
                                               : level == 2 ? 2.5
                                               : level == 3 ? 1.0
                                                            : 0.0));
                change.setFontWeight(QFont::DemiBold);
                change.setProperty(QTextFormat::FontSizeAdjustment, 0);
            }
            if (now.fontFixedPitch() || fenced) {
                change.setFont(Theme::monospace(), QTextCharFormat::FontPropertiesSpecifiedOnly);
                change.setFontFamilies(Theme::monospace().families());
                if (!fenced)
                    change.setBackground(code);
            }
            if (now.isAnchor()) {
                links = true;
                change.setForeground(theme.color(ColorRole::Accent));
                change.setFontUnderline(true);
            } else if (format.hasProperty(QTextFormat::BlockQuoteLevel)) {
                change.setForeground(theme.color(ColorRole::Muted));
            }
            if (change.propertyCount() == 0)
                continue;
            cursor.setPosition(fragment.position());
            cursor.setPosition(fragment.position() + fragment.length(), QTextCursor::KeepAnchor);
            cursor.mergeCharFormat(change);
        }
    }
    const auto frames = doc->rootFrame()->childFrames();
    for (QTextFrame *frame : frames) {
        if (auto *table = qobject_cast<QTextTable *>(frame)) {
            QTextTableFormat format = table->format();
            format.setBorder(1);
            format.setBorderCollapse(true);
            format.setBorderBrush(border);
            format.setBorderStyle(QTextFrameFormat::BorderStyle_Solid);
            format.setCellPadding(6);
            format.setCellSpacing(0);
            format.setTopMargin(4);
            format.setBottomMargin(8);
            format.setWidth(QTextLength());
            table->setFormat(format);
            for (int column = 0; column < table->columns(); ++column) {
                QTextTableCell cell = table->cellAt(0, column);
                QTextCharFormat head = cell.format();
                head.setBackground(theme.color(ColorRole::Sidebar));
                cell.setFormat(head);
            }
        }
    }
    cursor.endEditBlock();
    // Reachable by Tab only where there is something to do.
    setFocusPolicy(links ? Qt::StrongFocus : Qt::ClickFocus);
}

int MarkdownView::heightForWidth(int width) const
{
    if (width == m_measuredWidth)
        return m_measuredHeight;
    // By the fixed wrap width: in the default mode the editor lays its document out anew at the
    // width of its viewport whenever it likes, which before the first show is a hundred pixels.
    auto *self = const_cast<MarkdownView *>(this);
    if (lineWrapColumnOrWidth() != width)
        self->setLineWrapColumnOrWidth(width);
    m_measuredWidth = width;
    m_measuredHeight = static_cast<int>(std::ceil(document()->size().height()));
    return m_measuredHeight;
}

void MarkdownView::resizeEvent(QResizeEvent *event)
{
    QTextBrowser::resizeEvent(event);
    heightForWidth(width()); // a layout may have asked for other widths in between
}

int MarkdownView::idealWidth(int limit) const
{
    // By the font: the document is laid out at a fixed width and knows no other.
    const QFontMetricsF metrics(document()->defaultFont());
    double widest = 0;
    for (QTextBlock block = document()->begin(); block.isValid(); block = block.next()) {
        const QString text = block.text();
        // The tail of a very long line changes nothing.
        widest =
            std::max(widest,
                     metrics.horizontalAdvance(text.left(2000))
                         + static_cast<double>(text.count(QLatin1Char('\t'))) * tabStopDistance());
        if (widest >= limit)
            return limit;
    }
    return std::min(limit, static_cast<int>(std::ceil(widest)) + 2);
}

QSize MarkdownView::sizeHint() const
{
    const int width = m_measuredWidth > 0 ? m_measuredWidth : 400;
    return {width, heightForWidth(width)};
}

QVariant MarkdownView::loadResource(int, const QUrl &)
{
    return {};
}

void MarkdownView::wheelEvent(QWheelEvent *event)
{
    event->ignore(); // the conversation scrolls
}

bool MarkdownView::event(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto *help = static_cast<QHelpEvent *>(event);
        const QString target = anchorAt(viewport()->mapFromGlobal(help->globalPos()));
        if (target.isEmpty())
            QToolTip::hideText();
        else
            QToolTip::showText(help->globalPos(), target.toHtmlEscaped(), this);
        return true;
    }
    return QTextBrowser::event(event);
}

void MarkdownView::contextMenuEvent(QContextMenuEvent *event)
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    menu->setObjectName(QStringLiteral("textMenu"));
    QAction *copyAction =
        menu->addAction(Theme::icon(QStringLiteral("copy")), tr("Copy"), this, &QTextEdit::copy);
    copyAction->setEnabled(textCursor().hasSelection());
    menu->addAction(tr("Select all"), this, &QTextEdit::selectAll);
    const QString target = anchorAt(event->pos());
    if (!target.isEmpty())
        menu->addAction(Theme::icon(QStringLiteral("link")), tr("Open link…"), this,
                        [this, target] { Q_EMIT linkActivated(QUrl(target)); });
    menu->popup(event->globalPos());
}

} // namespace pilotlight
