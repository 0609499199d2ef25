// SPDX-License-Identifier: MIT
#include "ui/log/tagchips.h"

#include "ui/theme/theme.h"
#include "ui/widgets/flowlayout.h"
#include "ui/widgets/plural.h"

#include <QContextMenuEvent>
#include <QLocale>
#include <QMenu>
#include <QPainter>

namespace pilotlight {

namespace {

constexpr int Padding = 9;
constexpr int Gap = 6;

QFont smallFont()
{
    return Theme::font(-1.0);
}

} // namespace

TagChip::TagChip(const QString &tag, QWidget *parent)
    : QAbstractButton(parent)
    , m_tag(tag)
{
    setObjectName(QStringLiteral("tagChip_") + tag);
    setFocusPolicy(Qt::TabFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
    setToolTip(
        tr("Click: show only this tag (several can be chosen). Shift+click or Delete: hide it."));
    connect(this, &QAbstractButton::clicked, this, [this] { toggle(State::Included); });
    connect(&Theme::instance(), &Theme::changed, this, [this] { update(); });
    describe();
}

void TagChip::setState(State state)
{
    if (state == m_state)
        return;
    m_state = state;
    describe();
    update();
}

void TagChip::setCount(int total, int problems)
{
    if (total == m_total && problems == m_problems)
        return;
    const auto digits = QString::number(m_total).size();
    m_total = total;
    m_problems = problems;
    if (QString::number(total).size() != digits)
        updateGeometry();
    describe();
    update();
}

void TagChip::describe()
{
    const QString state = m_state == State::Included ? tr("shown only")
        : m_state == State::Excluded                 ? tr("hidden")
                                                     : QString();
    QString name = tr("Tag %1, ").arg(m_tag) + plural(m_total, tr("%1 line"), tr("%1 lines"));
    if (m_problems > 0)
        name += QStringLiteral(", ") + plural(m_problems, tr("%1 warning"), tr("%1 warnings"));
    if (!state.isEmpty())
        name += QStringLiteral(", ") + state;
    setAccessibleName(name);
}

void TagChip::toggle(State wanted)
{
    Q_EMIT stateRequested(m_state == wanted ? State::Neutral : wanted);
}

QSize TagChip::sizeHint() const
{
    const QFontMetrics metrics(smallFont());
    const int count = metrics.horizontalAdvance(QLocale().toString(m_total));
    return {Padding + metrics.horizontalAdvance(m_tag) + Gap + count + Padding,
            metrics.height() + 8};
}

void TagChip::paintEvent(QPaintEvent *)
{
    const Theme &theme = Theme::instance();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    ColorRole fill = underMouse() ? ColorRole::Hover : ColorRole::Surface;
    ColorRole edge = ColorRole::Border;
    ColorRole text = ColorRole::Text;
    if (m_state == State::Included) {
        fill = ColorRole::AccentSoft;
        edge = ColorRole::Accent;
        text = ColorRole::Accent;
    } else if (m_state == State::Excluded) {
        fill = ColorRole::Window;
        text = ColorRole::Muted;
    }
    QRectF frame = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
    QPen pen(theme.color(hasFocus() ? ColorRole::Accent : edge), hasFocus() ? 2.0 : 1.0);
    if (hasFocus())
        frame.adjust(0.5, 0.5, -0.5, -0.5);
    else if (m_state == State::Excluded)
        pen.setStyle(Qt::DashLine);
    painter.setPen(pen);
    painter.setBrush(theme.color(fill));
    painter.drawRoundedRect(frame, frame.height() / 2, frame.height() / 2);

    QFont font = smallFont();
    font.setStrikeOut(m_state == State::Excluded);
    if (m_state == State::Included)
        font.setWeight(QFont::Medium);
    painter.setFont(font);
    painter.setPen(theme.color(text));
    const int width = QFontMetrics(smallFont()).horizontalAdvance(m_tag);
    painter.drawText(QRect(Padding, 0, width + 2, height()), Qt::AlignVCenter, m_tag);
    painter.setFont(smallFont());
    painter.setPen(theme.color(m_problems > 0 ? ColorRole::Warning : ColorRole::Muted));
    painter.drawText(QRect(Padding + width + Gap, 0, this->width(), height()), Qt::AlignVCenter,
                     QLocale().toString(m_total));
}

void TagChip::mouseReleaseEvent(QMouseEvent *event)
{
    if (event->button() == Qt::LeftButton && event->modifiers().testFlag(Qt::ShiftModifier)
        && rect().contains(event->pos())) {
        setDown(false);
        toggle(State::Excluded);
        return;
    }
    QAbstractButton::mouseReleaseEvent(event);
}

void TagChip::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Delete || event->key() == Qt::Key_Minus)
        toggle(State::Excluded);
    else if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)
        toggle(State::Included);
    else
        QAbstractButton::keyPressEvent(event);
}

void TagChip::contextMenuEvent(QContextMenuEvent *event)
{
    auto *const menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const auto add = [&](const QString &text, State state) {
        QAction *const action =
            menu->addAction(text, this, [this, state] { Q_EMIT stateRequested(state); });
        action->setCheckable(true);
        action->setChecked(m_state == state);
    };
    add(tr("Show only %1").arg(m_tag), State::Included);
    add(tr("Hide %1").arg(m_tag), State::Excluded);
    add(tr("No filter for %1").arg(m_tag), State::Neutral);
    menu->popup(event->globalPos());
}

void TagChip::enterEvent(QEnterEvent *event)
{
    QAbstractButton::enterEvent(event);
    update();
}

void TagChip::leaveEvent(QEvent *event)
{
    QAbstractButton::leaveEvent(event);
    update();
}

TagChips::TagChips(QWidget *parent)
    : QWidget(parent)
{
    setObjectName(QStringLiteral("tagChips"));
    setAccessibleName(tr("Tag filter"));
    new FlowLayout(this, 6);
    QSizePolicy policy(QSizePolicy::Preferred, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

TagChip *TagChips::ensure(const QString &tag)
{
    if (TagChip *const known = m_chips.value(tag))
        return known;
    auto *const chip = new TagChip(tag, this);
    connect(chip, &TagChip::stateRequested, this, [this, tag](TagChip::State state) {
        m_included.remove(tag);
        m_excluded.remove(tag);
        if (state == TagChip::State::Included)
            m_included.insert(tag);
        else if (state == TagChip::State::Excluded)
            m_excluded.insert(tag);
        apply();
        Q_EMIT selectionChanged();
    });
    m_chips.insert(tag, chip);
    // Alphabetical order: the layout is small, so it is filled anew. So is the tab order.
    QWidget *before = nullptr;
    for (TagChip *each : std::as_const(m_chips)) {
        layout()->removeWidget(each);
        layout()->addWidget(each);
        if (before)
            setTabOrder(before, each);
        before = each;
    }
    chip->show();
    return chip;
}

void TagChips::setCounts(const QList<LogModel::TagCount> &counts)
{
    for (const LogModel::TagCount &count : counts)
        ensure(count.tag)->setCount(count.total, count.problems);
    apply();
}

void TagChips::setSelection(const QSet<QString> &included, const QSet<QString> &excluded)
{
    m_included = included;
    m_excluded = excluded;
    for (const QString &tag : included + excluded)
        ensure(tag); // also a tag of which there is no line yet
    apply();
}

void TagChips::apply()
{
    for (TagChip *chip : std::as_const(m_chips)) {
        chip->setState(m_excluded.contains(chip->tag())       ? TagChip::State::Excluded
                           : m_included.contains(chip->tag()) ? TagChip::State::Included
                                                              : TagChip::State::Neutral);
    }
}

} // namespace pilotlight
