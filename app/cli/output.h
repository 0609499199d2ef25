// SPDX-License-Identifier: MIT
#pragma once

#include "base/clock.h"

#include <QJsonObject>
#include <QString>

namespace pilotlight {

//! What the command line says: with --json one object a line on standard output, else text for
//! people (answers on standard output, everything around them on standard error).
class Output
{
public:
    Output(Clock &clock, bool json)
        : m_clock(clock)
        , m_json(json)
    { }

    bool isJson() const { return m_json; }
    //! One event. \a human is a line for people; empty: they are not told.
    void event(const QString &name, QJsonObject fields, const QString &human = {});
    //! A piece of an answer: as it comes, without a line feed of ours.
    void delta(const QString &session, const QString &text);
    //! A message for people that --json carries as event "notice".
    void notice(const QString &level, const QString &text);
    //! A line on standard output in text mode only.
    void line(const QString &text);

private:
    void endLine();

    Clock &m_clock;
    const bool m_json;
    bool m_midLine = false;
};

} // namespace pilotlight
