// SPDX-License-Identifier: MIT
#pragma once

#include "chaos/user.h"

namespace pilotlight::chaos {

//! What the product shows of a session, in words that can be compared with the server's history.
struct Shown
{
    QStringList rows; //!< what must be in the history as well
    //! It says that the server has lost some of them: they may be more than the history has.
    bool serverLost = false;
    QHash<QString, int> prompts; //!< rows of the user, by text
    //! Texts of prompts whose turn was cut, stopped or failed, as the window says.
    QSet<QString> excused;
};

//! Looks at the transcript now; what is only ours (partial texts, notices) is left out.
Shown shownOf(const Transcript &transcript);

struct Verdict
{
    int prompts = 0;
    int answered = 0;
    int interrupted = 0; //!< not answered, and shown as such
    QStringList faults; //!< what is wrong; empty: nothing
};

//! Compares what was \a given and what is \a shown with the histories on the servers' disks; after
//! their end.
Verdict judge(const World &world, const QList<User::Given> &given,
              const QHash<QString, Shown> &shown, const QHash<QString, QString> &hostOf);

//! While it goes on: prompts that a transcript shows twice.
QStringList shownTwice(Product &product);

} // namespace pilotlight::chaos
