// SPDX-License-Identifier: MIT
#include "ui/sessions/earliersessionsdialog.h"

#include "ui/sessions/sessiontext.h"
#include "ui/theme/theme.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPainter>
#include <QPushButton>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include <algorithm>

namespace pilotlight {

namespace {

constexpr int kDetail = Qt::UserRole + 1;
constexpr int kAge = Qt::UserRole + 2;
constexpr int kSearch = Qt::UserRole + 3;
constexpr int kIndex = Qt::UserRole + 4;

//! Two lines: what it was about, then where and when.
class SummaryDelegate final : public QStyledItemDelegate
{
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem &, const QModelIndex &) const override
    {
        return {200,
                QFontMetrics(Theme::font()).height() + QFontMetrics(Theme::font(-1)).height() + 19};
    }
    void paint(QPainter *painter, const QStyleOptionViewItem &option,
               const QModelIndex &index) const override
    {
        const Theme &theme = Theme::instance();
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        const bool selected = option.state.testFlag(QStyle::State_Selected);
        if (selected || option.state.testFlag(QStyle::State_MouseOver)) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(theme.color(selected ? ColorRole::Selected : ColorRole::Hover));
            painter->drawRoundedRect(option.rect.adjusted(2, 1, -2, -1), Theme::smallRadius,
                                     Theme::smallRadius);
        }
        const QRect r = option.rect.adjusted(12, 8, -12, -8);
        const QFont small = Theme::font(-1);
        const QFontMetrics metrics(small);
        const QString age = index.data(kAge).toString();
        const int ageWidth = metrics.horizontalAdvance(age) + 2;
        painter->setFont(small);
        painter->setPen(theme.color(ColorRole::Muted));
        painter->drawText(r, Qt::AlignTop | Qt::AlignRight, age);
        painter->drawText(
            r, Qt::AlignBottom | Qt::AlignLeft,
            metrics.elidedText(index.data(kDetail).toString(), Qt::ElideMiddle, r.width()));
        painter->setFont(Theme::font());
        painter->setPen(theme.color(ColorRole::Text));
        painter->drawText(
            r, Qt::AlignTop | Qt::AlignLeft,
            QFontMetrics(Theme::font())
                .elidedText(index.data().toString(), Qt::ElideRight, r.width() - ageWidth - 8));
        painter->restore();
    }
};

} // namespace

EarlierSessionsDialog::EarlierSessionsDialog(SessionManager &manager, QWidget *parent)
    : QDialog(parent)
    , m_manager(manager)
{
    setObjectName(QStringLiteral("earlierSessionsDialog"));
    setWindowTitle(tr("Earlier sessions"));
    resize(560, 520);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(Theme::space(5), Theme::space(5), Theme::space(5), Theme::space(5));
    layout->setSpacing(Theme::space(2));
    auto *title = new QLabel(tr("Earlier sessions"), this);
    title->setObjectName(QStringLiteral("earlierTitle"));
    title->setFont(Theme::font(4, true));
    layout->addWidget(title);
    auto *intro = new QLabel(
        tr("Conversations that the server has kept. Open one to go on where it stopped."), this);
    intro->setObjectName(QStringLiteral("earlierIntro"));
    intro->setProperty("muted", true);
    intro->setWordWrap(true);
    layout->addWidget(intro);

    m_filter = new QLineEdit(this);
    m_filter->setObjectName(QStringLiteral("earlierFilter"));
    m_filter->setPlaceholderText(tr("Filter by name, folder or id"));
    m_filter->setAccessibleName(tr("Filter earlier sessions"));
    m_filter->setClearButtonEnabled(true);
    m_filter->addAction(Theme::icon(QStringLiteral("search"), ColorRole::Muted),
                        QLineEdit::LeadingPosition);
    layout->addWidget(m_filter);

    m_list = new QListWidget(this);
    m_list->setObjectName(QStringLiteral("earlierList"));
    m_list->setAccessibleName(tr("Earlier sessions"));
    m_list->setItemDelegate(new SummaryDelegate(m_list));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_list->setUniformItemSizes(true);
    m_list->setMouseTracking(true);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    layout->addWidget(m_list, 1);
    m_message = new QLabel(this);
    m_message->setObjectName(QStringLiteral("earlierMessage"));
    m_message->setAlignment(Qt::AlignCenter);
    m_message->setWordWrap(true);
    m_message->setProperty("muted", true);
    layout->addWidget(m_message, 1);

    auto *buttons = new QHBoxLayout;
    m_reload = new QPushButton(tr("&Reload"), this);
    m_reload->setObjectName(QStringLiteral("earlierReload"));
    m_reload->setProperty("kind", QStringLiteral("quiet"));
    m_reload->setIcon(Theme::icon(QStringLiteral("refresh"), ColorRole::Muted));
    m_reload->setAutoDefault(false);
    buttons->addWidget(m_reload);
    buttons->addStretch();
    auto *cancel = new QPushButton(tr("Cancel"), this);
    cancel->setObjectName(QStringLiteral("earlierCancel"));
    cancel->setAutoDefault(false);
    buttons->addWidget(cancel);
    m_open = new QPushButton(tr("&Open"), this);
    m_open->setObjectName(QStringLiteral("earlierOpen"));
    m_open->setProperty("kind", QStringLiteral("primary"));
    m_open->setDefault(true);
    buttons->addWidget(m_open);
    layout->addLayout(buttons);

    connect(m_filter, &QLineEdit::textChanged, this, &EarlierSessionsDialog::filter);
    connect(m_reload, &QPushButton::clicked, this, &EarlierSessionsDialog::load);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(m_open, &QPushButton::clicked, this, &EarlierSessionsDialog::openSelected);
    connect(m_list, &QListWidget::itemActivated, this, &EarlierSessionsDialog::openSelected);
    connect(m_list, &QListWidget::itemSelectionChanged, this,
            [this] { m_open->setEnabled(!m_list->selectedItems().isEmpty()); });
    m_filter->setFocus();
    load();
}

void EarlierSessionsDialog::setMessage(const QString &text)
{
    m_message->setText(text);
    m_message->setVisible(!text.isEmpty());
    m_list->setVisible(text.isEmpty());
    m_open->setEnabled(!m_list->selectedItems().isEmpty());
}

void EarlierSessionsDialog::load()
{
    m_list->clear();
    setMessage(tr("Asking the server…"));
    m_manager.listServerSessions(this, [this](const Result<QList<SessionSummary>> &result) {
        if (!result) {
            setMessage(tr("The list could not be read.") + QLatin1Char('\n')
                       + errorSentence(result.error()));
            return;
        }
        show(*result);
    });
}

void EarlierSessionsDialog::show(const QList<SessionSummary> &summaries)
{
    m_summaries = summaries;
    std::stable_sort(m_summaries.begin(), m_summaries.end(),
                     [](const auto &a, const auto &b) { return a.modified > b.modified; });
    const QDateTime now = QDateTime::currentDateTimeUtc();
    m_list->clear();
    for (int i = 0; i < m_summaries.size(); ++i) {
        const SessionSummary &s = m_summaries.at(i);
        if (m_manager.find(s.id))
            continue;
        QString name = s.name.simplified();
        if (name.isEmpty())
            name = s.summary.simplified();
        if (name.isEmpty())
            name = tr("Without a name");
        auto *item = new QListWidgetItem(name, m_list);
        const QString age = ageText(s.modified, now);
        item->setData(kDetail, s.workingDirectory.isEmpty() ? s.id : s.workingDirectory);
        item->setData(kAge, age);
        item->setData(kIndex, i);
        item->setData(
            kSearch,
            QStringList{name, s.summary, s.workingDirectory, s.id}.join(QLatin1Char('\n')));
        item->setData(Qt::AccessibleTextRole,
                      QStringList{name, s.workingDirectory, age}.join(QStringLiteral(", ")));
    }
    filter();
}

void EarlierSessionsDialog::filter()
{
    const QStringList words =
        m_filter->text().simplified().split(QLatin1Char(' '), Qt::SkipEmptyParts);
    int shown = 0;
    QListWidgetItem *first = nullptr;
    for (int row = 0; row < m_list->count(); ++row) {
        QListWidgetItem *item = m_list->item(row);
        const QString text = item->data(kSearch).toString();
        const bool match = std::all_of(words.begin(), words.end(), [&](const QString &word) {
            return text.contains(word, Qt::CaseInsensitive);
        });
        item->setHidden(!match);
        if (!match)
            item->setSelected(false);
        else if (++shown == 1)
            first = item;
    }
    if (m_list->count() == 0)
        setMessage(tr("The server has no other sessions.\nA session is kept there from its first "
                      "message on."));
    else if (shown == 0)
        setMessage(tr("Nothing matches “%1”.").arg(m_filter->text().simplified()));
    else
        setMessage({});
    if (first && m_list->selectedItems().isEmpty())
        m_list->setCurrentItem(first);
}

void EarlierSessionsDialog::openSelected()
{
    QString last;
    const auto items = m_list->selectedItems();
    for (const QListWidgetItem *item : items) {
        if (const Session *session = m_manager.adopt(m_summaries.at(item->data(kIndex).toInt())))
            last = session->id();
    }
    if (last.isEmpty())
        return;
    Q_EMIT opened(last);
    accept();
}

} // namespace pilotlight
