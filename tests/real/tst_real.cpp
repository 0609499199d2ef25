// SPDX-License-Identifier: MIT
#include "real/realapp.h"

#include <map>

using namespace pilotlight;
using namespace Qt::StringLiterals;

using Version = RealServer::Version;
Q_DECLARE_METATYPE(pilotlight::RealServer::Version)

// What 1.0.40 cannot do, and the tests therefore do not ask of it:
// - its user.message has neither messageId nor delivery, so a row does not know that it had been
//   queued or had steered;
// - without assistant.idle a turn ends with session.idle only.

//! The product's own classes on the real Copilot CLI, the newest and an old one.
class TstReal : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase_data()
    {
        QTest::addColumn<Version>("version");
        QTest::newRow("newest") << Version::Newest;
        QTest::newRow("1.0.40") << Version::V1_0_40;
    }

    void init()
    {
        QFETCH_GLOBAL(Version, version);
        if (const QString reason = RealServer::skipReason(version); !reason.isEmpty())
            QSKIP(qPrintable(reason));
        QVERIFY2(m_model.startModel(), m_model.output().constData());
        std::unique_ptr<RealHome> &home = m_homes[version];
        if (!home)
            home = std::make_unique<RealHome>(version);
        m_home = home.get();
    }

    void streamedAnswer()
    {
        const auto app = started();
        QVERIFY(app);
        QFETCH_GLOBAL(Version, version);
        const QString reported = app->connection().status().server->version;
        QVERIFY2((reported == "1.0.40"_L1) == (version == Version::V1_0_40), qPrintable(reported));
        Session *session = app->newSession(m_model.provider());
        QVERIFY2(session, app->report().constData());

        QStringList shown; // what the chat's last row said as the deltas came
        connect(&session->transcript(), &Transcript::itemChanged, this, [&](int row) {
            const auto &item = session->transcript().items()[size_t(row)];
            if (const auto *answer = std::get_if<AssistantItem>(&item.data))
                shown.append(answer->text);
        });
        QVERIFY2(app->run(session->id(), u"[slow 8x30ms]"_s), app->report().constData());
        disconnect(&session->transcript(), nullptr, this, nullptr);

        QString deltas;
        for (const AgentEvent &event : app->events()) {
            if (const auto *delta = std::get_if<MessageDelta>(&event.data))
                deltas += delta->text;
        }
        QVERIFY(app->count<MessageDelta>() >= 8);
        QCOMPARE(deltas.trimmed(), u"tok0 tok1 tok2 tok3 tok4 tok5 tok6 tok7"_s);
        const auto answers = rows<AssistantItem>(*session);
        QCOMPARE(answers.size(), 1);
        QCOMPARE(answers[0].text.trimmed(), deltas.trimmed());
        QVERIFY(!answers[0].streaming && !answers[0].interrupted);
        QVERIFY2(shown.size() >= 2 && shown.first().size() < answers[0].text.size(),
                 "the text did not grow");
        const auto users = rows<UserItem>(*session);
        QCOMPARE(users.size(), 1);
        QCOMPARE(users[0].text, u"[slow 8x30ms]"_s);
        QVERIFY(!users[0].pending);
        QCOMPARE(session->activity(), Activity::Idle);
        QVERIFY(session->isDurable());
        QCOMPARE(app->failures(), QStringList());
    }

    void toolWithPermission_data()
    {
        QTest::addColumn<PermissionDecision>("decision");
        QTest::newRow("approved") << PermissionDecision::ApproveOnce;
        QTest::newRow("approved for the session") << PermissionDecision::ApproveForSession;
        QTest::newRow("rejected") << PermissionDecision::Reject;
    }

    void toolWithPermission()
    {
        QFETCH(PermissionDecision, decision);
        const auto app = started();
        QVERIFY(app);
        Session *session = app->newSession(m_model.provider());
        QVERIFY2(session, app->report().constData());
        app->sessions().send(session->id(),
                             {u"[tool:bash echo real thing] [say so be it]"_s, {}, {}});
        QVERIFY(waiting<PermissionItem>(*session));
        const PermissionItem asked = rows<PermissionItem>(*session)[0];
        QCOMPARE(asked.request.kind, PermissionRequested::Kind::Commands);
        QCOMPARE(asked.request.subject, u"echo real thing"_s);
        QCOMPARE(session->activity(), Activity::WaitingForUser);
        QCOMPARE(rows<ToolItem>(*session)[0].state, ToolItem::State::Running);

        app->sessions().answerPermission(session->id(), asked.request.requestId, decision,
                                         u"not today"_s);
        QVERIFY(idle(*app, *session));
        const bool rejected = decision == PermissionDecision::Reject;
        const auto cards = rows<PermissionItem>(*session);
        QCOMPARE(cards.size(), 1);
        QCOMPARE(cards[0].state,
                 rejected ? PermissionItem::State::Rejected : PermissionItem::State::Approved);
        const auto tools = rows<ToolItem>(*session);
        QCOMPARE(tools.size(), 1);
        QCOMPARE(tools[0].state, rejected ? ToolItem::State::Denied : ToolItem::State::Succeeded);
        QCOMPARE(tools[0].output.contains(u"real thing"_s), !rejected);
        if (!rejected)
            QCOMPARE(tools[0].exitCode.value_or(0), 0);
        QCOMPARE(rows<AssistantItem>(*session).constLast().text, u"so be it"_s);
        QCOMPARE(app->failures(), QStringList());

        if (decision == PermissionDecision::ApproveForSession) {
            QVERIFY(app->run(session->id(), u"[tool:bash echo real thing] [say again]"_s));
            QCOMPARE(rows<ToolItem>(*session).constLast().state, ToolItem::State::Succeeded);
            if (cards[0].request.canApproveForSession)
                QCOMPARE(rows<PermissionItem>(*session).size(), 1);
        }
    }

    void question()
    {
        const auto app = started();
        QVERIFY(app);
        Session *session = app->newSession(m_model.provider());
        QVERIFY2(session, app->report().constData());
        app->sessions().send(session->id(), {u"[ask Which one?|red|blue] [say fine]"_s, {}, {}});
        QVERIFY(waiting<QuestionItem>(*session));
        const QuestionItem asked = rows<QuestionItem>(*session)[0];
        QCOMPARE(asked.request.question, u"Which one?"_s);
        QCOMPARE(asked.request.choices, QStringList({u"red"_s, u"blue"_s}));
        QCOMPARE(session->activity(), Activity::WaitingForUser);
        app->sessions().answerQuestion(session->id(), asked.request.requestId, u"blue"_s, false);
        QVERIFY(idle(*app, *session));
        const auto cards = rows<QuestionItem>(*session);
        QCOMPARE(cards.size(), 1);
        QCOMPARE(cards[0].state, QuestionItem::State::Answered);
        QCOMPARE(cards[0].answer, u"blue"_s);
        QVERIFY(rows<ToolItem>(*session)[0].output.contains(u"blue"_s)); // the model got it
        QCOMPARE(rows<AssistantItem>(*session).constLast().text, u"fine"_s);
        QCOMPARE(app->failures(), QStringList());
    }

    void abort_data()
    {
        QTest::addColumn<QString>("prompt");
        QTest::newRow("while it streams") << u"[slow 400x50ms]"_s;
        QTest::newRow("while it waits for a permission") << u"[tool:bash echo hi] [say no]"_s;
    }

    void abort()
    {
        QFETCH(QString, prompt);
        const bool streams = prompt.startsWith(u"[slow"_s);
        const auto app = started();
        QVERIFY(app);
        Session *session = app->newSession(m_model.provider());
        QVERIFY2(session, app->report().constData());
        app->sessions().send(session->id(), {prompt, {}, {}});
        if (streams)
            QVERIFY(eventually([&] { return app->count<MessageDelta>() > 3; }));
        else
            QVERIFY(waiting<PermissionItem>(*session));
        app->sessions().abort(session->id());
        QVERIFY(idle(*app, *session));
        if (streams) {
            const AssistantItem answer = rows<AssistantItem>(*session).constLast();
            QVERIFY(answer.interrupted && !answer.streaming);
            QVERIFY(answer.text.startsWith(u"tok0 tok1"_s));
        } else {
            QCOMPARE(rows<PermissionItem>(*session)[0].state, PermissionItem::State::Cancelled);
            QCOMPARE(rows<ToolItem>(*session)[0].state, ToolItem::State::Cancelled);
        }
        QVERIFY2(hasNotice(*session, NoticeItem::Kind::Interrupted),
                 qPrintable(visibleRows(*session).join(u'\n')));
        QCOMPARE(session->state(), Session::State::Attached);
        QVERIFY(app->run(session->id(), u"[say alive]"_s));
        QCOMPARE(rows<AssistantItem>(*session).constLast().text, u"alive"_s);
        QCOMPARE(app->failures(), QStringList());
    }

    void queue_data()
    {
        QTest::addColumn<bool>("onServer");
        QTest::newRow("kept here") << false;
        QTest::newRow("kept by the server") << true;
    }

    void queue()
    {
        QFETCH(bool, onServer);
        QFETCH_GLOBAL(Version, version);
        const auto app = started();
        QVERIFY(app);
        Session *session = app->newSession(m_model.provider());
        QVERIFY2(session, app->report().constData());
        app->sessions().send(session->id(), {u"[slow 20x50ms]"_s, {}, {}});
        QVERIFY(eventually([&] { return app->count<MessageDelta>() > 0; }));
        const Prompt second{u"[say second]"_s, Delivery::Enqueue, {}};
        if (onServer) {
            app->backend().send(session->id(), second, session, [](const Result<QString> &) { });
        } else {
            app->sessions().send(session->id(), second);
            QCOMPARE(session->queue().size(), 1);
        }
        QVERIFY(eventually([&] { return rows<AssistantItem>(*session).size() == 2; }));
        QVERIFY(idle(*app, *session));
        QVERIFY(session->queue().isEmpty());
        const QStringList shown = visibleRows(*session);
        QCOMPARE(shown.size(), 4);
        QCOMPARE(shown[0], u"user: [slow 20x50ms]"_s);
        QVERIFY(shown[1].trimmed().endsWith(u"tok19"_s)); // not cut short
        QCOMPARE(shown[2], u"user: [say second]"_s);
        QCOMPARE(shown[3], u"assistant: second"_s);
        if (version != Version::V1_0_40)
            QCOMPARE(rows<UserItem>(*session)[1].delivery,
                     onServer ? UserMessage::Delivery::Queued : UserMessage::Delivery::Idle);
        QCOMPARE(app->failures(), QStringList());
    }

    void steer()
    {
        QFETCH_GLOBAL(Version, version);
        const auto app = started();
        QVERIFY(app);
        Session *session = app->newSession(m_model.provider());
        QVERIFY2(session, app->report().constData());
        // No shell: one that runs would be pushed into the background by the steering.
        app->sessions().send(
            session->id(), {u"[slow 20x50ms] [tool:create steered.txt|x] [say arrived]"_s, {}, {}});
        QVERIFY(eventually([&] { return app->count<MessageDelta>() > 0; }));
        app->sessions().send(session->id(), {u"[say to the left]"_s, Delivery::Immediate, {}});
        QVERIFY(session->queue().isEmpty());
        QVERIFY(waiting<PermissionItem>(*session));
        app->sessions().answerPermission(session->id(),
                                         rows<PermissionItem>(*session)[0].request.requestId,
                                         PermissionDecision::ApproveOnce);
        QVERIFY(idle(*app, *session));
        const auto users = rows<UserItem>(*session);
        QCOMPARE(users.size(), 2);
        QCOMPARE(users[1].text, u"[say to the left]"_s);
        QVERIFY(!users[1].pending);
        if (version != Version::V1_0_40)
            QCOMPARE(users[1].delivery, UserMessage::Delivery::Steering);
        // Within the turn: the model never comes to the answer that it had planned.
        const QStringList shown = visibleRows(*session);
        QVERIFY2(shown.constLast() == "assistant: to the left"_L1
                     && !shown.contains(u"assistant: arrived"_s),
                 qPrintable(shown.join(u'\n')));
        QCOMPARE(app->failures(), QStringList());
    }

    void twoClients()
    {
        const auto first = started();
        QVERIFY(first);
        Session *here = first->newSession(m_model.provider());
        QVERIFY2(here, first->report().constData());
        QVERIFY(first->run(here->id(), u"[say before]"_s));

        const auto second = attached(*first);
        QVERIFY(second->goOnline());
        StoredSession stored;
        stored.config = here->config();
        stored.durable = true;
        Session *there = second->sessions().restore(stored);
        QVERIFY2(eventually([&] { return second->isAttached(here->id()); }),
                 second->report().constData());
        QCOMPARE(visibleRows(*there), visibleRows(*here));

        // The second sends and asks, the first answers; then the other way round.
        const qsizetype seen = first->events().size();
        const qsizetype seenThere = second->events().size();
        second->sessions().send(there->id(), {u"[tool:bash echo both] [say one]"_s, {}, {}});
        QVERIFY(waiting<PermissionItem>(*here));
        QVERIFY(waiting<PermissionItem>(*there));
        first->sessions().answerPermission(here->id(),
                                           rows<PermissionItem>(*here)[0].request.requestId,
                                           PermissionDecision::ApproveOnce);
        QVERIFY(idle(*first, *here));
        QVERIFY(idle(*second, *there));
        QCOMPARE(rows<PermissionItem>(*there)[0].state, PermissionItem::State::Approved);
        QCOMPARE(rows<ToolItem>(*there)[0].state, ToolItem::State::Succeeded);

        first->sessions().send(here->id(), {u"[ask Who?|me|you] [say two]"_s, {}, {}});
        QVERIFY(waiting<QuestionItem>(*here));
        QVERIFY(waiting<QuestionItem>(*there));
        const QString requestId = rows<QuestionItem>(*there)[0].request.requestId;
        second->sessions().answerQuestion(there->id(), requestId, u"you"_s, false);
        QVERIFY(eventually([&] { return visibleRows(*here).constLast() == u"assistant: two"_s; }));
        QVERIFY(eventually([&] { return visibleRows(*there).constLast() == u"assistant: two"_s; }));
        QVERIFY(idle(*first, *here));
        QVERIFY(idle(*second, *there));
        QCOMPARE(rows<QuestionItem>(*here)[0].state, QuestionItem::State::Answered);
        QCOMPARE(rows<QuestionItem>(*here)[0].answer, u"you"_s);
        QCOMPARE(visibleRows(*there), visibleRows(*here));

        const auto ids = [](const QList<AgentEvent> &events, qsizetype from) {
            QByteArrayList list;
            for (const AgentEvent &event : events.mid(from))
                list.append(event.meta.id);
            return list;
        };
        QCOMPARE(ids(second->events(), seenThere), ids(first->events(), seen));
        QCOMPARE(first->failures(), QStringList());
        QCOMPARE(second->failures(), QStringList());
    }

    void historyAfterReconnect()
    {
        const auto app = started();
        QVERIFY(app);
        Session *session = app->newSession(m_model.provider());
        QVERIFY2(session, app->report().constData());
        QVERIFY(app->run(session->id(), u"[reason Well then.] [say first]"_s));
        answerAll(*app, *session);
        QVERIFY(app->run(session->id(), u"[tool:bash echo kept] [say second]"_s));
        QVERIFY(app->run(session->id(), u"[ask Sure?|yes|no] [say third]"_s));
        const QStringList before = durableRows(*session);
        const quint64 generation = app->connection().status().generation;

        app->connection().reconnect();
        QVERIFY(eventually([&] {
            return app->connection().status().generation > generation
                && app->phase() == Phase::Online && app->isAttached(session->id());
        }));
        QCOMPARE(durableRows(*session), before);
        QCOMPARE(session->activity(), Activity::Idle);
        QVERIFY(app->run(session->id(), u"[say fourth]"_s));
        QCOMPARE(durableRows(*session),
                 before + QStringList({u"user: [say fourth]"_s, u"assistant: fourth"_s}));
        QCOMPARE(app->failures(), QStringList());
    }

    void serverKilledMidTurn()
    {
        const auto app = started(m_home->newPaths());
        QVERIFY(app);
        Session *session = app->newSession(m_model.provider());
        QVERIFY2(session, app->report().constData());
        QVERIFY(app->run(session->id(), u"[say before]"_s));
        const ServerRecord old = app->server().value();
        const int deltas = app->count<MessageDelta>();
        app->sessions().send(session->id(), {u"[slow 1000x50ms]"_s, {}, {}});
        // Half a second into the answer: the server writes its history every 100 ms, and what it
        // had not written is lost for everybody.
        QVERIFY(eventually([&] { return app->count<MessageDelta>() > deltas + 10; }));
        const qsizetype phases = app->phases().size();
        QVERIFY(signalGroup(old.process, GroupSignal::Kill));
        QVERIFY2(eventually([&] {
                     return app->phases().mid(phases).contains(Phase::Online)
                         && app->phase() == Phase::Online && app->isAttached(session->id());
                 }),
                 app->report().constData());
        QVERIFY(app->server().has_value());
        QVERIFY(app->server()->process != old.process);
        QCOMPARE(processState(old.process), ProcessState::Ended);

        const QString shown = visibleRows(*session).join(u'\n');
        QVERIFY2(shown.startsWith(u"user: [say before]\nassistant: before\nuser: [slow"_s),
                 qPrintable(shown));
        QVERIFY2(hasNotice(*session, NoticeItem::Kind::Interrupted), qPrintable(shown));
        QCOMPARE(session->activity(), Activity::Idle);
        QVERIFY(app->run(session->id(), u"[say alive]"_s));
        QCOMPARE(visibleRows(*session).constLast(), u"assistant: alive"_s);
        QCOMPARE(app->failures(), QStringList());
    }

    void restartOfTheApp()
    {
        const AppPaths paths = m_home->newPaths();
        auto app = started(paths);
        QVERIFY(app);
        QString id;
        QStringList before;
        {
            Session *session = app->newSession(m_model.provider());
            QVERIFY2(session, app->report().constData());
            id = session->id();
            QVERIFY(app->run(id, u"[say kept]"_s));
            before = visibleRows(*session);
        }
        const ServerRecord server = app->server().value();
        app->leaveServer();
        app.reset();
        QCOMPARE(processState(server.process), ProcessState::Running);

        app = std::make_unique<RealApp>(*m_home, paths);
        app->sessions().load();
        QVERIFY2(app->goOnline(), app->report().constData());
        QVERIFY(app->server()->process == server.process);
        QCOMPARE(app->server()->port, server.port);
        QVERIFY2(eventually([&] { return app->isAttached(id); }), app->report().constData());
        Session *session = app->sessions().find(id);
        QCOMPARE(visibleRows(*session), before);
        QVERIFY(app->run(id, u"[say again]"_s));
        QCOMPARE(visibleRows(*session).constLast(), u"assistant: again"_s);
        QCOMPARE(app->failures(), QStringList());
        app.reset();
        QCOMPARE(processState(server.process), ProcessState::Ended);
    }

    void embedded()
    {
        ConnectionConfig config;
        config.mode = ConnectionMode::Embedded;
        auto app = started(m_home->newPaths(), config);
        QVERIFY(app);
        QVERIFY(!app->server());
        const ProcessId child = identifyProcess(app->embeddedPid());
        QVERIFY(child.isValid());
        Session *session = app->newSession(m_model.provider());
        QVERIFY2(session, app->report().constData());
        QVERIFY(app->run(session->id(), u"[say from a child]"_s));
        QCOMPARE(visibleRows(*session),
                 QStringList({u"user: [say from a child]"_s, u"assistant: from a child"_s}));
        app.reset();
        QCOMPARE(processState(child), ProcessState::Ended);
    }

    void wrongToken()
    {
        QFETCH_GLOBAL(Version, version);
        const auto app = started();
        QVERIFY(app);
        const auto intruder = attached(*app, Secret("not the token of this server"));
        intruder->connection().connectToServer();
        if (version == Version::V1_0_40) {
            // It knows no tokens: neither the variable that we start it with nor `connect`.
            QVERIFY(eventually([&] { return intruder->phase() == Phase::Online; }));
            return;
        }
        QVERIFY2(eventually([&] { return intruder->phase() == Phase::Idle; }),
                 intruder->report().constData());
        QVERIFY(intruder->connection().status().error.has_value());
        QCOMPARE(intruder->connection().status().error->code, ErrorCode::AuthenticationFailed);
        QVERIFY(!intruder->phases().contains(Phase::Online));
        QCOMPARE(app->phase(), Phase::Online);
    }

    void cleanupTestCase()
    {
        for (const auto &[version, home] : m_homes) {
            if (const auto left = readServerRecord(home->sharedPaths().state + u"/server.json"_s))
                signalGroup(left->process, GroupSignal::Terminate);
        }
        QTRY_COMPARE_WITH_TIMEOUT(allProcesses(), QStringList(), 30'000);
        m_model.stop();
    }

private:
    //! An app that is online; null where it cannot be, with the reason in the log. Without \a paths
    //! it is on the server of all such tests and leaves it running.
    std::unique_ptr<RealApp> started(const std::optional<AppPaths> &paths = {},
                                     const ConnectionConfig &config = {})
    {
        auto app =
            std::make_unique<RealApp>(*m_home, paths ? *paths : m_home->sharedPaths(), config);
        if (!paths)
            app->leaveServer();
        if (app->goOnline())
            return app;
        qWarning("%s", app->report().constData());
        return nullptr;
    }

    //! A second app on the server of \a first, with its token unless told otherwise.
    std::unique_ptr<RealApp> attached(const RealApp &first, const std::optional<Secret> &token = {})
    {
        ConnectionConfig config;
        config.mode = ConnectionMode::Attach;
        config.url = u"tcp://127.0.0.1:%1"_s.arg(first.server()->port);
        config.token = token.value_or(first.server()->token);
        return std::make_unique<RealApp>(*m_home, m_home->newPaths(), config);
    }

    //! Waits until a card of this kind asks the user.
    template <typename Card>
    static bool waiting(const Session &session)
    {
        return eventually([&] {
            const auto cards = rows<Card>(session);
            return !cards.isEmpty() && cards.constLast().state == Card::State::Waiting;
        });
    }

    //! Waits until the turn that runs has ended: its last event that matters is the session's idle.
    static bool idle(const RealApp &app, const Session &session)
    {
        const auto ended = [&] {
            for (auto event = app.events().crbegin(); event != app.events().crend(); ++event) {
                if (std::holds_alternative<SessionIdle>(event->data))
                    return session.activity() == Activity::Idle;
                if (std::holds_alternative<UserMessage>(event->data)
                    || std::holds_alternative<TurnStarted>(event->data)
                    || std::holds_alternative<TurnEnded>(event->data)
                    || std::holds_alternative<Aborted>(event->data))
                    return false;
            }
            return false;
        };
        if (eventually(ended))
            return true;
        QStringList last;
        for (const AgentEvent &event : app.events().mid(std::max(0, int(app.events().size()) - 20)))
            last.append(QString::number(event.data.index()));
        qWarning("activity %d, last events %s\n%s\n%s", int(session.activity()),
                 qPrintable(last.join(u' ')), qPrintable(visibleRows(session).join(u'\n')),
                 app.report().constData());
        return false;
    }

    static bool hasNotice(const Session &session, NoticeItem::Kind kind)
    {
        const auto notices = rows<NoticeItem>(session);
        return std::any_of(notices.cbegin(), notices.cend(),
                           [&](const NoticeItem &notice) { return notice.kind == kind; });
    }

    //! Says yes to everything that \a session asks from now on.
    void answerAll(RealApp &app, Session &session)
    {
        connect(&session.transcript(), &Transcript::itemsInserted, &session,
                [&app, &session](int first) {
                    const auto data = session.transcript().items()[size_t(first)].data;
                    if (const auto *card = std::get_if<PermissionItem>(&data)) {
                        app.sessions().answerPermission(session.id(), card->request.requestId,
                                                        PermissionDecision::ApproveOnce);
                    } else if (const auto *asked = std::get_if<QuestionItem>(&data)) {
                        app.sessions().answerQuestion(session.id(), asked->request.requestId,
                                                      u"yes"_s, false);
                    }
                });
    }

    //! Questions are in no history; the tool call of the model that asked is.
    static QStringList durableRows(const Session &session)
    {
        QStringList lines = visibleRows(session);
        lines.removeIf([](const QString &line) { return line.startsWith(u"question"_s); });
        return lines;
    }

    QStringList allProcesses() const
    {
        QStringList found;
        for (const auto &[version, home] : m_homes)
            found += home->processes();
        return found;
    }

    RealServer m_model;
    std::map<Version, std::unique_ptr<RealHome>> m_homes;
    RealHome *m_home = nullptr;
};

QTEST_GUILESS_MAIN(TstReal)
#include "tst_real.moc"
