// SPDX-License-Identifier: MIT
#pragma once

#include "chaos/product.h"

#include <QHash>
#include <QStringList>

namespace pilotlight::chaos {

//! The person before the window, for all sessions at once: asks things, answers what is asked, and
//! clicks where the product waits for a click. Remembers every prompt that the product took.
class User
{
public:
    struct Given
    {
        QString sessionId;
        QString token; //!< a word that only this prompt has
        QString text;
        bool steering = false;
    };
    //! Clicks that the product should better do without; for the report.
    struct Clicks
    {
        int retries = 0; //!< of a session that failed
        int reconnects = 0; //!< of a connection that gave up
        int restarts = 0; //!< of an embedded server that took the place of a local one
        int sendNow = 0; //!< of a prompt that rested in the queue
        int sendAgain = 0; //!< of one that the server dropped
    };

    //! \a real: prompts that the stub model understands as well.
    User(World &world, bool real);

    //! Makes \a count sessions, evenly on all hosts.
    void makeSessions(Product &product, int count);
    //! Does something with some of the sessions.
    void act(Product &product);
    //! No new prompts from now on; what is open is still seen to.
    void stopAsking() { m_asking = false; }
    //! What is still open, for people; empty: nothing is.
    static QStringList unsettled(Product &product);

    const QList<Given> &given() const { return m_given; }
    int asked() const { return m_asked; }
    const QStringList &sessionIds() const { return m_ids; }
    const Clicks &clicks() const { return m_clicks; }
    int answers() const { return m_answers; }

    //! Not zero: a session is deleted after so many prompts, and a new one takes its place; and
    //! nothing is remembered of them. For runs that go on and on.
    int promptsPerSession = 0;
    int pace = 1; //!< so many times slower
    ProviderConfig provider; //!< of new sessions; may be unset
    QString model;
    QString workFolder;

private:
    struct Mood
    {
        Nanoseconds nextPrompt{0};
        Nanoseconds nextClick{0};
        int prompts = 0;
    };
    void makeSession(Product &product, const QString &host);
    void turnOver(Product &product);
    void actOn(Product &product, Session &session, Mood &mood);
    bool answerCards(Product &product, Session &session);
    void ask(Product &product, Session &session, Mood &mood);
    QString script(const QString &token);
    bool chance(double probability) { return m_world.random.unit() < probability; }
    Nanoseconds in(Milliseconds low, Milliseconds high);

    World &m_world;
    const bool m_real;
    bool m_asking = true;
    int m_made = 0; //!< sessions, ever
    int m_asked = 0; //!< prompts, ever
    QStringList m_ids;
    QHash<QString, Mood> m_moods;
    QHash<QString, Nanoseconds> m_clickAt; //!< of connections
    QList<Given> m_given;
    Clicks m_clicks;
    int m_answers = 0;
};

} // namespace pilotlight::chaos
