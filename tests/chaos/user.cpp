// SPDX-License-Identifier: MIT
#include "chaos/user.h"

#include <QDir>

namespace pilotlight::chaos {

using namespace std::chrono_literals;

namespace {

constexpr std::ptrdiff_t CardsAtMost = 60; // further up nothing waits

} // namespace

User::User(World &world, bool real)
    : m_world(world)
    , m_real(real)
{ }

Nanoseconds User::in(Milliseconds low, Milliseconds high)
{
    return m_world.clock.now() + m_world.random.between(low, high);
}

void User::makeSessions(Product &product, int count)
{
    for (int i = 0; i < count; ++i)
        makeSession(product, m_world.hosts[static_cast<std::size_t>(i) % m_world.hosts.size()]->id);
}

void User::makeSession(Product &product, const QString &host)
{
    SessionConfig config;
    config.id =
        QStringLiteral("c4a%1-0000-4000-8000-0000000%1").arg(m_made, 5, 10, QLatin1Char('0'));
    config.workingDirectory = workFolder;
    config.model = model;
    if (provider.isSet() && (m_real || m_made % 2 == 0))
        config.provider = provider;
    ++m_made;
    product.sessions().create(config, host);
    m_ids.append(config.id);
}

void User::turnOver(Product &product)
{
    for (qsizetype i = 0; i < m_ids.size(); ++i) {
        const QString id = m_ids[i];
        const Session *const session = product.sessions().find(id);
        if (!session || m_moods[id].prompts < promptsPerSession
            || session->state() != Session::State::Attached || session->activity() != Activity::Idle
            || !session->queue().isEmpty())
            continue;
        const QString host = session->backendId();
        product.sessions().remove(id);
        m_ids.removeAt(i);
        m_moods.remove(id);
        makeSession(product, host);
        return; // one at a time
    }
}

void User::act(Product &product)
{
    if (promptsPerSession > 0)
        turnOver(product);
    for (const QString &id : std::as_const(m_ids)) {
        Session *const session = product.sessions().find(id);
        if (session && chance(0.3))
            actOn(product, *session, m_moods[id]);
    }
    for (Connection *const connection : product.connections().connections()) {
        const ConnectionStatus status = connection->status();
        const bool gaveUp = status.phase == Phase::Idle;
        const bool embedded = status.fellBack && status.phase == Phase::Online;
        Nanoseconds &at = m_clickAt[connection->config().id];
        if (!gaveUp && !embedded) {
            at = {};
        } else if (at == Nanoseconds(0)) {
            at = in(2s, 12s);
        } else if (m_world.clock.now() >= at) {
            at = {};
            ++(gaveUp ? m_clicks.reconnects : m_clicks.restarts);
            if (gaveUp)
                connection->connectToServer();
            else
                connection->restartServer();
        }
    }
}

void User::actOn(Product &product, Session &session, Mood &mood)
{
    SessionManager &sessions = product.sessions();
    const Nanoseconds now = m_world.clock.now();
    if (session.state() == Session::State::Failed) {
        if (mood.nextClick == Nanoseconds(0)) {
            mood.nextClick = in(2s, 6s);
        } else if (now >= mood.nextClick) {
            mood.nextClick = {};
            ++m_clicks.retries;
            sessions.retry(session.id());
        }
        return;
    }
    if (session.state() == Session::State::Attached) {
        if (answerCards(product, session))
            return;
        const bool rests = !session.queue().isEmpty() && session.activity() == Activity::Idle;
        if (!rests) {
            mood.nextClick = {};
        } else if (mood.nextClick == Nanoseconds(0)) {
            mood.nextClick = in(4s, 12s); // what is about to go out by itself has gone by then
        } else if (now >= mood.nextClick) {
            mood.nextClick = {};
            ++m_clicks.sendNow;
            sessions.sendQueuedNow(session.id(), 0);
            return;
        }
        if (m_asking && session.activity() == Activity::Working && chance(0.01)) {
            sessions.abort(session.id());
            return;
        }
    }
    if (m_asking && now >= mood.nextPrompt)
        ask(product, session, mood);
}

bool User::answerCards(Product &product, Session &session)
{
    SessionManager &sessions = product.sessions();
    const auto &items = session.transcript().items();
    const auto first = items.end()
        - std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(items.size()), CardsAtMost);
    for (auto it = first; it != items.end(); ++it) {
        if (const auto *permission = std::get_if<PermissionItem>(&it->data);
            permission && permission->state == PermissionItem::State::Waiting) {
            ++m_answers;
            sessions.answerPermission(session.id(), QString(permission->request.requestId),
                                      chance(0.8) ? PermissionDecision::ApproveOnce
                                                  : PermissionDecision::Reject);
            return true;
        }
        if (const auto *question = std::get_if<QuestionItem>(&it->data);
            question && question->state == QuestionItem::State::Waiting) {
            ++m_answers;
            sessions.answerQuestion(session.id(), QString(question->request.requestId),
                                    question->request.choices.value(0, QStringLiteral("yes")),
                                    question->request.choices.isEmpty());
            return true;
        }
        if (const auto *plan = std::get_if<PlanItem>(&it->data);
            plan && plan->state == PlanItem::State::Waiting) {
            ++m_answers;
            sessions.answerPlan(session.id(), QString(plan->request.requestId), true,
                                plan->request.actions.value(0));
            return true;
        }
        if (const auto *user = std::get_if<UserItem>(&it->data); user && user->dropped) {
            ++m_clicks.sendAgain;
            sessions.sendAgain(session.id(), QString(user->messageId));
            return true;
        }
    }
    return false;
}

QString User::script(const QString &token)
{
    const double dice = m_world.random.unit();
    const QString say = QStringLiteral("[say answer-%1 is here, word by word by word]").arg(token);
    if (dice < 0.4)
        return say;
    if (dice < 0.6)
        return QStringLiteral("[reason 10x20ms]") + say;
    if (dice < 0.8)
        return QStringLiteral("[tool:bash echo %1]").arg(token) + say;
    if (dice < 0.88)
        return QStringLiteral("[ask Which one for %1?|left|right]").arg(token) + say;
    if (dice < 0.92 && !m_real)
        return QStringLiteral("[plan Plan of %1|first this, then that]").arg(token) + say;
    if (dice < 0.96)
        return QStringLiteral("[tool:create note-%1.txt|text]").arg(token) + say;
    return QStringLiteral("[slow 30x20ms]");
}

void User::ask(Product &product, Session &session, Mood &mood)
{
    Given given;
    given.sessionId = session.id();
    given.token = QStringLiteral("t%1n%2x").arg(session.id().right(3)).arg(mood.prompts++);
    ++m_asked;
    given.text = QStringLiteral("Prompt %1: ").arg(given.token) + script(given.token);
    Prompt prompt;
    prompt.text = given.text;
    if (session.activity() == Activity::Working && chance(0.1)) {
        prompt.delivery = Delivery::Immediate;
        given.steering = true;
    }
    if (promptsPerSession == 0)
        m_given.append(given);
    product.sessions().send(session.id(), prompt);
    // Bursts, with pauses that are long enough for an idle limit or for parking now and then.
    mood.nextPrompt = chance(0.15) ? in(20s * pace, 80s * pace) : in(2s * pace, 12s * pace);
    if (chance(0.2))
        product.sessions().setVisible(session.id());
}

QStringList User::unsettled(Product &product)
{
    QStringList open;
    for (const Connection *connection : product.connections().connections()) {
        const ConnectionStatus status = connection->status();
        if (status.phase != Phase::Online || status.fellBack)
            open << connection->config().id + QLatin1Char(' ') + phaseName(status.phase);
    }
    for (const auto &session : product.sessions().sessions()) {
        QStringList why;
        if (session->state() != Session::State::Attached
            && session->state() != Session::State::Parked)
            why << QVariant::fromValue(session->state()).toString() + QLatin1Char(' ')
                    + session->error().toString();
        if (session->activity() == Activity::Working)
            why << QStringLiteral("working");
        else if (session->activity() == Activity::WaitingForUser)
            why << QStringLiteral("waiting for the user");
        if (!session->queue().isEmpty())
            why << QStringLiteral("%1 queued").arg(session->queue().size());
        if (session->transcript().waitingRequests() > 0)
            why << QStringLiteral("%1 requests").arg(session->transcript().waitingRequests());
        for (const TranscriptItem &item : session->transcript().items()) {
            const auto *user = std::get_if<UserItem>(&item.data);
            if (user && user->pending)
                why << QStringLiteral("pending \"%1\"").arg(user->text);
        }
        if (!why.isEmpty())
            open << session->id().right(3) + QLatin1Char(' ') + why.join(QStringLiteral(", "));
    }
    for (const OutboxEntry &entry : product.outbox().entries())
        open << QStringLiteral("outbox: ") + entry.prompt.text.left(20);
    return open;
}

} // namespace pilotlight::chaos
