// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"
#include "diag/logrecord.h"

#include <QObject>

#include <memory>

namespace pilotlight {

//! The newest records in memory, for the log panel. append() may be called from any thread; records
//! become visible on the owner's thread in batches (at most 10 a second), each announced once. No
//! timer runs while nothing is logged.
class LogStore : public QObject
{
    Q_OBJECT
public:
    //! \a capacity in records, at least 1. \a clock must outlive the store.
    explicit LogStore(Clock &clock, int capacity = 100'000, QObject *parent = nullptr);
    ~LogStore() override;

    //! Thread-safe. The id is given here. A text over 64 Ki characters is cut (the file keeps all).
    void append(LogRecord record);
    //! Makes everything appended so far visible now (owner's thread).
    void flush();

    int size() const;
    int capacity() const;
    //! \a index from 0 (oldest kept) to size()-1. Ids have no gaps: at(i).id == firstId() + i.
    const LogRecord &at(int index) const;
    //! Id of at(0); records before it were dropped for the capacity. 0 while empty.
    quint64 firstId() const;

Q_SIGNALS:
    //! \a dropped oldest records went first, then \a added were appended.
    void changed(int added, int dropped);

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace pilotlight
