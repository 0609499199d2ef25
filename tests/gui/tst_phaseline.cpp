// SPDX-License-Identifier: MIT
#include "chatfixture.h"
#include "ui/chat/chatview.h"
#include "ui/chat/phaseline.h"
#include "ui/sessions/explanationtext.h"
#include "ui/sessions/sessiontext.h"

#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>

using namespace pilotlight;
using namespace std::chrono_literals;

using Cause = Explanation::Cause;
using Action = Explanation::Action;

namespace {

QString str(const char *text)
{
    return QString::fromLatin1(text);
}

struct PhaseRig
{
    ChatFixture f;
    Session *session;
    ChatView view;

    PhaseRig()
        : session(f.add(str("Test")))
        , view(f.manager)
    {
        link(LinkFacts::State::Online);
        view.resize(900, 700);
        view.setSession(session->id());
        view.show();
    }
    void link(LinkFacts::State state, std::optional<QDateTime> retryAt = {})
    {
        LinkFacts facts;
        facts.state = state;
        facts.retryAt = retryAt;
        facts.restartable = true;
        f.manager.setLink(SessionManager::defaultBackendId(), facts);
    }
    AgentEvent play(EventData data)
    {
        AgentEvent event = FakeBackend::event(std::move(data));
        event.meta.time = f.clock.wallNow();
        Q_EMIT f.backend->sessionEvent(session->id(), event);
        return event;
    }
    void begin()
    {
        play(UserMessage{str("u1"), str("Go"), {}, {}});
        play(TurnStarted{str("0")});
    }
    QString sentence()
    {
        view.flush();
        auto *label = view.findChild<QLabel *>(str("phaseSentence"));
        return label->isVisible() ? label->text() : QString();
    }
    QString evidence() { return view.findChild<QLabel *>(str("phaseEvidence"))->text(); }
    QPushButton *action()
    {
        auto *button = view.findChild<QPushButton *>(str("phaseAction"));
        return button->isVisible() ? button : nullptr;
    }
};

} // namespace

class TstPhaseLine : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void words_data()
    {
        QTest::addColumn<Explanation>("why");
        QTest::addColumn<QString>("sentence");
        const auto row = [](const char *sentence, Explanation why) {
            QTest::newRow(sentence) << why << str(sentence);
        };
        const auto cause = [](Cause c, std::optional<Milliseconds> running = {},
                              const char *subject = "") {
            Explanation why;
            why.cause = c;
            why.running = running;
            why.subject = str(subject);
            return why;
        };
        row("Model request running 4 min", cause(Cause::ModelRequest, 4min));
        row("Model request running", cause(Cause::ModelRequest, 400ms));
        row("Tool bash running 12 min", cause(Cause::Tool, 12min, "bash"));
        row("Tool bash running 7 s", cause(Cause::Tool, 7300ms, "bash"));
        row("Sub-agent Explorer working 3 min 5 s", cause(Cause::Subagent, 185s, "Explorer"));
        row("Model thinking 15 s", cause(Cause::Reasoning, 15s));
        row("Background work running 1 h 1 min", cause(Cause::Background, 61min));
        Explanation retry = cause(Cause::Retrying, {}, "rate_limit");
        retry.attempt = 3;
        retry.attempts = 5;
        row("Retrying the model (3 of 5): rate limit", retry);
        row("Waiting for your permission 2 min", cause(Cause::Permission, 2min));
        row("Waiting for your answer", cause(Cause::Question));
        row("The server does not answer", cause(Cause::ServerSilent, 2min));
        row("No answer: the agent is not signed in", cause(Cause::NotSignedIn));
        row("No answer: rate limit reached, try again later", cause(Cause::RateLimit));
        row("No answer: the quota is used up", cause(Cause::Quota));
        row("No answer: boom", cause(Cause::TurnFailed, {}, "boom\n"));
        Explanation lost = cause(Cause::ConnectionLost);
        lost.retryIn = 5s;
        row("Connection lost, retry in 5 s", lost);
        lost.retryIn = 300ms;
        row("Connection lost, retrying now", lost);
    }

    void words()
    {
        QFETCH(Explanation, why);
        QTEST(ExplanationText(why).sentence, "sentence");
    }

    void everyCauseHasWords()
    {
        for (int i = 0; i <= int(Cause::Parked); ++i) {
            Explanation why;
            why.cause = static_cast<Cause>(i);
            QVERIFY2(!ExplanationText(why).sentence.isEmpty(), qPrintable(causeName(why.cause)));
        }
    }

    void evidence()
    {
        Explanation why;
        why.cause = Cause::Tool;
        why.activity = Explanation::Activity::Working;
        why.lastEvent = 40s;
        QCOMPARE(ExplanationText(why).evidence, str("Last event 40 s ago"));
        why.asked = 10s;
        why.answeredAfter = 2ms;
        QCOMPARE(ExplanationText(why).evidence,
                 str("Last event 40 s ago; server asked 10 s ago, answered in 2 ms"));
        why.answeredAfter.reset();
        why.lastEvent = 1s;
        QCOMPARE(ExplanationText(why).evidence,
                 str("Last event just now; server asked 10 s ago, no answer"));
    }

    void idleSaysNothing()
    {
        PhaseRig rig;
        QCOMPARE(rig.sentence(), QString());
        QVERIFY(!rig.view.findChild<PhaseLine *>()->ticks());
    }

    void namesTheToolAndItsTime()
    {
        PhaseRig rig;
        rig.begin();
        rig.f.clock.advance(4s);
        QCOMPARE(rig.sentence(), str("Model request running 4 s"));
        ToolStarted tool;
        tool.request.toolCallId = str("t");
        tool.request.name = str("bash");
        rig.play(tool);
        rig.f.clock.advance(12s);
        QCOMPARE(rig.sentence(), str("Tool bash running 12 s"));
        QVERIFY(rig.evidence().startsWith(str("Last event 12 s ago")));
        QVERIFY(rig.view.findChild<PhaseLine *>()->ticks());
        // The input has a Stop of its own.
        QVERIFY(!rig.action());
        QVERIFY(rig.view.findChild<QToolButton *>(str("stopButton"))->isVisible());
        rig.play(SessionIdle{});
        QCOMPARE(rig.sentence(), QString());
    }

    void answerLeadsToTheRequest()
    {
        PhaseRig rig;
        rig.begin();
        PermissionRequested request;
        request.requestId = str("p1");
        request.subject = str("make");
        rig.play(request);
        QCOMPARE(rig.sentence(), str("Waiting for your permission"));
        QVERIFY(rig.action());
        QCOMPARE(rig.action()->text(), str("Answer"));
        rig.view.activateWindow();
        QVERIFY(QTest::qWaitForWindowActive(&rig.view));
        QTest::mouseClick(rig.action(), Qt::LeftButton);
        const QWidget *focus = QApplication::focusWidget();
        QVERIFY(focus);
        QVERIFY(rig.view.findChild<QWidget *>(str("transcriptView"))->isAncestorOf(focus));
    }

    void backgroundWorkCanBeStopped()
    {
        PhaseRig rig;
        rig.begin();
        rig.play(AssistantIdle{});
        rig.f.clock.advance(1500ms);
        QCOMPARE(rig.sentence(), str("Background work running 1 s"));
        QCOMPARE(shownState(*rig.session), ShownState::Working);
        // What is sent now is answered at once.
        QVERIFY(!rig.view.findChild<QToolButton *>(str("stopButton"))->isVisible());
        QVERIFY(rig.action());
        QTest::mouseClick(rig.action(), Qt::LeftButton);
        QCOMPARE(rig.f.backend->count(str("abort")), 1);
    }

    void aSilentServerCanBeRestarted()
    {
        PhaseRig rig;
        rig.begin();
        rig.f.clock.advance(TurnWatch::QuietBeforeAsking);
        QVERIFY(rig.f.backend->fail(str("sessionActivity"), {ErrorCode::Timeout, {}, {}}));
        QCOMPARE(rig.sentence(), str("The server does not answer"));
        QCOMPARE(shownState(*rig.session), ShownState::Stuck);
        QVERIFY(rig.evidence().endsWith(str("no answer")));
        QCOMPARE(rig.action()->text(), str("Restart server"));
        QSignalSpy help(&rig.view, &ChatView::helpRequested);
        QTest::mouseClick(rig.action(), Qt::LeftButton);
        QCOMPARE(help.size(), 1);
        QCOMPARE(help[0][0].value<Explanation::Action>(), Action::RestartServer);
        QCOMPARE(help[0][1].toString(), SessionManager::defaultBackendId());
    }

    void aLostConnectionCountsDown()
    {
        PhaseRig rig;
        rig.f.manager.setBackend(nullptr);
        rig.link(LinkFacts::State::Waiting, rig.f.clock.wallNow().addSecs(5));
        QCOMPARE(rig.sentence(), str("Connection lost, retry in 5 s"));
        rig.f.clock.advance(2s);
        QCOMPARE(rig.sentence(), str("Connection lost, retry in 3 s"));
        QSignalSpy help(&rig.view, &ChatView::helpRequested);
        QTest::mouseClick(rig.action(), Qt::LeftButton);
        QCOMPARE(help[0][0].value<Explanation::Action>(), Action::Reconnect);
        rig.link(LinkFacts::State::Connecting);
        QCOMPARE(rig.sentence(), str("Connecting to the server"));
        QVERIFY(!rig.action());
    }

    void aRefusedTurnLeadsToTheSignIn()
    {
        PhaseRig rig;
        rig.play(SessionFailed{str("not_signed_in"), str("No token"), {}});
        rig.play(SessionIdle{});
        QCOMPARE(rig.sentence(), str("No answer: the agent is not signed in"));
        QSignalSpy help(&rig.view, &ChatView::helpRequested);
        QTest::mouseClick(rig.action(), Qt::LeftButton);
        QCOMPARE(help[0][0].value<Explanation::Action>(), Action::SignIn);
    }

    // Others write on after it.
    void whatTheServerSaysEndsAsASentence()
    {
        const auto words = [](const char *detail) {
            return errorSentence({ErrorCode::RemoteError, str(detail), {}});
        };
        QCOMPARE(words("no folder: /w0"), str("The server refused the request. no folder: /w0."));
        QCOMPARE(words("Is it there? "), str("The server refused the request. Is it there?"));
        QCOMPARE(words(""), str("The server refused the request."));
    }
};

QTEST_MAIN(TstPhaseLine)
#include "tst_phaseline.moc"
