// SPDX-License-Identifier: MIT
#include "ui/chat/chatview.h"

#include "ui/chat/chatheader.h"
#include "ui/chat/inputbar.h"
#include "ui/chat/phaseline.h"
#include "ui/chat/transcriptview.h"
#include "ui/sessions/sessiontext.h"
#include "ui/theme/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QDesktopServices>
#include <QEvent>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>
#include <QShortcut>
#include <QStackedWidget>
#include <QVBoxLayout>

namespace pilotlight {

namespace {

//! A kill of the program loses what was typed within it, no more; each is a write of some 100
//! bytes.
constexpr std::chrono::milliseconds DraftInterval{100};

} // namespace

bool isOpenableLink(const QUrl &target)
{
    if (!target.isValid())
        return false;
    const QString scheme = target.scheme().toLower();
    if (scheme == QLatin1String("http") || scheme == QLatin1String("https"))
        return !target.host().isEmpty();
    // A host in a file address is a network share: opening it would send the user's credentials
    // there.
    return scheme == QLatin1String("file") && target.host().isEmpty() && !target.path().isEmpty();
}

ChatView::ChatView(SessionManager &manager, QWidget *parent)
    : QWidget(parent)
    , m_manager(manager)
    , m_pages(new QStackedWidget(this))
    , m_chat(new QWidget(this))
    , m_noSession(new QWidget(this))
    , m_header(new ChatHeader(m_chat))
    , m_view(new TranscriptView(m_chat))
    , m_hint(new QLabel(m_view))
    , m_latest(new QPushButton(m_view))
    , m_failure(new QLabel(m_chat))
    , m_phase(new PhaseLine(m_chat))
    , m_input(new InputBar(m_chat))
{
    setObjectName(QStringLiteral("chatView"));
    makePages();

    connect(m_header, &ChatHeader::renamed, this,
            [this](const QString &name) { m_manager.rename(m_id, name); });
    connect(m_header, &ChatHeader::modelChosen, this,
            [this](const QString &model) { m_manager.switchModel(m_id, model); });
    connect(m_header, &ChatHeader::modeChosen, this,
            [this](AgentMode mode) { m_manager.switchMode(m_id, mode); });
    connect(m_header, &ChatHeader::retryRequested, this, [this] { m_manager.retry(m_id); });
    connect(m_header, &ChatHeader::waitingPressed, this, &ChatView::focusWaiting);

    RowActions &actions = m_view->actions();
    connect(&actions, &RowActions::permissionAnswered, this,
            [this](const QString &request, PermissionDecision decision, const QString &feedback) {
                m_manager.answerPermission(m_id, request, decision, feedback);
                m_input->focusInput();
            });
    connect(&actions, &RowActions::questionAnswered, this,
            [this](const QString &request, const QString &answer, bool freeform) {
                m_manager.answerQuestion(m_id, request, answer, freeform);
                m_input->focusInput();
            });
    connect(&actions, &RowActions::planAnswered, this,
            [this](const QString &request, bool approved, const QString &action) {
                m_manager.answerPlan(m_id, request, approved, action);
                m_input->focusInput();
            });
    connect(
        &actions, &RowActions::sendAgainRequested, this,
        [this](const QString &messageId) {
            m_manager.sendAgain(m_id, messageId);
            m_view->scrollToBottom();
            m_input->focusInput();
        },
        Qt::QueuedConnection); // the row that asks goes with it
    const auto sendOn = [this](const Prompt *prompt) {
        m_failure->hide();
        if (prompt)
            m_manager.send(m_id, *prompt);
        else
            m_manager.askAgain(m_id);
        m_view->scrollToBottom();
        m_input->focusInput();
    };
    // Queued: the row that asks may go with its click.
    connect(
        &actions, &RowActions::continueRequested, this,
        [sendOn] {
            Prompt prompt;
            prompt.text = tr("You were interrupted. Please go on where you stopped.");
            sendOn(&prompt);
        },
        Qt::QueuedConnection);
    connect(
        &actions, &RowActions::askAgainRequested, this, [sendOn] { sendOn(nullptr); },
        Qt::QueuedConnection);
    connect(&actions, &RowActions::linkActivated, this, &ChatView::openLink);

    connect(m_input, &InputBar::sendRequested, this, [this](const Prompt &prompt) {
        if (m_id.isEmpty())
            return;
        m_failure->hide();
        m_manager.send(m_id, prompt);
        m_draftTimer.stop();
        m_manager.setDraft(m_id, {});
        m_historyStale = true;
        // Who writes wants to see the answer.
        m_view->scrollToBottom();
        sessionChanged();
    });
    connect(m_input, &InputBar::stopRequested, this, &ChatView::stop);
    connect(m_input, &InputBar::removeQueuedRequested, this,
            [this](int index) { m_manager.removeQueued(m_id, index); });
    connect(m_input, &InputBar::sendQueuedRequested, this,
            [this](int index) { m_manager.sendQueuedNow(m_id, index); });
    connect(m_input, &InputBar::moveQueuedRequested, this,
            [this](int from, int to) { m_manager.moveQueued(m_id, from, to); });
    connect(m_input, &InputBar::editQueuedRequested, this, &ChatView::editQueued);
    connect(m_input, &InputBar::textEdited, this, [this] {
        if (!m_draftTimer.isActive())
            m_draftTimer.start(); // not anew with each key: fast typing must not put it off
    });
    connect(m_view, &TranscriptView::atBottomChanged, this, [this](bool bottom) {
        if (bottom)
            m_newBelow = false;
        updateChip();
    });
    connect(m_view, &TranscriptView::newBelow, this, [this] {
        m_newBelow = true;
        updateChip();
    });
    connect(m_latest, &QPushButton::clicked, this, [this] {
        m_view->scrollToBottom();
        m_input->focusInput();
    });

    m_draftTimer.setSingleShot(true);
    m_draftTimer.setInterval(DraftInterval);
    connect(&m_draftTimer, &QTimer::timeout, this, &ChatView::saveDraft);
    // A working session changes with every event; the header need not.
    m_refresh.setSingleShot(true);
    m_refresh.setInterval(50);
    connect(&m_refresh, &QTimer::timeout, this, &ChatView::sessionChanged);

    // What is shown of a session that works changes by the second; nothing ticks for others.
    m_tick.setInterval(1000);
    connect(&m_tick, &QTimer::timeout, this, &ChatView::updatePhase);
    connect(m_phase, &PhaseLine::actionRequested, this, &ChatView::help);
    connect(&manager, &SessionManager::linkChanged, this, [this](const QString &backendId) {
        if (m_session && m_session->backendId() == backendId)
            updatePhase();
    });

    connect(&manager, &SessionManager::requestFailed, this, &ChatView::showFailure);
    connect(&manager, &SessionManager::sessionAboutToBeRemoved, this, [this](Session *gone) {
        m_view->forget(gone->id());
        if (gone->id() == m_id) {
            m_draftTimer.stop();
            setSession({});
        }
    });
    connect(&Theme::instance(), &Theme::changed, this, &ChatView::updateHints);

    auto *waiting = new QShortcut(QKeySequence(Qt::Key_F6), this);
    waiting->setContext(Qt::WindowShortcut);
    connect(waiting, &QShortcut::activated, this, &ChatView::focusWaiting);
    // Esc in the conversation stops as it does in the input.
    auto *escape = new QShortcut(QKeySequence(Qt::Key_Escape), m_view);
    escape->setContext(Qt::WidgetWithChildrenShortcut);
    connect(escape, &QShortcut::activated, this, [this] {
        if (m_session && m_session->activity() != Activity::Idle)
            stop();
        else
            m_input->focusInput();
    });
    setSession({});
}

ChatView::~ChatView()
{
    if (m_draftTimer.isActive())
        saveDraft();
}

void ChatView::makePages()
{
    auto *outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    m_pages->setObjectName(QStringLiteral("chatPages"));
    outer->addWidget(m_pages);

    m_chat->setObjectName(QStringLiteral("chatPage"));
    auto *layout = new QVBoxLayout(m_chat);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(m_header);
    layout->addWidget(m_view, 1);
    m_failure->setObjectName(QStringLiteral("requestFailure"));
    m_failure->setWordWrap(true);
    m_failure->setTextFormat(Qt::PlainText);
    m_failure->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_failure->hide();
    layout->addWidget(m_failure);
    layout->addWidget(m_phase);
    layout->addWidget(m_input);
    m_pages->addWidget(m_chat);

    m_hint->setObjectName(QStringLiteral("conversationHint"));
    m_hint->setAlignment(Qt::AlignCenter);
    m_hint->setWordWrap(true);
    m_hint->setAttribute(Qt::WA_TransparentForMouseEvents);
    m_latest->setObjectName(QStringLiteral("jumpToLatest"));
    m_latest->setProperty("kind", QStringLiteral("chip"));
    m_latest->setIcon(Theme::icon(QStringLiteral("arrow-down"), ColorRole::Accent));
    m_latest->setAutoDefault(true);
    m_latest->hide();
    m_view->viewport()->installEventFilter(this);

    m_noSession->setObjectName(QStringLiteral("noSessionPage"));
    auto *empty = new QVBoxLayout(m_noSession);
    empty->setContentsMargins(Theme::space(8), Theme::space(8), Theme::space(8), Theme::space(8));
    empty->setSpacing(Theme::space(2));
    empty->addStretch(2);
    auto *picture = new QLabel(m_noSession);
    picture->setObjectName(QStringLiteral("noSessionIcon"));
    picture->setPixmap(Theme::applicationPicture(64, devicePixelRatioF()));
    picture->setAlignment(Qt::AlignCenter);
    empty->addWidget(picture);
    empty->addSpacing(Theme::space(2));
    auto *title = new QLabel(tr("Choose a session, or start one"), m_noSession);
    title->setObjectName(QStringLiteral("noSessionTitle"));
    title->setFont(Theme::font(4, true));
    title->setAlignment(Qt::AlignCenter);
    empty->addWidget(title);
    auto *words =
        new QLabel(tr("Sessions live on the agent server. They go on when this window is closed, "
                      "and come back when the server or the connection does."),
                   m_noSession);
    words->setObjectName(QStringLiteral("noSessionText"));
    words->setProperty("muted", true);
    words->setAlignment(Qt::AlignCenter);
    words->setWordWrap(true);
    words->setMaximumWidth(460);
    // Not by alignment: an aligned label forgets that its height depends on its width.
    auto *middle = new QHBoxLayout;
    middle->addStretch(1);
    middle->addWidget(words, 1000);
    middle->addStretch(1);
    empty->addLayout(middle);
    empty->addSpacing(Theme::space(3));
    auto *create = new QPushButton(tr("New session"), m_noSession);
    create->setObjectName(QStringLiteral("noSessionNew"));
    create->setProperty("kind", QStringLiteral("primary"));
    create->setAutoDefault(true);
    connect(create, &QPushButton::clicked, this, &ChatView::newSessionRequested);
    empty->addWidget(create, 0, Qt::AlignHCenter);
    empty->addStretch(3);
    m_pages->addWidget(m_noSession);
    updateHints();
}

Session *ChatView::session() const
{
    return m_session;
}

void ChatView::setSession(const QString &id)
{
    Session *next = id.isEmpty() ? nullptr : m_manager.find(id);
    if (next && next == m_session)
        return;
    if (m_draftTimer.isActive()) {
        m_draftTimer.stop();
        saveDraft();
    }
    if (m_session) {
        m_session->disconnect(this);
        m_session->transcript().disconnect(this);
    }
    m_session = next;
    m_id = next ? id : QString();
    m_newBelow = false;
    m_historyStale = true;
    m_failure->hide();
    m_input->setAttachments({});
    m_view->setTranscript(next ? &next->transcript() : nullptr, m_id);
    if (next) {
        m_input->setText(next->draft());
        const auto later = [this] {
            if (!m_refresh.isActive())
                m_refresh.start();
        };
        connect(next, &Session::changed, this, later);
        connect(&next->transcript(), &Transcript::activityChanged, this, later);
        connect(&next->transcript(), &Transcript::infoChanged, this, later);
        const auto itemsChanged = [this, later] {
            m_historyStale = true;
            later();
        };
        connect(&next->transcript(), &Transcript::itemsInserted, this, itemsChanged);
        connect(&next->transcript(), &Transcript::itemsRemoved, this, itemsChanged);
        connect(&next->transcript(), &Transcript::reset, this, itemsChanged);
        connect(next, &Session::draftChanged, this, [this] {
            // Only what somebody else wrote into it; the user's own typing is ahead of the store.
            if (m_session && !m_draftTimer.isActive() && m_input->text() != m_session->draft())
                m_input->setText(m_session->draft());
        });
    } else {
        m_input->setText({});
    }
    m_pages->setCurrentWidget(next ? m_chat : m_noSession);
    sessionChanged();
    updateChip();
}

void ChatView::setModels(const QList<ModelInfo> &models)
{
    m_header->setModels(models);
}

void ChatView::sessionChanged()
{
    m_header->show(m_session);
    updatePhase();
    if (!m_session)
        return;
    // Not with a shell in the background: what is sent then is answered at once.
    m_input->setBusy(m_session->state() == Session::State::Attached
                     && m_session->activity() != Activity::Idle);
    m_input->setQueue(m_session->queue(), m_session->state() == Session::State::Attached);
    if (m_historyStale)
        updateHistory();
    updateNote();
    updateHints();
}

void ChatView::flush()
{
    m_view->flush();
    m_refresh.stop();
    sessionChanged();
}

void ChatView::updateHistory()
{
    m_historyStale = false;
    QStringList history;
    for (const TranscriptItem &item : m_session->transcript().items()) {
        const auto *user = std::get_if<UserItem>(&item.data);
        if (user && item.agentId.isEmpty() && (history.isEmpty() || history.last() != user->text))
            history << user->text;
    }
    m_input->setHistory(history);
}

void ChatView::updateNote()
{
    switch (m_session->state()) {
    case Session::State::Offline:
        m_input->setNote(tr("No connection: what you write will be sent when the server is back."),
                         QStringLiteral("offline"));
        break;
    case Session::State::Attaching:
        m_input->setNote(tr("Connecting to this session: what you write will be sent in a moment."),
                         QStringLiteral("refresh"));
        break;
    case Session::State::Lost:
        m_input->setNote(tr("The server had dropped this session. It is being brought back; what "
                            "you write will be sent then."),
                         QStringLiteral("warning"));
        break;
    case Session::State::Failed:
        m_input->setNote(tr("This session could not be opened. %1 Press “Failed: try again” above.")
                             .arg(errorSentence(m_session->error())),
                         QStringLiteral("error"));
        break;
    case Session::State::Parked:
        m_input->setNote(tr("This session is parked: what you write brings it back first."),
                         QStringLiteral("pause"));
        break;
    case Session::State::Attached:
        if (m_manager.waitsForSignIn(*m_session))
            m_input->setNote(tr("Nobody is signed in: what you write waits here and is sent after "
                                "the sign-in."),
                             QStringLiteral("pause"));
        else if (m_session->activity() == Activity::Idle && !m_session->queue().isEmpty())
            m_input->setNote(tr("What was queued waits for you: send one of it, or write on."),
                             QStringLiteral("pause"));
        else
            m_input->setNote({});
        break;
    }
}

void ChatView::updatePhase()
{
    m_phase->show(m_session ? m_manager.explanation(m_id) : Explanation());
    if (!m_session || !m_phase->ticks() || !isVisible())
        m_tick.stop();
    else if (!m_tick.isActive())
        m_tick.start();
}

void ChatView::help(Explanation::Action action)
{
    using Action = Explanation::Action;
    if (!m_session)
        return;
    switch (action) {
    case Action::None:
        return;
    case Action::Stop:
        stop();
        return;
    case Action::Answer:
        focusWaiting();
        return;
    case Action::TryAgain:
        m_manager.retry(m_id);
        return;
    case Action::SignIn:
    case Action::Reconnect:
    case Action::RestartServer:
    case Action::OpenLog:
        Q_EMIT helpRequested(action, m_session->backendId());
        return;
    }
}

void ChatView::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    updatePhase();
}

void ChatView::hideEvent(QHideEvent *event)
{
    QWidget::hideEvent(event);
    m_tick.stop();
}

void ChatView::updateHints()
{
    const Theme &theme = Theme::instance();
    m_failure->setStyleSheet(QStringLiteral("background: %1; color: %2; padding: 8px 24px;")
                                 .arg(theme.hex(ColorRole::ErrorSoft), theme.hex(ColorRole::Text)));
    m_hint->setStyleSheet(QStringLiteral("color: %1").arg(theme.hex(ColorRole::Muted)));
    const bool empty = m_session && m_session->transcript().items().empty()
        && m_session->state() != Session::State::Failed;
    m_hint->setVisible(empty);
    if (empty) {
        const QString folder = m_session->config().workingDirectory;
        m_hint->setText(folder.isEmpty()
                            ? tr("Write what the agent shall do.")
                            : tr("Write what the agent shall do.\nIt works in %1").arg(folder));
        placeOverlay();
    }
}

void ChatView::updateChip()
{
    m_latest->setText(m_newBelow ? tr("New messages") : tr("Jump to latest"));
    m_latest->setAccessibleName(m_latest->text());
    m_latest->setVisible(m_session && !m_view->isAtBottom());
    placeOverlay();
}

void ChatView::placeOverlay()
{
    const QRect area = m_view->viewport()->geometry();
    m_hint->setGeometry(area.adjusted(40, 0, -40, 0));
    m_latest->adjustSize();
    m_latest->move(area.center().x() - m_latest->width() / 2,
                   area.bottom() - m_latest->height() - Theme::space(2));
    m_latest->raise();
}

bool ChatView::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_view->viewport() && event->type() == QEvent::Resize)
        placeOverlay();
    return QWidget::eventFilter(watched, event);
}

void ChatView::saveDraft()
{
    m_draftTimer.stop();
    if (!m_id.isEmpty() && m_session)
        m_manager.setDraft(m_id, m_input->text());
}

void ChatView::focusInput()
{
    m_input->focusInput();
}

void ChatView::focusWaiting()
{
    m_view->focusWaiting();
}

//! What is in the field already stays there, below it.
void ChatView::editQueued(int index)
{
    if (!m_session || index < 0 || index >= m_session->queue().size())
        return;
    const Prompt prompt = m_session->queue().at(index);
    const QString written = m_input->text();
    const QString text =
        written.trimmed().isEmpty() ? prompt.text : prompt.text + QStringLiteral("\n\n") + written;
    m_draftTimer.stop();
    m_manager.takeBack(m_id, index, text);
    m_input->setText(text);
    m_input->setAttachments(m_input->attachments() + prompt.attachments);
    m_input->focusInput();
}

void ChatView::stop()
{
    if (!m_id.isEmpty())
        m_manager.abort(m_id);
}

void ChatView::renameSession()
{
    m_header->startRename();
}

void ChatView::showFailure(const QString &id, const QString &, const Error &error)
{
    if (id != m_id || m_id.isEmpty() || error.code == ErrorCode::Cancelled)
        return;
    m_failure->setText(tr("That did not work. %1").arg(errorSentence(error)));
    m_failure->show();
}

void ChatView::openLink(const QUrl &target)
{
    auto *box = new QMessageBox(this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setObjectName(QStringLiteral("linkDialog"));
    box->setTextFormat(Qt::PlainText);
    box->setIcon(QMessageBox::NoIcon);
    const QString address = target.toDisplayString(QUrl::FullyEncoded);
    const bool openable = isOpenableLink(target);
    box->setWindowTitle(tr("Open link"));
    box->setText(openable ? tr("Open this address outside of Pilotlight?")
                          : tr("This kind of address is not opened from here."));
    box->setInformativeText(address);
    if (openable) {
        auto *open = box->addButton(tr("Open"), QMessageBox::AcceptRole);
        open->setObjectName(QStringLiteral("linkOpen"));
        box->setDefaultButton(open);
        connect(open, &QAbstractButton::clicked, this,
                [target] { QDesktopServices::openUrl(target); });
    }
    auto *copy = box->addButton(tr("Copy address"), QMessageBox::ActionRole);
    copy->setObjectName(QStringLiteral("linkCopy"));
    connect(copy, &QAbstractButton::clicked, this,
            [address] { QApplication::clipboard()->setText(address); });
    auto *cancel = box->addButton(QMessageBox::Cancel);
    box->setEscapeButton(cancel);
    box->open();
}

} // namespace pilotlight
