// SPDX-License-Identifier: MIT
#pragma once

#include "session/transcript.h"

#include <QHash>
#include <QObject>

namespace pilotlight {

//! Tells the user something while the window is not active. The system's way is TrayNotifier.
class Notifier : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;
    //! \a sessionId comes back with activated().
    virtual void notify(const QString &title, const QString &text, const QString &sessionId) = 0;

Q_SIGNALS:
    //! The user clicked the latest message.
    void activated(const QString &sessionId);
};

//! Follows what the sessions do: how many wait for the user, how many work, and when the user
//! should be told. Fed with plain values, so it needs no session to be tested.
class Attention : public QObject
{
    Q_OBJECT
public:
    //! \a notifier may be null; it must outlive this.
    explicit Attention(Notifier *notifier, QObject *parent = nullptr);

    void setEnabled(bool enabled) { m_enabled = enabled; } //!< the user's setting
    void setWindowActive(bool active) { m_windowActive = active; }
    //! The present activity of session \a id, called \a name. The first call for an id tells
    //! nobody.
    void update(const QString &id, const QString &name, Activity activity);
    //! The session is not attached now: what it does is not known, and nothing has ended.
    void suspend(const QString &id);
    void remove(const QString &id);

    int waiting() const { return m_waiting; }
    int working() const { return m_working; }

Q_SIGNALS:
    //! waiting() or working() changed.
    void countsChanged();

private:
    void count();

    Notifier *m_notifier;
    QHash<QString, Activity> m_activities;
    bool m_enabled = true;
    bool m_windowActive = true;
    int m_waiting = 0;
    int m_working = 0;
};

} // namespace pilotlight
