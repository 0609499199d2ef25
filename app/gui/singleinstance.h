// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <QObject>

#include <memory>
#include <optional>

namespace pilotlight {

class LocalListener;

//! One window for a profile: two would write the same files. The second start brings the first
//! one's window to the front and ends.
class SingleInstance : public QObject
{
    Q_OBJECT
public:
    //! For how long one that hangs, or that is just ending, is waited for.
    static constexpr Milliseconds Patience{10'000};
    //! Exit code where it does not answer.
    static constexpr int NoAnswer = 4;

    explicit SingleInstance(Clock &clock, QObject *parent = nullptr);
    ~SingleInstance() override;

    //! Nothing: this is the only one for \a folder (or nobody can tell, since the folder cannot be
    //! written). Else the exit code of this program: the first one was asked to show itself, and
    //! \a sessionId where there is one. Runs the application's event loop meanwhile; before
    //! anything else does.
    std::optional<int> claim(const QString &folder, const QString &sessionId);
    //! This one is ending: who starts the program now waits for it and is the next one.
    void leave() { m_leaving = true; }

Q_SIGNALS:
    //! Somebody has started the program again. \a token: of Wayland, so that the window may come to
    //! the front; mostly empty. \a sessionId: to be shown; mostly empty.
    void raiseRequested(const QString &token, const QString &sessionId);

private:
    void ask(const QString &folder, const QString &sessionId);
    void accept();

    Clock &m_clock;
    std::unique_ptr<LocalListener> m_listener;
    bool m_leaving = false;
};

} // namespace pilotlight
