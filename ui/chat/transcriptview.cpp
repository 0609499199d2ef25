// SPDX-License-Identifier: MIT
#include "ui/chat/transcriptview.h"

#include "ui/theme/theme.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>

#include <algorithm>
#include <utility>

namespace pilotlight {

namespace {

constexpr int kFrame = 33; //!< ms: 30 updates a second
constexpr int kTop = 20;
constexpr int kBottom = 24;
constexpr int kSide = 24;
constexpr int kColumn = 860; //!< longer lines are hard to read
constexpr int kIndent = 22; //!< of a sub-agent's rows

} // namespace

//! Draws the rails of sub-agents behind the rows.
class Canvas final : public QWidget
{
public:
    using QWidget::QWidget;
    QList<QRect> rails;

protected:
    void paintEvent(QPaintEvent *) override
    {
        QPainter painter(this);
        painter.setPen(Qt::NoPen);
        painter.setBrush(Theme::instance().color(ColorRole::Border));
        for (const QRect &rail : std::as_const(rails))
            painter.drawRect(rail);
    }
};

TranscriptView::TranscriptView(QWidget *parent)
    : QAbstractScrollArea(parent)
    , m_actions(nullptr)
    , m_canvas(new Canvas(viewport()))
{
    setObjectName(QStringLiteral("transcriptView"));
    setAccessibleName(tr("Conversation"));
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    // Always there: a bar that comes and goes would change the width, and with it every height.
    setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOn);
    viewport()->setAutoFillBackground(false);
    m_canvas->setObjectName(QStringLiteral("transcriptCanvas"));
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &TranscriptView::apply);
    m_tick.setInterval(1000);
    connect(&m_tick, &QTimer::timeout, this, [this] {
        const QDateTime now = QDateTime::currentDateTimeUtc();
        bool moved = false;
        for (Entry &entry : m_rows) {
            if (entry.widget && entry.widget->tick(now)) {
                entry.measured = false;
                moved = true;
            }
        }
        if (moved)
            relayout();
    });
    connect(&Theme::instance(), &Theme::changed, this, &TranscriptView::rebuild);
    // Tab into something that is out of sight brings it into view.
    connect(qApp, &QApplication::focusChanged, this, [this](QWidget *, QWidget *now) {
        if (!now || now == m_canvas || !m_canvas->isAncestorOf(now)
            || QApplication::mouseButtons() != Qt::NoButton)
            return;
        const QRect area(now->mapTo(m_canvas, QPoint()), now->size());
        QScrollBar *bar = verticalScrollBar();
        if (area.top() < bar->value())
            bar->setValue(area.top() - kTop);
        else if (area.bottom() > bar->value() + viewport()->height())
            bar->setValue(std::min(area.top() - kTop, area.bottom() - viewport()->height() + kTop));
    });
}

TranscriptView::~TranscriptView()
{
    // Rows hold a reference to m_actions, which goes before the base class deletes its children.
    delete m_canvas;
}

void TranscriptView::setTranscript(const Transcript *transcript, const QString &key)
{
    if (m_transcript) {
        m_transcript->disconnect(this);
        if (!m_key.isEmpty()) {
            for (int row = 0; row < rowCount(); ++row)
                dropWidget(row);
            m_memory[m_key].place = m_place;
        }
    }
    for (int row = 0; row < rowCount(); ++row)
        dropWidget(row);
    m_rows.clear();
    m_dirty.clear();
    m_timer.stop();
    m_transcript = transcript;
    m_key = key;
    if (transcript) {
        connect(transcript, &Transcript::itemsInserted, this, &TranscriptView::inserted);
        connect(transcript, &Transcript::itemsRemoved, this, &TranscriptView::removed);
        connect(transcript, &Transcript::itemChanged, this, [this](int item) {
            m_dirty.insert(item);
            schedule();
        });
        connect(transcript, &Transcript::reset, this, &TranscriptView::rebuild);
        connect(transcript, &QObject::destroyed, this, [this] {
            m_transcript = nullptr;
            rebuild();
        });
        m_tick.start();
    } else {
        m_tick.stop();
    }
    m_place = m_memory.value(key).place;
    rebuild();
}

void TranscriptView::forget(const QString &key)
{
    m_memory.remove(key);
}

void TranscriptView::rebuild()
{
    for (int row = 0; row < rowCount(); ++row)
        dropWidget(row);
    m_rows.clear();
    m_dirty.clear();
    if (m_transcript) {
        m_rows.reserve(m_transcript->items().size());
        for (int item = 0; item < static_cast<int>(m_transcript->items().size()); ++item) {
            const std::vector<Entry> entries = entriesFor(item);
            m_rows.insert(m_rows.end(), entries.begin(), entries.end());
        }
    }
    relayout();
}

std::vector<TranscriptView::Entry> TranscriptView::entriesFor(int item) const
{
    const TranscriptItem &content = m_transcript->items()[static_cast<size_t>(item)];
    const int parts = partsOf(content);
    const int height = estimatedHeight(content, parts, contentWidth());
    std::vector<Entry> result(static_cast<size_t>(parts));
    for (int part = 0; part < parts; ++part) {
        Entry &entry = result[static_cast<size_t>(part)];
        entry.item = item;
        entry.part = part;
        entry.height = height;
    }
    return result;
}

int TranscriptView::firstRowOf(int item) const
{
    const auto it =
        std::lower_bound(m_rows.begin(), m_rows.end(), item,
                         [](const Entry &entry, int wanted) { return entry.item < wanted; });
    return static_cast<int>(it - m_rows.begin());
}

const TranscriptItem &TranscriptView::itemAt(int row) const
{
    return m_transcript->items()[static_cast<size_t>(m_rows[static_cast<size_t>(row)].item)];
}

void TranscriptView::inserted(int first, int last)
{
    const int count = last - first + 1;
    const int at = firstRowOf(first);
    const bool atEnd = at == rowCount();
    for (size_t row = static_cast<size_t>(at); row < m_rows.size(); ++row)
        m_rows[row].item += count;
    std::vector<Entry> fresh;
    for (int item = first; item <= last; ++item) {
        const std::vector<Entry> entries = entriesFor(item);
        fresh.insert(fresh.end(), entries.begin(), entries.end());
    }
    m_rows.insert(m_rows.begin() + at, fresh.begin(), fresh.end());
    QSet<int> moved;
    for (const int item : std::as_const(m_dirty))
        moved.insert(item >= first ? item + count : item);
    m_dirty = moved;
    if (!m_place.bottom && m_place.row >= at)
        m_place.row += static_cast<int>(fresh.size());
    if (!m_place.bottom && atEnd)
        Q_EMIT newBelow();
    schedule();
}

void TranscriptView::removed(int first, int last)
{
    const int count = last - first + 1;
    const int from = firstRowOf(first);
    const int to = firstRowOf(last + 1);
    for (int row = from; row < to; ++row)
        dropWidget(row);
    m_rows.erase(m_rows.begin() + from, m_rows.begin() + to);
    for (size_t row = static_cast<size_t>(from); row < m_rows.size(); ++row)
        m_rows[row].item -= count;
    QSet<int> moved;
    for (const int item : std::as_const(m_dirty)) {
        if (item < first)
            moved.insert(item);
        else if (item > last)
            moved.insert(item - count);
    }
    m_dirty = moved;
    if (!m_place.bottom && m_place.row >= to)
        m_place.row -= to - from;
    else if (!m_place.bottom && m_place.row >= from)
        m_place = {rowCount() == 0, std::min(from, std::max(0, rowCount() - 1)), 0};
    schedule();
}

void TranscriptView::updateItem(int item)
{
    const TranscriptItem &content = m_transcript->items()[static_cast<size_t>(item)];
    const int at = firstRowOf(item);
    const int had = firstRowOf(item + 1) - at;
    const int parts = partsOf(content);
    if (parts > had) {
        const std::vector<Entry> entries = entriesFor(item);
        m_rows.insert(m_rows.begin() + at + had, entries.begin() + had, entries.end());
        if (!m_place.bottom && m_place.row >= at + had)
            m_place.row += parts - had;
    } else if (parts < had) {
        for (int row = at + parts; row < at + had; ++row)
            dropWidget(row);
        m_rows.erase(m_rows.begin() + at + parts, m_rows.begin() + at + had);
        if (!m_place.bottom && m_place.row >= at + had)
            m_place.row -= had - parts;
        else if (!m_place.bottom && m_place.row >= at + parts)
            m_place = {false, at + parts - 1, 0};
    }
    for (int row = at; row < at + parts; ++row) {
        Entry &entry = m_rows[static_cast<size_t>(row)];
        entry.measured = false;
        if (!entry.widget) {
            if (row + 1 == at + parts)
                entry.height =
                    std::max(entry.height, estimatedHeight(content, parts, contentWidth()));
            continue;
        }
        // An item may change its kind (a pending prompt that became something else): make it anew.
        if (entry.widget->property("kind").toULongLong() == content.data.index()) {
            entry.widget->setPart(entry.part, parts);
            entry.widget->setItem(content);
        } else {
            dropWidget(row);
        }
    }
}

void TranscriptView::schedule()
{
    if (!m_timer.isActive())
        m_timer.start(m_timer.property("next").isValid() ? m_timer.property("next").toInt()
                                                         : kFrame);
}

void TranscriptView::flush()
{
    if (m_timer.isActive()) {
        m_timer.stop();
        apply();
    }
}

void TranscriptView::apply()
{
    if (!m_transcript)
        return;
    QElapsedTimer timer;
    timer.start();
    ++m_updates;
    const QSet<int> items = std::exchange(m_dirty, {});
    for (const int item : items) {
        if (item >= 0 && item < static_cast<int>(m_transcript->items().size()))
            updateItem(item);
    }
    relayout();
    // A quarter of the time at most: the rest belongs to typing and painting.
    m_timer.setProperty("next", std::clamp(static_cast<int>(timer.elapsed()) * 4, kFrame, 1000));
}

int TranscriptView::contentWidth() const
{
    return std::max(200, std::min(viewport()->width() - 2 * kSide, kColumn));
}

int TranscriptView::contentLeft() const
{
    return std::max(kSide, (viewport()->width() - contentWidth()) / 2);
}

int TranscriptView::indentOf(int row) const
{
    return itemAt(row).agentId.isEmpty() ? 0 : kIndent;
}

int TranscriptView::gapBefore(int row) const
{
    if (row == 0)
        return kTop;
    if (m_rows[static_cast<size_t>(row)].part > 0)
        return 8; // as between the segments of one answer
    const auto &before = itemAt(row - 1).data;
    const auto &now = itemAt(row).data;
    if (std::holds_alternative<UserItem>(now) || std::holds_alternative<UserItem>(before))
        return 20;
    return now.index() == before.index() ? 6 : 12;
}

std::vector<int> TranscriptView::positions(int *total) const
{
    std::vector<int> result(m_rows.size());
    int y = 0;
    for (size_t i = 0; i < m_rows.size(); ++i) {
        y += gapBefore(static_cast<int>(i));
        result[i] = y;
        y += m_rows[i].height;
    }
    *total = m_rows.empty() ? 0 : y + kBottom;
    return result;
}

void TranscriptView::ensureWidget(int row)
{
    Entry &entry = m_rows[static_cast<size_t>(row)];
    if (entry.widget)
        return;
    const TranscriptItem &item = itemAt(row);
    const int parts = firstRowOf(entry.item + 1) - firstRowOf(entry.item);
    entry.widget = makeRow(item, entry.part, parts, m_actions, m_canvas);
    entry.widget->setProperty("kind", static_cast<qulonglong>(item.data.index()));
    const QString key = rowKey(item);
    if (!key.isEmpty()) {
        entry.widget->setProperty("key", key);
        const auto memory = m_memory.constFind(m_key);
        if (memory != m_memory.constEnd() && memory->states.contains(key))
            entry.widget->setViewState(memory->states.value(key));
    }
    // A fold was opened or closed by the user: at once, and where the pointer is stays where it is.
    Row *widget = entry.widget;
    connect(widget, &Row::heightChanged, this, [this, widget] {
        const auto it = std::find_if(m_rows.begin(), m_rows.end(),
                                     [widget](const Entry &e) { return e.widget == widget; });
        if (it == m_rows.end())
            return;
        it->measured = false;
        const int changed = static_cast<int>(it - m_rows.begin());
        // Keep the row's own top in place, even if the conversation stood at its end.
        m_place = {false, changed, verticalScrollBar()->value() - widget->y()};
        relayout();
        placeFromScroll();
    });
    entry.measured = false;
    m_tabOrderStale = true;
}

void TranscriptView::dropWidget(int row)
{
    Entry &entry = m_rows[static_cast<size_t>(row)];
    if (!entry.widget)
        return;
    const QString key = entry.widget->property("key").toString();
    if (!key.isEmpty()) {
        const QVariant state = entry.widget->viewState();
        if (state.toBool() || !state.toString().isEmpty())
            m_memory[m_key].states.insert(key, state);
        else
            m_memory[m_key].states.remove(key);
    }
    entry.widget->hide();
    entry.widget->disconnect(this);
    // It may be inside its own click.
    entry.widget->deleteLater();
    entry.widget = nullptr;
}

void TranscriptView::placeFromScroll()
{
    int total = 0;
    const std::vector<int> top = positions(&total);
    const int value = verticalScrollBar()->value();
    if (value >= verticalScrollBar()->maximum() - 2 || m_rows.empty()) {
        m_place = {true, 0, 0};
    } else {
        const auto it = std::upper_bound(top.begin(), top.end(), value);
        const int row = std::max(0, static_cast<int>(it - top.begin()) - 1);
        m_place = {false, row, value - top[static_cast<size_t>(row)]};
    }
    if (m_place.bottom != m_wasAtBottom) {
        m_wasAtBottom = m_place.bottom;
        Q_EMIT atBottomChanged(m_place.bottom);
    }
}

void TranscriptView::relayout()
{
    if (m_inLayout)
        return;
    m_inLayout = true;
    const int width = contentWidth();
    const int left = contentLeft();
    const int height = viewport()->height();
    if (width != m_width) {
        m_width = width;
        for (Entry &entry : m_rows)
            entry.measured = false;
    }
    int total = 0;
    int value = 0;
    int first = 0;
    int last = -1;
    std::vector<int> top;
    // Measuring a row can move others into view, so again until nothing changes. Each pass measures
    // at least one row more, and few passes are ever needed; the bound only guards against a cycle.
    for (int pass = 0; pass < 20; ++pass) {
        top = positions(&total);
        const int maximum = std::max(0, total - height);
        if (m_place.bottom || m_rows.empty())
            value = maximum;
        else
            value = std::clamp(top[static_cast<size_t>(std::min(m_place.row, rowCount() - 1))]
                                   + m_place.offset,
                               0, maximum);
        // Half a screen more on either side, so that a turn of the wheel finds its rows ready.
        const int from = value - height / 2;
        const int to = value + height + height / 2;
        first = std::max(
            0, static_cast<int>(std::upper_bound(top.begin(), top.end(), from) - top.begin()) - 1);
        last = static_cast<int>(std::lower_bound(top.begin(), top.end(), to) - top.begin()) - 1;
        bool changed = false;
        for (int row = first; row <= last; ++row) {
            Entry &entry = m_rows[static_cast<size_t>(row)];
            if (entry.widget && entry.measured)
                continue;
            ensureWidget(row);
            const int measured = std::max(1, entry.widget->heightFor(width - indentOf(row)));
            entry.measured = true;
            changed = changed || measured != entry.height;
            entry.height = measured;
        }
        if (!changed)
            break;
    }
    QList<QRect> rails;
    for (int row = 0; row < rowCount(); ++row) {
        Entry &entry = m_rows[static_cast<size_t>(row)];
        if (!entry.widget)
            continue;
        const bool near = row >= first && row <= last;
        if (!near && !entry.widget->mustStay()) {
            // Far away: its height stays as it was measured.
            const int distance = row < first ? first - row : row - last;
            if (distance > 20)
                dropWidget(row);
        }
        if (!entry.widget)
            continue;
        const int indent = indentOf(row);
        const int y = top[static_cast<size_t>(row)];
        const int x = layoutDirection() == Qt::RightToLeft ? left : left + indent;
        entry.widget->setGeometry(x, y, width - indent, entry.height);
        if (entry.widget->isHidden())
            entry.widget->show();
        if (indent > 0) {
            const bool joined = row > 0 && indentOf(row - 1) > 0;
            const int railTop = joined
                ? top[static_cast<size_t>(row - 1)] + m_rows[static_cast<size_t>(row - 1)].height
                : y;
            rails.append(QRect(layoutDirection() == Qt::RightToLeft ? left + width - 10 : left + 8,
                               railTop, 2, y + entry.height - railTop));
        }
    }
    auto *canvas = static_cast<Canvas *>(m_canvas);
    if (canvas->rails != rails) {
        canvas->rails = rails;
        canvas->update();
    }
    verticalScrollBar()->setPageStep(height);
    verticalScrollBar()->setSingleStep(48);
    verticalScrollBar()->setRange(0, std::max(0, total - height));
    verticalScrollBar()->setEnabled(total > height); // its handle is not drawn then
    verticalScrollBar()->setValue(value);
    m_canvas->setGeometry(0, -value, viewport()->width(), std::max(total, height));
    if (m_tabOrderStale) {
        m_tabOrderStale = false;
        updateTabOrder(0, rowCount() - 1);
    }
    m_inLayout = false;
    if (m_place.bottom != m_wasAtBottom) {
        m_wasAtBottom = m_place.bottom;
        Q_EMIT atBottomChanged(m_place.bottom);
    }
}

void TranscriptView::updateTabOrder(int first, int last)
{
    // Widgets are made in the order in which they came into view; Tab must go from top to bottom.
    QWidget *previous = this;
    for (int row = first; row <= last; ++row) {
        const Row *widget = m_rows[static_cast<size_t>(row)].widget;
        if (!widget)
            continue;
        const auto children = widget->findChildren<QWidget *>();
        for (QWidget *child : children) {
            if (child->focusPolicy() == Qt::NoFocus || child->focusProxy())
                continue;
            setTabOrder(previous, child);
            previous = child;
        }
    }
}

void TranscriptView::resizeEvent(QResizeEvent *event)
{
    QAbstractScrollArea::resizeEvent(event);
    relayout();
}

void TranscriptView::scrollContentsBy(int, int)
{
    if (m_inLayout)
        return;
    placeFromScroll();
    relayout();
}

void TranscriptView::paintEvent(QPaintEvent *)
{
    QPainter painter(viewport());
    painter.fillRect(viewport()->rect(), Theme::instance().color(ColorRole::Window));
}

void TranscriptView::keyPressEvent(QKeyEvent *event)
{
    QScrollBar *bar = verticalScrollBar();
    switch (event->key()) {
    case Qt::Key_Home:
        bar->setValue(0);
        break;
    case Qt::Key_End:
        scrollToBottom();
        break;
    case Qt::Key_Space:
        bar->setValue(bar->value()
                      + (event->modifiers() & Qt::ShiftModifier ? -1 : 1) * (bar->pageStep() - 48));
        break;
    default:
        QAbstractScrollArea::keyPressEvent(event);
        return;
    }
    event->accept();
}

bool TranscriptView::isAtBottom() const
{
    return m_place.bottom;
}

void TranscriptView::scrollToBottom()
{
    m_place = {true, 0, 0};
    relayout();
}

void TranscriptView::makeVisible(int row)
{
    if (row < 0 || row >= rowCount())
        return;
    m_place = {false, row, -kTop};
    relayout();
    placeFromScroll();
}

bool TranscriptView::focusWaiting()
{
    if (!m_transcript)
        return false;
    flush();
    for (int row = 0; row < rowCount(); ++row) {
        const auto &content = itemAt(row).data;
        const auto *permission = std::get_if<PermissionItem>(&content);
        const auto *question = std::get_if<QuestionItem>(&content);
        const auto *plan = std::get_if<PlanItem>(&content);
        if (!(permission && permission->state == PermissionItem::State::Waiting)
            && !(question && question->state == QuestionItem::State::Waiting)
            && !(plan && plan->state == PlanItem::State::Waiting))
            continue;
        Row *widget = rowWidget(row);
        const bool inView = widget && widget->y() >= verticalScrollBar()->value()
            && widget->geometry().bottom() <= verticalScrollBar()->value() + viewport()->height();
        if (!inView)
            makeVisible(row);
        widget = rowWidget(row);
        if (QWidget *target = widget ? widget->answerWidget() : nullptr) {
            target->setFocus(Qt::ShortcutFocusReason);
            return true;
        }
    }
    return false;
}

int TranscriptView::liveRows() const
{
    return static_cast<int>(std::count_if(m_rows.begin(), m_rows.end(),
                                          [](const Entry &e) { return e.widget != nullptr; }));
}

Row *TranscriptView::rowWidget(int row) const
{
    return row >= 0 && row < rowCount() ? m_rows[static_cast<size_t>(row)].widget : nullptr;
}

} // namespace pilotlight
