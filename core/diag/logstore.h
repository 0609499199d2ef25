// SPDX-License-Identifier: MIT
#pragma once

#include "diag/logrecord.h"

#include <QObject>

#include <memory>
#include <vector>

namespace pilotlight {

//! The newest records in memory, for the log panel. append() may be called from any thread; records become visible on
//! the owner's thread in batches (10 a second), each announced once.
class LogStore : public QObject
{
    Q_OBJECT
public:
    explicit LogStore(int capacity = 100'000, QObject *parent = nullptr);
    ~LogStore() override;

    //! Thread-safe. The id is given here.
    void append(LogRecord record);
    //! Makes everything appended so far visible now (owner's thread).
    void flush();

    int size() const;
    //! \a index from 0 (oldest kept) to size()-1.
    const LogRecord &at(int index) const;
    //! Id of at(0); records before it were dropped for the capacity.
    quint64 firstId() const;

Q_SIGNALS:
    //! \a dropped oldest records went first, then \a added were appended.
    void changed(int added, int dropped);

private:
    class Private;
    std::unique_ptr<Private> d;
};

} // namespace pilotlight
