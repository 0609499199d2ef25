// SPDX-License-Identifier: MIT
#include "ui/sessions/sessionlistview.h"

#include "session/sessionaddress.h"
#include "ui/sessions/earliersessionsdialog.h"
#include "ui/sessions/newsessiondialog.h"
#include "ui/sessions/sessiondelegate.h"
#include "ui/theme/theme.h"

#include <QActionGroup>
#include <QApplication>
#include <QClipboard>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>
#include <QShortcut>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

namespace pilotlight {

namespace {

QToolButton *toolButton(QWidget *parent, const char *name, const QString &icon, const QString &text)
{
    auto *button = new QToolButton(parent);
    button->setObjectName(QString::fromLatin1(name));
    button->setIcon(Theme::icon(icon));
    button->setIconSize({18, 18});
    button->setToolTip(text);
    button->setAccessibleName(text);
    button->setFocusPolicy(Qt::TabFocus);
    return button;
}

} // namespace

SessionListView::SessionListView(SessionManager &manager, QWidget *parent)
    : QWidget(parent)
    , m_manager(manager)
    , m_model(new SessionListModel(manager, &QDateTime::currentDateTimeUtc, this))
    , m_sorted(new SessionSortModel(this))
    , m_delegate(new SessionDelegate(this))
{
    setObjectName(QStringLiteral("sessionListView"));
    setProperty("area", QStringLiteral("sidebar"));
    setAttribute(Qt::WA_StyledBackground);
    setMinimumWidth(200);
    m_sorted->setSourceModel(m_model);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    makeHeader();

    m_pages = new QStackedWidget(this);
    m_pages->setObjectName(QStringLiteral("sessionPages"));
    layout->addWidget(m_pages, 1);
    m_list = new QListView(m_pages);
    m_list->setObjectName(QStringLiteral("sessionList"));
    m_list->setAccessibleName(tr("Sessions"));
    m_list->setModel(m_sorted);
    m_list->setItemDelegate(m_delegate);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setUniformItemSizes(true);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setMouseTracking(true);
    m_list->setEditTriggers(QAbstractItemView::EditKeyPressed);
    m_list->setContextMenuPolicy(Qt::CustomContextMenu);
    m_list->viewport()->setAutoFillBackground(false);
    m_pages->addWidget(m_list);
    makeEmptyPages();
    makeShortcuts();

    connect(m_list, &QListView::customContextMenuRequested, this, &SessionListView::showMenu);
    connect(m_list, &QListView::activated, this, [this](const QModelIndex &index) {
        Q_EMIT activated(index.data(SessionListModel::IdRole).toString());
    });
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &SessionListView::currentRowChanged);
    for (const auto signal :
         {&QAbstractItemModel::rowsInserted, &QAbstractItemModel::rowsRemoved}) {
        connect(m_sorted, signal, this, [this] {
            updatePage();
            updateAnimation();
        });
    }
    connect(m_sorted, &QAbstractItemModel::dataChanged, this, &SessionListView::updateAnimation);
    m_count.setSingleShot(true);
    m_count.setInterval(50);
    connect(&m_count, &QTimer::timeout, this, &SessionListView::updateCounts);
    const auto countLater = [this] {
        if (!m_count.isActive())
            m_count.start();
    };
    connect(m_model, &QAbstractItemModel::dataChanged, this, countLater);
    connect(m_model, &QAbstractItemModel::rowsInserted, this, countLater);
    connect(m_model, &QAbstractItemModel::rowsRemoved, this, countLater);
    connect(&Theme::instance(), &Theme::changed, m_list->viewport(), qOverload<>(&QWidget::update));

    m_ages.setTimerType(Qt::VeryCoarseTimer);
    m_ages.setInterval(30'000);
    connect(&m_ages, &QTimer::timeout, m_model, &SessionListModel::refreshAges);
    m_ages.start();
    m_turn.setInterval(66); // 15 pictures a second are calm and cheap; only while something works
    connect(&m_turn, &QTimer::timeout, this, [this] {
        m_angle = (m_angle + 18) % 360;
        m_delegate->setAngle(m_angle);
        if (!m_list->isVisible())
            return;
        for (int row = 0; row < m_sorted->rowCount(); ++row) {
            const auto state = static_cast<ShownState>(
                m_sorted->index(row, 0).data(SessionListModel::StateRole).toInt());
            if (state == ShownState::Working || state == ShownState::Attaching)
                m_list->update(m_sorted->index(row, 0));
        }
    });
    updatePage();
    updateAnimation();
    updateCounts();
    if (!m_manager.visible().isEmpty())
        setCurrentId(m_manager.visible());
    else if (m_sorted->rowCount() > 0)
        m_list->setCurrentIndex(m_sorted->index(0, 0));
}

void SessionListView::makeHeader()
{
    auto *header = new QWidget(this);
    header->setObjectName(QStringLiteral("sessionListHeader"));
    auto *layout = new QVBoxLayout(header);
    layout->setContentsMargins(Theme::space(4), Theme::space(3), Theme::space(2), Theme::space(2));
    layout->setSpacing(Theme::space(2));
    auto *row = new QHBoxLayout;
    row->setSpacing(2);
    auto *title = new QLabel(tr("Sessions"), header);
    title->setObjectName(QStringLiteral("sessionListTitle"));
    title->setFont(Theme::font(1, true));
    row->addWidget(title, 1);
    m_sort = toolButton(header, "sortButton", QStringLiteral("sort"), tr("Sort the sessions"));
    m_sort->setPopupMode(QToolButton::InstantPopup);
    auto *menu = new QMenu(m_sort);
    menu->setObjectName(QStringLiteral("sortMenu"));
    auto *group = new QActionGroup(menu);
    using Order = SessionSortModel::Order;
    for (const auto &[order, text] : {std::pair{Order::Recent, tr("Recent activity")},
                                      std::pair{Order::Name, tr("Name, A to Z")},
                                      std::pair{Order::Created, tr("Newest first")}}) {
        QAction *action = menu->addAction(text);
        action->setCheckable(true);
        action->setChecked(order == m_sorted->order());
        action->setData(static_cast<int>(order));
        group->addAction(action);
        connect(action, &QAction::triggered, this, [this, wanted = order] { setOrder(wanted); });
    }
    m_sort->setMenu(menu);
    row->addWidget(m_sort);
    auto *earlier = toolButton(header, "earlierButton", QStringLiteral("history"),
                               tr("Open an earlier session"));
    connect(earlier, &QToolButton::clicked, this, &SessionListView::earlierSessions);
    row->addWidget(earlier);
    auto *add = toolButton(header, "newSessionButton", QStringLiteral("plus"), tr("New session"));
    connect(add, &QToolButton::clicked, this, &SessionListView::newSession);
    row->addWidget(add);
    layout->addLayout(row);

    m_filter = new QLineEdit(header);
    m_filter->setObjectName(QStringLiteral("sessionFilter"));
    m_filter->setPlaceholderText(tr("Filter"));
    m_filter->setAccessibleName(tr("Filter sessions"));
    m_filter->setToolTip(tr("Words of the name, folder, model or state"));
    m_filter->setClearButtonEnabled(true);
    m_filter->addAction(Theme::icon(QStringLiteral("search"), ColorRole::Muted),
                        QLineEdit::LeadingPosition);
    m_filter->installEventFilter(this);
    auto *filterRow = new QHBoxLayout;
    filterRow->setContentsMargins(0, 0, Theme::space(2), 0);
    filterRow->addWidget(m_filter);
    layout->addLayout(filterRow);
    m_status = new StatusChips(header);
    layout->addWidget(m_status);
    connect(m_status, &StatusChips::filterChanged, this, [this](StatusFilter status) {
        m_sorted->setStatus(status);
        updatePage();
    });
    connect(m_filter, &QLineEdit::textChanged, this, [this](const QString &text) {
        m_sorted->setWords(text);
        updatePage();
    });
    // Down and Enter go from the filter into the list.
    auto *down = new QShortcut(QKeySequence(Qt::Key_Down), m_filter);
    down->setContext(Qt::WidgetShortcut);
    connect(down, &QShortcut::activated, this, &SessionListView::focusList);
    connect(m_filter, &QLineEdit::returnPressed, this, [this] {
        if (m_sorted->rowCount() == 0)
            return;
        if (!m_list->currentIndex().isValid())
            m_list->setCurrentIndex(m_sorted->index(0, 0));
        Q_EMIT activated(currentId());
    });
    auto *clear = new QShortcut(QKeySequence(Qt::Key_Escape), m_filter);
    clear->setContext(Qt::WidgetShortcut);
    connect(clear, &QShortcut::activated, this, [this] {
        if (m_filter->text().isEmpty())
            focusList();
        else
            m_filter->clear();
    });
    layout->setAlignment(Qt::AlignTop);
    static_cast<QVBoxLayout *>(this->layout())->addWidget(header);
}

void SessionListView::makeEmptyPages()
{
    const auto page = [this](const char *name, const QString &icon, const QString &head,
                             const QString &text, QLabel **headLabel, QVBoxLayout **buttons) {
        auto *widget = new QWidget(m_pages);
        widget->setObjectName(QString::fromLatin1(name));
        auto *layout = new QVBoxLayout(widget);
        layout->setContentsMargins(Theme::space(6), Theme::space(6), Theme::space(6),
                                   Theme::space(6));
        layout->setSpacing(Theme::space(2));
        layout->addStretch(2);
        auto *picture = new QLabel(widget);
        picture->setPixmap(
            Theme::icon(icon, ColorRole::Muted).pixmap(QSize(32, 32), devicePixelRatioF()));
        picture->setAlignment(Qt::AlignCenter);
        layout->addWidget(picture);
        auto *title = new QLabel(head, widget);
        title->setFont(Theme::font(1, true));
        title->setAlignment(Qt::AlignCenter);
        title->setWordWrap(true);
        layout->addWidget(title);
        auto *words = new QLabel(text, widget);
        words->setAlignment(Qt::AlignCenter);
        words->setWordWrap(true);
        words->setProperty("muted", true);
        layout->addWidget(words);
        layout->addSpacing(Theme::space(2));
        *buttons = new QVBoxLayout;
        (*buttons)->setSpacing(Theme::space(2));
        layout->addLayout(*buttons);
        layout->addStretch(3);
        if (headLabel)
            *headLabel = title;
        m_pages->addWidget(widget);
        return widget;
    };
    QVBoxLayout *buttons = nullptr;
    m_emptyPage = page("sessionsEmpty", QStringLiteral("chat"), tr("No sessions yet"),
                       tr("A session is one conversation with the agent, working in one folder. "
                          "It lives on the server and is kept alive from here."),
                       nullptr, &buttons);
    auto *create = new QPushButton(tr("New session"), m_emptyPage);
    create->setObjectName(QStringLiteral("emptyNewSession"));
    create->setProperty("kind", QStringLiteral("primary"));
    create->setAutoDefault(true);
    buttons->addWidget(create);
    auto *earlier = new QPushButton(tr("Open an earlier session…"), m_emptyPage);
    earlier->setObjectName(QStringLiteral("emptyEarlier"));
    earlier->setProperty("kind", QStringLiteral("quiet"));
    earlier->setAutoDefault(true);
    buttons->addWidget(earlier);
    connect(create, &QPushButton::clicked, this, &SessionListView::newSession);
    connect(earlier, &QPushButton::clicked, this, &SessionListView::earlierSessions);

    m_noMatchPage =
        page("sessionsNoMatch", QStringLiteral("search"), {},
             tr("The filter looks at name, folder, model and state."), &m_noMatch, &buttons);
    auto *clear = new QPushButton(tr("Clear the filter"), m_noMatchPage);
    clear->setObjectName(QStringLiteral("clearFilter"));
    clear->setAutoDefault(true);
    buttons->addWidget(clear);
    connect(clear, &QPushButton::clicked, this, [this] {
        m_filter->clear();
        m_status->setFilter(StatusFilter::All);
    });
}

void SessionListView::makeShortcuts()
{
    const auto add = [this](const QKeySequence &keys, auto slot) {
        auto *shortcut = new QShortcut(keys, this);
        shortcut->setContext(Qt::WindowShortcut);
        connect(shortcut, &QShortcut::activated, this, slot);
    };
    for (int n = 1; n <= 9; ++n) {
        add(QKeySequence(static_cast<int>(Qt::CTRL) | (Qt::Key_0 + n)), [this, n] {
            if (n <= m_sorted->rowCount())
                m_list->setCurrentIndex(m_sorted->index(n - 1, 0));
        });
    }
    add(QKeySequence(Qt::CTRL | Qt::Key_Tab), [this] { step(1); });
    add(QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Tab), [this] { step(-1); });
    add(QKeySequence(Qt::CTRL | Qt::Key_PageDown), [this] { step(1); });
    add(QKeySequence(Qt::CTRL | Qt::Key_PageUp), [this] { step(-1); });
    auto *menuKey = new QShortcut(QKeySequence(Qt::SHIFT | Qt::Key_F10), m_list);
    menuKey->setContext(Qt::WidgetShortcut);
    connect(menuKey, &QShortcut::activated, this,
            [this] { showMenu(m_list->visualRect(m_list->currentIndex()).center()); });
    auto *deleteKey = new QShortcut(QKeySequence(Qt::Key_Delete), m_list);
    deleteKey->setContext(Qt::WidgetShortcut);
    connect(deleteKey, &QShortcut::activated, this, [this] {
        if (!currentId().isEmpty())
            confirmDelete(currentId());
    });
}

QString SessionListView::currentId() const
{
    return m_list->currentIndex().data(SessionListModel::IdRole).toString();
}

QModelIndex SessionListView::indexOf(const QString &id) const
{
    const int row = m_model->rowOf(id);
    return row < 0 ? QModelIndex() : m_sorted->mapFromSource(m_model->index(row));
}

void SessionListView::setCurrentId(const QString &id)
{
    if (m_model->rowOf(id) < 0)
        return;
    if (!indexOf(id).isValid()) {
        m_filter->clear();
        m_status->setFilter(StatusFilter::All);
    }
    m_list->setCurrentIndex(indexOf(id));
    m_list->scrollTo(indexOf(id));
}

void SessionListView::currentRowChanged()
{
    const QString id = currentId();
    // A filter that hides the current row leaves the chat as it is: looking for one session must
    // not put another one on the screen.
    if (id.isEmpty() && m_model->rowOf(m_current) >= 0)
        return;
    if (id == m_current)
        return;
    m_current = id;
    m_manager.setVisible(id);
    Q_EMIT currentChanged(id);
}

void SessionListView::step(int direction)
{
    const int count = m_sorted->rowCount();
    if (count == 0)
        return;
    const QModelIndex current = m_list->currentIndex();
    const int row = current.isValid() ? (current.row() + direction + count) % count
                                      : (direction > 0 ? 0 : count - 1);
    m_list->setCurrentIndex(m_sorted->index(row, 0));
}

void SessionListView::setOrder(SessionSortModel::Order order)
{
    if (m_sorted->order() == order)
        return;
    m_sorted->setOrder(order);
    const auto actions = m_sort->menu()->actions();
    for (QAction *action : actions)
        action->setChecked(action->data().toInt() == static_cast<int>(order));
    m_list->scrollTo(m_list->currentIndex());
    Q_EMIT orderChanged(order);
}

void SessionListView::focusFilter()
{
    m_filter->setFocus(Qt::ShortcutFocusReason);
    m_filter->selectAll();
}

void SessionListView::focusList()
{
    if (!m_list->currentIndex().isValid() && m_sorted->rowCount() > 0)
        m_list->setCurrentIndex(m_sorted->index(0, 0));
    m_list->setFocus(Qt::ShortcutFocusReason);
}

void SessionListView::updatePage()
{
    if (m_model->rowCount() == 0) {
        m_pages->setCurrentWidget(m_emptyPage);
    } else if (m_sorted->rowCount() == 0) {
        const QString words = m_filter->text().simplified();
        m_noMatch->setText(
            words.isEmpty()
                ? tr("No session with the status “%1”").arg(statusFilterText(m_status->filter()))
                : tr("Nothing matches “%1”").arg(words));
        m_pages->setCurrentWidget(m_noMatchPage);
    } else {
        m_pages->setCurrentWidget(m_list);
        // After a filter was lifted the session on the screen is marked again.
        if (!m_list->currentIndex().isValid() && indexOf(m_current).isValid())
            m_list->setCurrentIndex(indexOf(m_current));
    }
    if (m_model->rowCount() == 0)
        currentRowChanged();
}

void SessionListView::updateAnimation()
{
    bool turning = false;
    for (int row = 0; row < m_sorted->rowCount() && !turning; ++row) {
        const auto state = static_cast<ShownState>(
            m_sorted->index(row, 0).data(SessionListModel::StateRole).toInt());
        turning = state == ShownState::Working || state == ShownState::Attaching;
    }
    if (turning && !m_turn.isActive())
        m_turn.start();
    else if (!turning)
        m_turn.stop();
}

void SessionListView::updateCounts()
{
    QList<int> counts(6, 0);
    counts[0] = m_model->rowCount();
    for (int row = 0; row < m_model->rowCount(); ++row)
        ++counts[static_cast<int>(statusFilterOf(shownState(*m_model->sessionAt(row))))];
    m_status->setCounts(counts);
}

void SessionListView::newSession()
{
    auto *dialog = new NewSessionDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setModels(m_models);
    dialog->setRemote(m_remote);
    if (const Session *current = m_manager.find(m_current))
        dialog->setDefaults(current->config());
    connect(dialog, &QDialog::accepted, this, [this, dialog] {
        if (const Session *session = m_manager.create(dialog->config())) {
            setCurrentId(session->id());
            Q_EMIT activated(session->id());
        }
    });
    dialog->open();
}

void SessionListView::earlierSessions()
{
    auto *dialog = new EarlierSessionsDialog(m_manager, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &EarlierSessionsDialog::opened, this, [this](const QString &id) {
        setCurrentId(id);
        Q_EMIT activated(id);
    });
    dialog->open();
}

void SessionListView::showMenu(const QPoint &position)
{
    const QModelIndex index = m_list->indexAt(position);
    auto *menu = new QMenu(this);
    menu->setObjectName(QStringLiteral("sessionMenu"));
    menu->setAttribute(Qt::WA_DeleteOnClose);
    if (index.isValid()) {
        const QString id = index.data(SessionListModel::IdRole).toString();
        const Session *session = m_manager.find(id);
        if (session && session->state() == Session::State::Failed) {
            menu->addAction(Theme::icon(QStringLiteral("refresh")), tr("Try again"), this,
                            [this, id] { m_manager.retry(id); });
            menu->addSeparator();
        }
        const QPersistentModelIndex row(index);
        menu->addAction(Theme::icon(QStringLiteral("edit")), tr("Rename"), this, [this, row] {
            if (row.isValid())
                m_list->edit(row);
        });
        menu->addAction(Theme::icon(QStringLiteral("copy")), tr("Copy id"), this,
                        [id] { QApplication::clipboard()->setText(id); });
        menu->addAction(Theme::icon(QStringLiteral("link")), tr("Copy link"), this,
                        [id] { QApplication::clipboard()->setText(sessionAddress(id)); });
        menu->addSeparator();
        QAction *close = menu->addAction(Theme::icon(QStringLiteral("close")), tr("Close"), this,
                                         [this, id] { m_manager.close(id); });
        close->setToolTip(tr("Takes it off this list; the server keeps it"));
        menu->addAction(Theme::icon(QStringLiteral("trash")), tr("Delete…"), this,
                        [this, id] { confirmDelete(id); });
    } else {
        menu->addAction(Theme::icon(QStringLiteral("plus")), tr("New session"), this,
                        &SessionListView::newSession);
        menu->addAction(Theme::icon(QStringLiteral("history")), tr("Open an earlier session…"),
                        this, &SessionListView::earlierSessions);
    }
    menu->setToolTipsVisible(true);
    menu->popup(m_list->viewport()->mapToGlobal(position));
}

void SessionListView::confirmDelete(const QString &id)
{
    const Session *session = m_manager.find(id);
    if (!session)
        return;
    auto *box = new QMessageBox(QMessageBox::NoIcon, tr("Delete session"),
                                tr("Delete “%1”?").arg(sessionTitle(*session)),
                                QMessageBox::NoButton, this);
    box->setObjectName(QStringLiteral("deleteConfirm"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setTextFormat(Qt::PlainText);
    box->setIconPixmap(Theme::icon(QStringLiteral("trash"), ColorRole::Error)
                           .pixmap(QSize(32, 32), devicePixelRatioF()));
    box->setInformativeText(
        tr("The conversation is removed from the server's disk. This cannot be undone.\n"
           "To take it off the list only, choose Close."));
    auto *remove = box->addButton(tr("Delete"), QMessageBox::DestructiveRole);
    remove->setObjectName(QStringLiteral("deleteConfirmYes"));
    remove->setProperty("kind", QStringLiteral("danger"));
    auto *cancel = box->addButton(QMessageBox::Cancel);
    box->setDefaultButton(cancel);
    box->setEscapeButton(cancel);
    connect(remove, &QAbstractButton::clicked, this, [this, id] { m_manager.remove(id); });
    box->open();
}

} // namespace pilotlight
