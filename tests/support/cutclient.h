// SPDX-License-Identifier: MIT
#pragma once

#include "agent/copilotbackend.h"
#include "base/random.h"
#include "base/systemclock.h"
#include "session/sessionmanager.h"
#include "session/sessionstore.h"
#include "session/transcriptstore.h"
#include "support/transcripttext.h"
#include "transport/tcptransport.h"

#include <QTest>

#include <functional>
#include <memory>

namespace pilotlight {

//! The session side of the product on one socket, which can be cut at any moment. What it keeps on
//! disk is in \a folder, so that the next one can go on with it.
class CutClient
{
public:
    CutClient(quint16 port, const QString &folder, bool silent = false)
        : m_transcripts(folder + QStringLiteral("/transcripts"), m_clock)
        , m_peer(std::make_unique<Peer>(
              std::make_unique<TcpTransport>(QStringLiteral("127.0.0.1"), port), m_clock))
        , m_backend(std::make_unique<CopilotBackend>(*m_peer, m_clock))
        , m_manager(nullptr, m_clock, m_random)
    {
        m_manager.setTranscriptStore(&m_transcripts);
        SessionKeeping keeping;
        keeping.silentAttach = silent;
        m_manager.setKeeping(SessionManager::defaultBackendId(), keeping);
    }
    ~CutClient() { cut(); }

    static bool eventually(const std::function<bool()> &condition)
    {
        return QTest::qWaitFor(condition, 60'000);
    }
    bool goOnline()
    {
        bool online = false;
        QObject::connect(m_peer.get(), &Peer::opened, m_backend.get(), [this, &online] {
            m_backend->initialize(
                {}, std::chrono::seconds(60), m_backend.get(),
                [&online](const Result<ServerInfo> &info) { online = info.has_value(); });
        });
        m_peer->transport().open();
        if (!eventually([&] { return online; }))
            return false;
        m_manager.setBackend(m_backend.get());
        return true;
    }
    //! The session as this client has it, once it is attached; null where it does not come so far.
    Session *make(const SessionConfig &config) { return wait(m_manager.create(config)); }
    Session *join(const SessionConfig &config)
    {
        StoredSession stored;
        stored.config = config;
        stored.durable = true;
        return wait(m_manager.restore(stored));
    }
    SessionManager &manager() { return m_manager; }
    TranscriptStore &transcripts() { return m_transcripts; }

    //! As if the process had died: nothing is said to the server, the socket just ends.
    void cut()
    {
        if (!m_backend)
            return;
        m_manager.setBackend(nullptr);
        m_backend.reset();
        m_peer->transport().close();
        m_peer.reset();
    }

private:
    Session *wait(Session *session)
    {
        return session
                && eventually([session] { return session->state() == Session::State::Attached; })
            ? session
            : nullptr;
    }

    SystemClock m_clock;
    SystemRandom m_random;
    TranscriptStore m_transcripts;
    std::unique_ptr<Peer> m_peer;
    std::unique_ptr<CopilotBackend> m_backend;
    SessionManager m_manager;
};

//! One turn that is cut for one client in its middle while another holds the session; see
//! runCut().
struct Cut
{
    QString prompt;
    std::function<bool(CutClient &, Session &)> reached; //!< brings the turn to where it is cut
    bool rests = false; //!< nothing happens until somebody answers
    std::function<void(CutClient &, Session &)> goOn; //!< what the new client does; may be empty
};

template <typename T>
const T *lastRow(const Session &session)
{
    const auto &items = session.transcript().items();
    for (auto item = items.rbegin(); item != items.rend(); ++item) {
        if (const T *row = std::get_if<T>(&item->data))
            return row;
    }
    return nullptr;
}

inline QMap<QString, Cut> cuts()
{
    const auto permission = [](CutClient &, Session &session) {
        return CutClient::eventually([&] {
            const auto *card = lastRow<PermissionItem>(session);
            return card && card->state == PermissionItem::State::Waiting;
        });
    };
    const auto allow = [](CutClient &client, Session &session) {
        client.manager().answerPermission(session.id(),
                                          lastRow<PermissionItem>(session)->request.requestId,
                                          PermissionDecision::ApproveOnce);
    };
    QMap<QString, Cut> cuts;
    cuts[QStringLiteral("streaming")] = {
        QStringLiteral("[reason 5x20ms] [slow 60x40ms]"),
        [](CutClient &, Session &session) {
            return CutClient::eventually([&] {
                const auto *answer = lastRow<AssistantItem>(session);
                return answer && answer->text.contains(QStringLiteral("tok10"));
            });
        },
        false,
        {}};
    cuts[QStringLiteral("tool running")] = {
        QStringLiteral("[tool:bash echo one; sleep 3; echo two] [say done]"),
        [=](CutClient &client, Session &session) {
            if (!permission(client, session))
                return false;
            allow(client, session);
            return CutClient::eventually([&] {
                const auto *tool = lastRow<ToolItem>(session);
                return tool && tool->output.contains(QStringLiteral("one"));
            });
        },
        false,
        {}};
    cuts[QStringLiteral("pending permission")] = {QStringLiteral("[tool:bash echo hi] [say done]"),
                                                  permission, true, allow};
    cuts[QStringLiteral("pending question")] = {
        QStringLiteral("[ask Which one?|red|blue] [say done]"),
        [](CutClient &, Session &session) {
            return CutClient::eventually([&] {
                const auto *card = lastRow<QuestionItem>(session);
                return card && card->state == QuestionItem::State::Waiting;
            });
        },
        true,
        [](CutClient &client, Session &session) {
            client.manager().answerQuestion(session.id(),
                                            lastRow<QuestionItem>(session)->request.requestId,
                                            QStringLiteral("blue"), false);
        }};
    return cuts;
}

//! A client makes a session, another one holds it, the first is cut in the middle of a turn, and a
//! third attaches. Compares what it shows with what the holder shows, item by item, at once and
//! after the turn. \a sameFolder: the third goes on with the files of the first.
inline void runCut(const Cut &cut, quint16 port, const SessionConfig &config, const QString &folder,
                   bool sameFolder)
{
    CutClient holder(port, folder + QStringLiteral("/holder"), true);
    auto first = std::make_unique<CutClient>(port, folder + QStringLiteral("/first"));
    QVERIFY(first->goOnline());
    Session *begun = first->make(config);
    QVERIFY(begun);
    const QString id = begun->id();
    SessionConfig same = config;
    same.id = id;
    const auto settled = [](Session &session) {
        return CutClient::eventually([&] {
            return session.activity() == Activity::Idle && !session.transcript().hasBackgroundWork()
                && lastRow<AssistantItem>(session);
        });
    };
    // A turn before it, so that the server has the session on its disk.
    first->manager().send(id, {QStringLiteral("[say before]"), Delivery::Enqueue, {}});
    QVERIFY(settled(*begun));
    QVERIFY(holder.goOnline());
    Session *held = holder.join(same);
    QVERIFY(held);

    first->manager().send(id, {cut.prompt, Delivery::Enqueue, {}});
    QVERIFY(cut.reached(*first, *begun));
    const QString seen = lastRow<AssistantItem>(*begun)->text;
    first->cut();

    auto second = std::make_unique<CutClient>(
        port, folder + (sameFolder ? QStringLiteral("/first") : QStringLiteral("/second")));
    QVERIFY(second->goOnline());
    Session *back = second->join(same);
    QVERIFY(back);
    QVERIFY2(lastRow<AssistantItem>(*back)->text.startsWith(seen),
             qPrintable(lastRow<AssistantItem>(*back)->text));
    if (cut.rests) {
        QCOMPARE(transcriptText(back->transcript()), transcriptText(held->transcript()));
        QCOMPARE(back->activity(), Activity::WaitingForUser);
    } else {
        QCOMPARE(back->activity(), Activity::Working);
    }
    if (cut.goOn)
        cut.goOn(*second, *back);
    QVERIFY(settled(*back));
    QVERIFY(settled(*held));
    QCOMPARE(transcriptText(back->transcript()), transcriptText(held->transcript()));

    // What was kept of it can be read without a server, too.
    Transcript offline;
    offline.load(second->transcripts().read(id), true);
    const auto rows = [](const Transcript &transcript) {
        QStringList lines = transcriptText(transcript);
        lines.removeIf([](const QString &line) { return line.startsWith(u" reasoning"); });
        return lines;
    };
    QCOMPARE(rows(offline), rows(back->transcript()));
}

} // namespace pilotlight
