// SPDX-License-Identifier: MIT
#include "app/gui/keepalivecontroller.h"

#include "app/wiring/appcontext.h"
#include "session/prover.h"
#include "ui/keepalive/keepalivepanel.h"
#include "ui/keepalive/metricsview.h"
#include "ui/keepalive/verdicttext.h"
#include "ui/sessions/sessiontext.h"
#include "ui/shell/mainwindow.h"

#include <QMessageBox>
#include <QPushButton>

namespace pilotlight {

KeepaliveController::KeepaliveController(AppContext &context, MainWindow &window, QObject *parent)
    : QObject(parent)
    , m_context(context)
    , m_window(window)
{
    m_tick.setInterval(1000);
    connect(&m_tick, &QTimer::timeout, this, &KeepaliveController::update);
    m_soon.setSingleShot(true);
    m_soon.setInterval(1000);
    connect(&m_soon, &QTimer::timeout, this, &KeepaliveController::update);

    ConnectionManager &connections = context.connections();
    connect(&connections, &ConnectionManager::statusChanged, this, &KeepaliveController::changed);
    connect(&connections, &ConnectionManager::added, this, &KeepaliveController::changed);
    connect(&connections, &ConnectionManager::removed, this, &KeepaliveController::changed);
    connect(&connections, &ConnectionManager::phaseChanged, this,
            [this](const QString &id, Phase phase) {
                if (phase != Phase::Online)
                    return;
                const Connection *const connection = m_context.connections().find(id);
                quint64 &generation = m_generations[id];
                if (connection && generation != 0 && generation != connection->status().generation)
                    ++m_ledger.reconnects;
                if (connection)
                    generation = connection->status().generation;
            });
    connect(&connections, &ConnectionManager::probeEvent, this, [this](const ProbeEvent &event) {
        if (event.kind == ProbeEvent::Kind::Success)
            ++m_ledger.probes;
    });
    SessionManager &sessions = context.sessions();
    connect(&sessions, &SessionManager::touched, this, [this](const TouchEvent &event) {
        if (event.strategy && event.result.isOk())
            ++m_ledger.touches;
        changed();
    });
    connect(&sessions, &SessionManager::sessionChanged, this, &KeepaliveController::changed);
    connect(&sessions, &SessionManager::sessionAdded, this, &KeepaliveController::changed);
    connect(&context.observers(), &Observers::woke, this, [this] {
        ++m_ledger.sleeps;
        changed();
    });
    connect(&window, &MainWindow::keepaliveRequested, this, [this] {
        panel();
        m_window.showKeepalive(true);
    });
}

KeepalivePanel &KeepaliveController::panel()
{
    if (!m_panel) {
        m_panel = new KeepalivePanel(m_context.clock());
        auto *const metrics = new MetricsView(m_context.observers().metrics());
        metrics->setExporter(&m_context.observers().exporter());
        metrics->setMaximumHeight(Theme::space(36)); // four servers and the line below them
        m_panel->setMetrics(metrics);
        connectPanel();
        m_window.setKeepalivePage(m_panel);
    }
    return *m_panel;
}

void KeepaliveController::connectPanel()
{
    SessionManager &sessions = m_context.sessions();
    connect(m_panel, &KeepalivePanel::wanted, this, [this](bool wanted) {
        if (wanted) {
            update();
            showVerdict();
            m_tick.start();
        } else {
            m_tick.stop();
        }
    });
    connect(m_panel, &KeepalivePanel::closeRequested, &m_window,
            [this] { m_window.showKeepalive(false); });
    connect(m_panel, &KeepalivePanel::probeRequested, this, &KeepaliveController::probe);
    connect(m_panel, &KeepalivePanel::proveRequested, this, &KeepaliveController::prove);
    connect(m_panel, &KeepalivePanel::proveCancelled, this, [this] {
        if (m_proof)
            m_proof->cancel();
    });
    connect(m_panel, &KeepalivePanel::reconnectRequested, this, [this](const QString &id) {
        if (Connection *const connection = m_context.connections().find(id))
            connection->reconnect();
    });
    connect(m_panel, &KeepalivePanel::toolsRequested, this, &KeepaliveController::toolsRequested);
    connect(m_panel, &KeepalivePanel::addServerRequested, this,
            [this] { Q_EMIT serverSettingsRequested({}); });
    connect(m_panel, &KeepalivePanel::editServerRequested, this,
            &KeepaliveController::serverSettingsRequested);
    connect(m_panel, &KeepalivePanel::removeServerRequested, this,
            &KeepaliveController::askToRemove);
    connect(m_panel, &KeepalivePanel::logRequested, &m_window,
            [this](const QString &text) { m_window.showLog(QStringLiteral("KEEPALIVE"), text); });
    connect(m_panel, &KeepalivePanel::openRequested, this, &KeepaliveController::openRequested);
    connect(m_panel, &KeepalivePanel::touchRequested, &sessions, &SessionManager::touchNow);
    connect(m_panel, &KeepalivePanel::parkRequested, &sessions, &SessionManager::park);
    connect(m_panel, &KeepalivePanel::unparkRequested, &sessions, &SessionManager::unpark);
    connect(m_panel, &KeepalivePanel::alwaysLoadedChosen, &sessions,
            [&sessions](const QString &id, bool always) {
                sessions.setParkPolicy(id, always ? ParkPolicy::AlwaysLoaded : ParkPolicy::Auto);
            });
}

void KeepaliveController::changed()
{
    if (!m_soon.isActive())
        m_soon.start();
}

void KeepaliveController::update()
{
    const QList<KeepaliveBackendRow> now = rows();
    m_window.setKeepaliveRows(now);
    if (!m_panel || !m_panel->isVisible())
        return;
    m_panel->setRows(now);
    m_panel->setLedger(ledger());
}

QList<KeepaliveBackendRow> KeepaliveController::rows() const
{
    QList<KeepaliveBackendRow> result;
    QHash<QString, qsizetype> places;
    for (const Connection *const connection : m_context.connections().connections()) {
        const ConnectionConfig &config = connection->config();
        KeepaliveBackendRow row;
        row.id = config.id;
        row.status = connection->status();
        row.hasSessions = config.kind == BackendKind::Copilot;
        if (!config.name.isEmpty())
            row.name = config.name;
        else if (config.id != QLatin1String("default"))
            row.name = config.id;
        else
            row.name =
                row.status.mode == ConnectionMode::Demo ? tr("Demo server") : tr("Agent server");
        places.insert(config.id, result.size());
        result.append(row);
    }
    for (const auto &session : m_context.sessions().sessions()) {
        const auto place = places.constFind(session->backendId());
        if (place == places.cend())
            continue;
        result[*place].sessions.append({session->id(), sessionTitle(*session),
                                        m_context.sessions().life(session->id()),
                                        session->parkPolicy()});
    }
    return result;
}

SurvivalLedger KeepaliveController::ledger() const
{
    SurvivalLedger sum = m_ledger;
    for (const auto &session : m_context.sessions().sessions()) {
        sum.resumes += m_context.sessions().life(session->id()).revivals;
        for (const TranscriptItem &item : session->transcript().items()) {
            const auto *const user = std::get_if<UserItem>(&item.data);
            if (user && user->dropped)
                ++sum.messagesLost;
        }
    }
    if (const KeeperLink *const keeper = m_context.keeper();
        keeper && keeper->state() == KeeperLink::State::Linked)
        sum.held = keeper->held();
    return sum;
}

void KeepaliveController::probe(const QString &backendId)
{
    if (Connection *const connection = m_context.connections().find(backendId))
        connection->probeNow();
    m_context.sessions().checkSessions(backendId, TouchTrigger::Manual, this,
                                       [this](const SessionCheck &) { update(); });
}

void KeepaliveController::prove(const QString &backendId)
{
    Prover *const proof = m_context.makeProof({}, backendId);
    if (!proof) {
        m_window.say(tr("There is no agent server connected to prove anything on."));
        return;
    }
    if (proof->state() != Prover::State::Ready)
        return; // it runs already
    m_proof = proof;
    connect(proof, &Prover::progressed, this, &KeepaliveController::showVerdict);
    connect(proof, &Prover::finished, this, [this](Prover::End end, const ServerVerdict &) {
        const Error error = m_proof ? m_proof->error() : Error();
        m_proof = nullptr;
        showVerdict();
        switch (end) {
        case Prover::End::Decided:
            m_window.say(tr("Proved."));
            break;
        case Prover::End::LimitReached:
            m_window.say(tr("Nothing expired in time: this server may never drop a session."));
            break;
        case Prover::End::Cancelled:
            break;
        case Prover::End::ConnectionLost:
            m_window.say(tr("The proof ended with the connection."));
            break;
        case Prover::End::CreateFailed:
            m_window.say(tr("The server made no sessions to watch: %1").arg(error.detail));
            break;
        }
    });
    proof->start();
    showVerdict();
}

void KeepaliveController::showVerdict()
{
    if (!m_panel)
        return;
    if (m_proof) {
        const QString soFar = verdictText(m_proof->verdict());
        m_panel->setVerdict(
            tr("Watching sessions without a prompt, until the one that nobody touches "
               "is gone. No model is called.")
                + (soFar.isEmpty() ? QString() : QLatin1Char(' ') + soFar),
            true);
        return;
    }
    const std::optional<ServerInfo> server = m_context.connection().status().server;
    const auto verdict = server ? m_context.verdicts().find(server->version) : std::nullopt;
    m_panel->setVerdict(verdict ? verdictText(*verdict) : QString(), false);
}

void KeepaliveController::askToRemove(const QString &backendId)
{
    auto *const box = new QMessageBox(
        QMessageBox::Question, tr("Remove the server"),
        tr("Remove %1 from this list? The server itself goes on running.").arg(backendId),
        QMessageBox::Cancel, &m_window);
    box->setObjectName(QStringLiteral("removeServerQuestion"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    QPushButton *const remove = box->addButton(tr("Remove"), QMessageBox::DestructiveRole);
    connect(remove, &QPushButton::clicked, this, [this, backendId] {
        if (const Result<void> result = m_context.removeBackend(backendId); !result)
            m_window.say(result.error().detail);
    });
    box->open();
}

} // namespace pilotlight
