// SPDX-License-Identifier: MIT
#include "ui/log/logview.h"

#include "ui/log/logdelegate.h"
#include "ui/theme/theme.h"
#include "ui/widgets/plural.h"

#include <QHeaderView>
#include <QKeyEvent>
#include <QLocale>
#include <QPushButton>
#include <QScopedValueRollback>
#include <QScrollBar>

#include <algorithm>

namespace pilotlight {

LogView::LogView(LogModel *model, QWidget *parent)
    : QTableView(parent)
    , m_model(model)
    , m_chip(new QPushButton(this))
{
    setObjectName(QStringLiteral("logView"));
    setAccessibleName(tr("Log lines"));
    setModel(model);
    setItemDelegate(new LogDelegate(this));
    setShowGrid(false);
    setWordWrap(false);
    setFrameShape(QFrame::NoFrame);
    setTabKeyNavigation(false);
    setSelectionBehavior(SelectRows);
    setSelectionMode(ExtendedSelection);
    setEditTriggers(NoEditTriggers);
    setVerticalScrollMode(ScrollPerItem); // the bar's value is a row
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setCornerButtonEnabled(false);
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    horizontalHeader()->hide();
    horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    horizontalHeader()->setStretchLastSection(true);
    horizontalHeader()->setMinimumSectionSize(20);

    m_chip->setObjectName(QStringLiteral("newLinesChip"));
    m_chip->setProperty("kind", QStringLiteral("primary"));
    m_chip->setIcon(Theme::icon(QStringLiteral("arrow-down"), ColorRole::OnAccent));
    m_chip->setCursor(Qt::PointingHandCursor);
    m_chip->hide();
    connect(m_chip, &QPushButton::clicked, this, [this] { setFollowing(true); });
    connect(verticalScrollBar(), &QScrollBar::valueChanged, this, &LogView::onScrolled);
    connect(model, &QAbstractItemModel::modelReset, this, [this] {
        if (m_following)
            setFollowing(true);
    });
    connect(&Theme::instance(), &Theme::changed, this, [this] { viewport()->update(); });
    updateMetrics();
}

void LogView::updateMetrics()
{
    setFont(Theme::monospace());
    const QFontMetrics metrics(font());
    verticalHeader()->setMinimumSectionSize(1);
    verticalHeader()->setDefaultSectionSize(metrics.height() + 5);
    const auto width = [&](const QString &sample) {
        return metrics.horizontalAdvance(sample) + 16;
    };
    setColumnWidth(LogModel::TimeColumn, width(QStringLiteral("00:00:00.000")) + 4);
    setColumnWidth(LogModel::LevelColumn,
                   22
                       + std::max(width(LogModel::levelName(LogLevel::Warning)),
                                  width(LogModel::levelName(LogLevel::Debug))));
    setColumnWidth(LogModel::TagColumn, width(QStringLiteral("CONNECTION")));
}

void LogView::changeEvent(QEvent *event)
{
    QTableView::changeEvent(event);
    // setFont() in updateMetrics() comes back as FontChange: only the application's counts.
    if (event->type() == QEvent::ApplicationFontChange)
        updateMetrics();
}

void LogView::setFollowing(bool following)
{
    const bool differs = following != m_following;
    m_following = following;
    if (following) {
        m_newLines = 0;
        const QScopedValueRollback moving(m_moving, true);
        scrollToBottom();
    }
    updateChip();
    if (differs)
        Q_EMIT followingChanged(following);
}

void LogView::onScrolled(int value)
{
    if (m_moving)
        return;
    const bool atEnd = value >= verticalScrollBar()->maximum();
    if (atEnd != m_following)
        setFollowing(atEnd);
}

void LogView::rowsInserted(const QModelIndex &parent, int first, int last)
{
    QTableView::rowsInserted(parent, first, last);
    if (m_following) {
        const QScopedValueRollback moving(m_moving, true);
        scrollToBottom();
    } else {
        m_newLines += last - first + 1;
        updateChip();
    }
}

void LogView::rowsAboutToBeRemoved(const QModelIndex &parent, int first, int last)
{
    QTableView::rowsAboutToBeRemoved(parent, first, last);
    if (m_following)
        return;
    // Lines go at the top only. What the user reads must not move under their eyes.
    const QScopedValueRollback moving(m_moving, true);
    const int value = verticalScrollBar()->value();
    QMetaObject::invokeMethod(
        this,
        [this, target = std::max(0, value - (last - first + 1))] {
            const QScopedValueRollback again(m_moving, true);
            updateGeometries();
            verticalScrollBar()->setValue(target);
        },
        Qt::QueuedConnection);
}

void LogView::keepPlace(const std::function<void()> &change)
{
    const quint64 current = currentId();
    const int top = rowAt(0);
    const quint64 topId = top >= 0 ? m_model->idAt(top) : 0;
    std::vector<quint64> selected;
    const QItemSelection before = selectionModel()->selection();
    for (const QItemSelectionRange &range : before) {
        for (int row = range.top(); row <= range.bottom(); ++row)
            selected.push_back(m_model->idAt(row));
    }
    std::sort(selected.begin(), selected.end());
    {
        const QScopedValueRollback moving(m_moving, true);
        change();
        updateGeometries();
        if (m_following)
            scrollToBottom();
        else if (topId && m_model->rowCount() > 0)
            verticalScrollBar()->setValue(m_model->rowFor(topId));
    }
    QItemSelection after;
    for (std::size_t i = 0; i < selected.size();) {
        if (!m_model->hasId(selected[i])) {
            ++i;
            continue;
        }
        const int first = m_model->rowFor(selected[i]);
        int last = first;
        for (++i; i < selected.size() && last + 1 < m_model->rowCount()
             && m_model->idAt(last + 1) == selected[i];
             ++i)
            ++last;
        after.select(m_model->index(first, 0), m_model->index(last, LogModel::ColumnCount - 1));
    }
    if (current && m_model->rowCount() > 0) {
        const QScopedValueRollback moving(m_moving, true);
        const int keep = verticalScrollBar()->value(); // making it current must not scroll
        selectionModel()->setCurrentIndex(m_model->index(m_model->rowFor(current), 0),
                                          QItemSelectionModel::NoUpdate);
        verticalScrollBar()->setValue(keep);
    }
    if (!after.isEmpty())
        selectionModel()->select(after, QItemSelectionModel::ClearAndSelect);
    updateChip();
}

void LogView::goTo(quint64 id)
{
    const int row = m_model->rowFor(id);
    if (row < 0)
        return;
    const bool last = row == m_model->rowCount() - 1;
    if (!last && m_following)
        setFollowing(false);
    const QModelIndex index = m_model->index(row, 0);
    selectionModel()->setCurrentIndex(
        index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    scrollTo(index, PositionAtCenter);
}

QList<int> LogView::chosenRows() const
{
    QList<int> rows;
    for (const QModelIndex &index : selectionModel()->selectedRows())
        rows.append(index.row());
    std::sort(rows.begin(), rows.end());
    if (rows.isEmpty() && currentIndex().isValid())
        rows.append(currentIndex().row());
    return rows;
}

quint64 LogView::currentId() const
{
    return currentIndex().isValid() ? m_model->idAt(currentIndex().row()) : 0;
}

void LogView::currentChanged(const QModelIndex &current, const QModelIndex &previous)
{
    QTableView::currentChanged(current, previous);
    Q_EMIT currentRecordChanged();
}

void LogView::keyPressEvent(QKeyEvent *event)
{
    const bool vertical = event->key() == Qt::Key_Up || event->key() == Qt::Key_Down
        || event->key() == Qt::Key_PageUp || event->key() == Qt::Key_PageDown;
    if (vertical && !currentIndex().isValid() && m_model->rowCount() > 0) {
        // The first step goes to what is seen, not to the oldest line.
        const int bottom = rowAt(viewport()->height() - 1);
        goTo(m_model->idAt(bottom >= 0 ? bottom : m_model->rowCount() - 1));
    } else if (event->matches(QKeySequence::Copy))
        Q_EMIT copyRequested();
    else if (event->matches(QKeySequence::MoveToEndOfDocument) || event->key() == Qt::Key_End)
        setFollowing(true);
    else if (event->key() == Qt::Key_Home && m_model->rowCount() > 0)
        goTo(m_model->idAt(0));
    else
        QTableView::keyPressEvent(event);
}

void LogView::focusInEvent(QFocusEvent *event)
{
    // QAbstractItemView would make the oldest line current, which nobody asked to see.
    if (currentIndex().isValid())
        QTableView::focusInEvent(event);
    else
        QAbstractScrollArea::focusInEvent(event); // NOLINT(bugprone-parent-virtual-call)
}

void LogView::updateChip()
{
    const bool wanted = !m_following && m_newLines > 0;
    if (wanted) {
        m_chip->setText(plural(m_newLines, tr("%1 new line"), tr("%1 new lines")));
        m_chip->setAccessibleName(plural(m_newLines, tr("%1 new line, go to the end"),
                                         tr("%1 new lines, go to the end")));
        placeChip();
    }
    m_chip->setVisible(wanted);
}

void LogView::placeChip()
{
    m_chip->adjustSize();
    const QRect area = viewport()->geometry();
    m_chip->move(area.center().x() - m_chip->width() / 2, area.bottom() - m_chip->height() - 8);
    m_chip->raise();
}

void LogView::resizeEvent(QResizeEvent *event)
{
    const bool following = m_following;
    {
        const QScopedValueRollback moving(m_moving, true);
        QTableView::resizeEvent(event);
        if (following)
            scrollToBottom();
    }
    placeChip();
}

} // namespace pilotlight
