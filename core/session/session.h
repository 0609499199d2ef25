// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "base/clock.h"
#include "session/keeping.h"
#include "session/transcript.h"

#include <QHash>
#include <QObject>
#include <QSet>

#include <map>

namespace pilotlight {

//! One conversation as the window shows it. Owned and changed by SessionManager only.
class Session : public QObject
{
    Q_OBJECT
public:
    enum class State
    {
        Offline, //!< no server connection
        Attaching, //!< create or resume is under way
        Attached, //!< the server sends us its events
        Lost, //!< the server had dropped it; it is being brought back
        Failed, //!< could not be created or resumed; see error()
        Parked, //!< unloaded on purpose with nothing to lose; resumed on use
    };
    Q_ENUM(State)

    const QString &id() const { return m_config.id; }
    //! Names the connection whose server has it.
    const QString &backendId() const { return m_backendId; }
    ParkPolicy parkPolicy() const { return m_parkPolicy; }
    const SessionConfig &config() const { return m_config; }
    //! The user's name, else the server's title, else the first prompt, else empty.
    QString displayName() const;
    State state() const { return m_state; }
    const Error &error() const { return m_error; } //!< of Failed
    Activity activity() const { return m_transcript.activity(); }
    //! A turn runs, or shells or sub-agents do in the background: assistant.idle is not the end.
    bool isWorking() const
    {
        return activity() == Activity::Working
            || (activity() == Activity::Idle && m_transcript.hasBackgroundWork());
    }
    //! It works or should, and the server does not answer when it is asked about it.
    bool isStuck() const { return m_stuck; }
    const Transcript &transcript() const { return m_transcript; }
    int unread() const { return m_unread; } //!< finished messages since it was last looked at
    QDateTime created() const { return m_created; }
    QDateTime lastActivity() const { return m_lastActivity; } //!< UTC
    const QString &draft() const { return m_draft; }
    //! True once the server has a history for it (a first prompt was accepted).
    bool isDurable() const { return m_durable; }
    //! Prompts that wait in this program for the session to be attached or free.
    const QList<Prompt> &queue() const { return m_queue; }

Q_SIGNALS:
    void changed(); //!< anything above but the transcript
    void draftChanged();

private:
    friend class SessionManager;
    explicit Session(SessionConfig config, QObject *parent);

    //! What the manager needs beyond what is shown.
    struct Work
    {
        bool secretMissing = false; //!< the provider's key has yet to come from the secret store
        bool historyPending = false; //!< events wait in `early` until the history is in
        QList<AgentEvent> early;
        bool queueRests = false; //!< the user stopped the turn: nothing goes out by itself
        bool sending = false; //!< a prompt is on its way; the next waits, so that order is kept
        QHash<QString, Prompt> unechoed; //!< by message id: accepted, but not seen in a turn yet
        QSet<QString> refused; //!< of those: a turn failed before it began with them
        //! By id of the prompt: echoed, but perhaps not on the server's disk yet.
        std::map<QString, TimerHandle> settling;
        //! Prompts that are not in the history yet may be on their way through the server.
        bool fateOpen = false;
        int lostInARow = 0; //!< losses of which each came soon after the resume before it
        Nanoseconds attachedAt{0}; //!< on the clock; of Attached
        // Keeping. All times are on the clock's bootNow().
        std::optional<Nanoseconds> confirmed; //!< the server was seen to have it
        SessionLife::Evidence evidence = SessionLife::Evidence::None;
        Nanoseconds counted{0}; //!< the last thing that the server takes for activity
        Nanoseconds quietSince{0}; //!< nobody has used it since
        Nanoseconds parkAskedAt{0}; //!< when the server last said that there is something to lose
        bool parkAsked = false; //!< the question is under way
        bool readingEnd = false; //!< the history is read, since the server says that nothing runs
        quint64 touches = 0;
        quint64 deaths = 0;
        quint64 revivals = 0;
        quint64 parks = 0;
        bool gone = false; //!< forgotten; answers that still come are void
    };

    SessionConfig m_config;
    QString m_backendId;
    ParkPolicy m_parkPolicy = ParkPolicy::Auto;
    Work m_work;
    State m_state = State::Offline;
    Error m_error;
    Transcript m_transcript;
    bool m_stuck = false;
    int m_unread = 0;
    bool m_durable = false;
    QDateTime m_created;
    QDateTime m_lastActivity;
    QString m_draft;
    QString m_title; //!< what it was called when it was last seen
    QList<Prompt> m_queue;
};

} // namespace pilotlight
