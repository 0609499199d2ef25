// SPDX-License-Identifier: MIT
#include "ui/keepalive/keepalivepanel.h"

#include "ui/keepalive/keepalivemodel.h"
#include "ui/keepalive/lifetext.h"
#include "ui/keepalive/sparklinedelegate.h"
#include "ui/theme/theme.h"
#include "ui/widgets/plural.h"

#include <QBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QScrollBar>
#include <QToolButton>
#include <QTreeView>

#include <algorithm>

namespace pilotlight {

KeepalivePanel::KeepalivePanel(const Clock &clock, QWidget *parent)
    : QWidget(parent)
    , m_clock(clock)
    , m_model(new KeepaliveModel(this))
    , m_view(new QTreeView(this))
    , m_menu(new QMenu(this))
    , m_icon(new QLabel(this))
    , m_rollUp(new QLabel(this))
    , m_verdict(new QLabel(this))
    , m_ledger(new QLabel(this))
    , m_empty(new QLabel(this))
    , m_probe(new QPushButton(Theme::icon(QStringLiteral("pulse")), tr("Probe now"), this))
    , m_prove(new QPushButton(this))
{
    setObjectName(QStringLiteral("keepalivePanel"));
    setAccessibleName(tr("Keepalive"));
    m_menu->setObjectName(QStringLiteral("keepaliveRowMenu"));

    m_view->setObjectName(QStringLiteral("keepaliveRows"));
    m_view->setAccessibleName(tr("Servers and sessions"));
    m_view->setModel(m_model);
    m_view->setUniformRowHeights(true);
    m_view->setAllColumnsShowFocus(true);
    m_view->setFrameShape(QFrame::NoFrame);
    m_view->setIndentation(20);
    m_view->setContextMenuPolicy(Qt::CustomContextMenu);
    m_view->setItemDelegateForColumn(KeepaliveModel::Latency, new SparklineDelegate(m_view));
    QHeaderView *const header = m_view->header();
    header->setStretchLastSection(false);
    header->setSectionResizeMode(KeepaliveModel::Name, QHeaderView::Stretch);
    const int unit = fontMetrics().averageCharWidth();
    for (const auto &[column, characters] :
         {std::pair(KeepaliveModel::State, 22), std::pair(KeepaliveModel::LastAnswer, 15),
          std::pair(KeepaliveModel::Latency, 22), std::pair(KeepaliveModel::Next, 14),
          std::pair(KeepaliveModel::Expiry, 15)})
        m_view->setColumnWidth(column, characters * unit);
    // Rows come in a new order whenever their risk changes; what the user folded stays so.
    const auto note = [this](const QModelIndex &index, bool folded) {
        const QString id = index.data(KeepaliveModel::IdRole).toString();
        if (folded)
            m_folded.insert(id);
        else
            m_folded.remove(id);
    };
    connect(m_view, &QTreeView::collapsed, this,
            [note](const QModelIndex &index) { note(index, true); });
    connect(m_view, &QTreeView::expanded, this,
            [note](const QModelIndex &index) { note(index, false); });
    connect(m_model, &QAbstractItemModel::modelReset, this, [this] {
        for (int row = 0; row < m_model->rowCount(); ++row) {
            const QModelIndex index = m_model->index(row, 0);
            m_view->setExpanded(index,
                                !m_folded.contains(index.data(KeepaliveModel::IdRole).toString()));
        }
    });
    connect(m_view, &QTreeView::customContextMenuRequested, this, [this](const QPoint &at) {
        if (m_view->indexAt(at).isValid())
            menuForCurrent()->popup(m_view->viewport()->mapToGlobal(at));
    });
    connect(m_view, &QTreeView::activated, this, [this](const QModelIndex &index) {
        if (const KeepaliveSessionRow *session = m_model->sessionAt(index))
            Q_EMIT openRequested(session->id);
    });

    m_verdict->setObjectName(QStringLiteral("keepaliveVerdict"));
    m_verdict->setWordWrap(true);
    m_verdict->setProperty("muted", true);
    m_ledger->setObjectName(QStringLiteral("survivalLedger"));
    m_ledger->setTextFormat(Qt::PlainText);
    m_ledger->setWordWrap(true);
    m_ledger->setProperty("muted", true);
    m_empty->setObjectName(QStringLiteral("keepaliveEmpty"));
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setWordWrap(true);
    m_empty->setProperty("muted", true);
    m_empty->setText(tr("No server yet. Add one, or set the connection up in the settings."));

    auto *const layout = new QVBoxLayout(this);
    const int edge = Theme::space(4);
    layout->setContentsMargins(edge, Theme::space(3), edge, Theme::space(3));
    layout->setSpacing(Theme::space(2));
    layout->addWidget(makeHeader());
    layout->addWidget(m_verdict);
    layout->addWidget(m_view, 1);
    layout->addWidget(m_empty, 1);
    layout->addWidget(m_ledger);
    connect(&Theme::instance(), &Theme::changed, this, &KeepalivePanel::updateHeader);
    setVerdict({}, false);
    setLedger({});
    setRows({});
}

QWidget *KeepalivePanel::makeHeader()
{
    auto *const header = new QWidget(this);
    m_icon->setObjectName(QStringLiteral("rollUpIcon"));
    m_rollUp->setObjectName(QStringLiteral("rollUp"));
    m_rollUp->setFont(Theme::font(2, true));
    m_rollUp->setTextFormat(Qt::PlainText);
    m_rollUp->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_rollUp->setWordWrap(true); // trouble makes it long, and all of it matters
    m_probe->setObjectName(QStringLiteral("probeNow"));
    m_probe->setToolTip(tr("Probe the server of the selected row and all of its sessions"));
    connect(m_probe, &QPushButton::clicked, this,
            [this] { Q_EMIT probeRequested(currentBackend()); });
    m_prove->setObjectName(QStringLiteral("proveIt"));
    m_prove->setToolTip(
        tr("Opens sessions without a prompt on the server and watches which of them "
           "stay alive. It calls no model and takes a few minutes more than the "
           "server's idle limit."));
    connect(m_prove, &QPushButton::clicked, this, [this] {
        if (m_proving)
            Q_EMIT proveCancelled();
        else
            Q_EMIT proveRequested(currentBackend());
    });
    const auto tool = [&](const char *name, const QString &icon, const QString &text) {
        auto *const button = new QToolButton(header);
        button->setObjectName(QLatin1String(name));
        button->setIcon(Theme::icon(icon));
        button->setAccessibleName(text);
        button->setToolTip(text);
        button->setFocusPolicy(Qt::TabFocus);
        return button;
    };
    auto *const add = tool("addServer", QStringLiteral("plus"), tr("Add a server"));
    connect(add, &QToolButton::clicked, this, &KeepalivePanel::addServerRequested);
    auto *const log = tool("keepaliveLogButton", QStringLiteral("log"), tr("Log of the keepalive"));
    connect(log, &QToolButton::clicked, this,
            [this] { Q_EMIT logRequested(logText(m_view->currentIndex())); });
    auto *const close = tool("closeKeepalive", QStringLiteral("close"), tr("Back (Esc)"));
    connect(close, &QToolButton::clicked, this, &KeepalivePanel::closeRequested);

    auto *const layout = new QHBoxLayout(header);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(Theme::space(2));
    layout->addWidget(m_icon);
    layout->addWidget(m_rollUp, 1);
    layout->addWidget(m_probe);
    layout->addWidget(m_prove);
    layout->addWidget(add);
    layout->addWidget(log);
    layout->addWidget(close);
    return header;
}

void KeepalivePanel::setRows(const QList<KeepaliveBackendRow> &backends)
{
    const QModelIndex current = m_view->currentIndex();
    const QString id = current.data(KeepaliveModel::IdRole).toString();
    const bool backend = current.data(KeepaliveModel::IsBackendRole).toBool();
    const bool hadFocusRow = current.isValid();
    const int scrolled = m_view->verticalScrollBar()->value();
    m_model->setRows(backends, m_clock.wallNow());
    if (!m_view->currentIndex().isValid() && hadFocusRow) {
        m_view->setCurrentIndex(m_model->find(id, backend)); // a reset has forgotten it
        m_view->doItemsLayout();
        m_view->verticalScrollBar()->setValue(scrolled); // nobody asked to go there
    }
    m_view->setVisible(!backends.isEmpty());
    m_empty->setVisible(backends.isEmpty());
    m_probe->setEnabled(!backends.isEmpty());
    updateHeader();
}

void KeepalivePanel::updateHeader()
{
    const KeepaliveRollUp rollUp(m_model->backends(), m_clock.wallNow());
    m_icon->setPixmap(Theme::pixmap(rollUp.icon(), 20, Theme::instance().color(rollUp.color()),
                                    devicePixelRatioF()));
    QString text = rollUp.text();
    if (!text.isEmpty())
        text[0] = text[0].toUpper();
    m_rollUp->setText(text);
    m_rollUp->setToolTip(text);
}

void KeepalivePanel::setLedger(const SurvivalLedger &ledger)
{
    QStringList parts{
        plural(static_cast<qint64>(ledger.probes), tr("1 probe answered"),
               tr("%1 probes answered")),
        plural(static_cast<qint64>(ledger.touches), tr("1 touch"), tr("%1 touches")),
        plural(static_cast<qint64>(ledger.sleeps), tr("1 sleep"), tr("%1 sleeps")),
        plural(static_cast<qint64>(ledger.reconnects), tr("1 reconnect"), tr("%1 reconnects")),
        plural(static_cast<qint64>(ledger.resumes), tr("1 session brought back"),
               tr("%1 sessions brought back")),
        plural(static_cast<qint64>(ledger.messagesLost), tr("1 message lost"),
               tr("%1 messages lost"))};
    if (ledger.held)
        parts.append(plural(*ledger.held, tr("1 session goes on without the window"),
                            tr("%1 sessions go on without the window")));
    m_ledger->setText(parts.join(QStringLiteral(" · ")));
}

void KeepalivePanel::setVerdict(const QString &sentence, bool proving)
{
    m_proving = proving;
    m_verdict->setText(sentence);
    m_verdict->setVisible(!sentence.isEmpty());
    m_prove->setText(proving ? tr("Stop proving") : tr("Prove it"));
    m_prove->setIcon(
        Theme::icon(proving ? QStringLiteral("stop") : QStringLiteral("shield-check")));
}

void KeepalivePanel::setMetrics(QWidget *view)
{
    layout()->addWidget(view);
}

QString KeepalivePanel::currentBackend() const
{
    QModelIndex index = m_view->currentIndex();
    if (m_model->sessionAt(index))
        index = index.parent();
    const KeepaliveBackendRow *row = m_model->backendAt(index);
    if (row)
        return row->id;
    const QList<KeepaliveBackendRow> &all = m_model->backends();
    const auto agents = std::find_if(all.cbegin(), all.cend(),
                                     [](const auto &backend) { return backend.hasSessions; });
    if (agents != all.cend())
        return agents->id;
    return all.isEmpty() ? QString() : all.first().id;
}

QString KeepalivePanel::logText(const QModelIndex &index) const
{
    if (const KeepaliveSessionRow *session = m_model->sessionAt(index))
        return QStringLiteral("session=") + session->id.left(8);
    if (const KeepaliveBackendRow *backend = m_model->backendAt(index))
        return QStringLiteral("backend=") + backend->id;
    return {};
}

QMenu *KeepalivePanel::menuForCurrent()
{
    fillMenu();
    return m_menu;
}

void KeepalivePanel::fillMenu()
{
    m_menu->clear();
    const QModelIndex index = m_view->currentIndex();
    const auto add = [this](const char *name, const QString &icon, const QString &text, auto run) {
        QAction *const action = m_menu->addAction(Theme::icon(icon), text, this, run);
        action->setObjectName(QLatin1String(name));
        return action;
    };
    if (const KeepaliveSessionRow *session = m_model->sessionAt(index)) {
        const QString id = session->id;
        const bool parked = session->life.safety == SessionLife::Safety::Parked;
        add("openSession", QStringLiteral("chat"), tr("&Open"),
            [this, id] { Q_EMIT openRequested(id); });
        add("touchNow", QStringLiteral("pulse"), tr("&Check now"), [this, id] {
            Q_EMIT touchRequested(id);
        })->setEnabled(!parked && session->life.safety != SessionLife::Safety::Offline);
        if (parked)
            add("unpark", QStringLiteral("play"), tr("&Load again"),
                [this, id] { Q_EMIT unparkRequested(id); });
        else
            add("parkNow", QStringLiteral("pause"), tr("&Park now"), [this, id] {
                Q_EMIT parkRequested(id);
            })->setEnabled(session->life.safety != SessionLife::Safety::Offline);
        QAction *const always = m_menu->addAction(
            tr("&Always loaded"), this, [this, id](bool on) { Q_EMIT alwaysLoadedChosen(id, on); });
        always->setObjectName(QStringLiteral("alwaysLoaded"));
        always->setCheckable(true);
        always->setChecked(session->policy == ParkPolicy::AlwaysLoaded);
    } else if (const KeepaliveBackendRow *backend = m_model->backendAt(index)) {
        const QString id = backend->id;
        add("probeBackend", QStringLiteral("pulse"), tr("&Probe now"),
            [this, id] { Q_EMIT probeRequested(id); });
        add("reconnectBackend", QStringLiteral("refresh"), tr("&Reconnect"),
            [this, id] { Q_EMIT reconnectRequested(id); });
        if (!backend->hasSessions)
            add("backendTools", QStringLiteral("tool"), tr("&Tools…"),
                [this, id] { Q_EMIT toolsRequested(id); });
        add("editServer", QStringLiteral("settings"), tr("&Settings…"),
            [this, id] { Q_EMIT editServerRequested(id); });
        if (id != QLatin1String("default"))
            add("removeServer", QStringLiteral("trash"), tr("Re&move…"),
                [this, id] { Q_EMIT removeServerRequested(id); });
    }
    m_menu->addSeparator();
    add("rowLog", QStringLiteral("log"), tr("&Log of this row"),
        [this, text = logText(index)] { Q_EMIT logRequested(text); });
}

void KeepalivePanel::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    Q_EMIT wanted(true);
    m_view->setFocus();
}

void KeepalivePanel::hideEvent(QHideEvent *event)
{
    QWidget::hideEvent(event);
    Q_EMIT wanted(false);
}

void KeepalivePanel::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Escape)
        Q_EMIT closeRequested();
    else if (event->key() == Qt::Key_Menu && m_view->currentIndex().isValid())
        menuForCurrent()->popup(m_view->viewport()->mapToGlobal(
            m_view->visualRect(m_view->currentIndex()).bottomLeft()));
    else
        QWidget::keyPressEvent(event);
}

} // namespace pilotlight
