// SPDX-License-Identifier: MIT
// What a session does, by the word of the real Copilot CLI.
#include "real/realapp.h"

#include "session/explanation.h"

using namespace pilotlight;
using namespace Qt::StringLiterals;

using Cause = Explanation::Cause;
using Doing = Explanation::Activity;
using Version = RealServer::Version;
Q_DECLARE_METATYPE(pilotlight::RealServer::Version)

class TstRealActivity : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase_data()
    {
        QTest::addColumn<Version>("version");
        QTest::newRow("newest") << Version::Newest;
        QTest::newRow("1.0.69") << Version::V1_0_69;
        QTest::newRow("1.0.40") << Version::V1_0_40; // cannot tell whether it works on a turn
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
        m_app = std::make_unique<RealApp>(*home, home->sharedPaths());
        QVERIFY2(m_app->goOnline(), m_app->report().constData());
        m_session = m_app->newSession(m_model.provider());
        QVERIFY2(m_session, m_app->report().constData());
    }

    void cleanup()
    {
        m_session = nullptr;
        m_app.reset();
    }

    void modelCall()
    {
        send("[wait 60000ms] [say late]");
        QVERIFY(becomes(Cause::ModelRequest));
        QVERIFY(askedAndAnswered());
        QCOMPARE(why().cause, Cause::ModelRequest);
        QCOMPARE(why().activity, Doing::Working);
        m_app->sessions().abort(m_session->id());
        QVERIFY(eventually([&] { return !m_session->isWorking(); }));
        QCOMPARE(m_app->failures(), QStringList());
    }

    void permissionThenTool()
    {
        send("[tool:bash sleep 60] [say done]");
        QVERIFY(becomes(Cause::Permission));
        QCOMPARE(why().activity, Doing::Waiting);
        QVERIFY(askedAndAnswered());
        QCOMPARE(why().cause, Cause::Permission); // it still waits
        m_app->sessions().answerPermission(m_session->id(),
                                           rows<PermissionItem>(*m_session)[0].request.requestId,
                                           PermissionDecision::ApproveOnce);
        QVERIFY(becomes(Cause::Tool));
        QCOMPARE(why().subject, u"bash"_s);
        QVERIFY(askedAndAnswered());
        QCOMPARE(why().cause, Cause::Tool);
        QCOMPARE(why().activity, Doing::Working);
        QVERIFY(*why().running < Milliseconds(60'000));
        m_app->sessions().abort(m_session->id());
        QVERIFY(eventually([&] { return !m_session->isWorking(); }));
    }

    void question()
    {
        send("[ask Which one?|red|blue] [say fine]");
        QVERIFY(becomes(Cause::Question));
        QVERIFY(askedAndAnswered());
        QCOMPARE(why().cause, Cause::Question);
        m_app->sessions().abort(m_session->id());
        QVERIFY(eventually([&] { return why().activity == Doing::Idle; }));
    }

    void retrying()
    {
        QFETCH_GLOBAL(Version, version);
        if (version != Version::Newest)
            QSKIP("does not announce retries");
        send("[error 429] [say done]");
        QVERIFY(becomes(Cause::Retrying));
        QCOMPARE(why().attempts, 5);
        QVERIFY(eventually([&] { return why().activity == Doing::Idle; }));
        QCOMPARE(why().cause, Cause::RateLimit);
    }

    void shellInTheBackground()
    {
        QFETCH_GLOBAL(Version, version);
        if (version == Version::V1_0_40)
            QSKIP("says session.idle while the shell runs");
        send("[tool:bash! sleep 12] [say started]");
        QVERIFY(becomes(Cause::Permission));
        m_app->sessions().answerPermission(m_session->id(),
                                           rows<PermissionItem>(*m_session)[0].request.requestId,
                                           PermissionDecision::ApproveOnce);
        QVERIFY(becomes(Cause::Background));
        QCOMPARE(m_session->activity(), Activity::Idle);
        QVERIFY(m_session->isWorking());
        QVERIFY(askedAndAnswered());
        QVERIFY(eventually([&] { return !m_session->isWorking(); }));
    }

    //! Nothing of a turn's second half arrives: the server's word ends it (that of 1.0.40 is its
    //! history), the history tells it.
    void anEndThatWasNotHeard()
    {
        send("[slow 10x100ms]");
        QVERIFY(becomes(Cause::Answering));
        disconnect(&m_app->backend(), &AgentBackend::sessionEvent, &m_app->sessions(), nullptr);
        QVERIFY(eventually([&] { return m_session->activity() == Activity::Idle; }));
        const auto answers = rows<AssistantItem>(*m_session);
        QCOMPARE(answers.size(), 1);
        QCOMPARE(answers[0].text.trimmed(), u"tok0 tok1 tok2 tok3 tok4 tok5 tok6 tok7 tok8 tok9"_s);
        QVERIFY(!answers[0].streaming && !answers[0].interrupted);
    }

private:
    void send(const char *prompt)
    {
        m_app->sessions().send(m_session->id(),
                               {QString::fromLatin1(prompt), Delivery::Enqueue, {}, {}});
    }
    Explanation why() const { return m_app->sessions().explanation(m_session->id()); }
    bool becomes(Cause cause) const
    {
        if (eventually([&] { return why().cause == cause; }))
            return true;
        qWarning("%s instead of %s", qPrintable(causeName(why().cause)),
                 qPrintable(causeName(cause)));
        return false;
    }
    //! The watch has asked about the present quiet, and the server has answered.
    bool askedAndAnswered() const
    {
        return eventually([&] {
            const Explanation now = why();
            return now.asked && now.lastEvent && *now.asked < *now.lastEvent && now.answeredAfter;
        });
    }

    RealServer m_model;
    std::map<Version, std::unique_ptr<RealHome>> m_homes;
    std::unique_ptr<RealApp> m_app;
    Session *m_session = nullptr;
};

QTEST_GUILESS_MAIN(TstRealActivity)
#include "tst_realactivity.moc"
