// SPDX-License-Identifier: MIT
#include "session/session.h"

namespace pilotlight {

Session::Session(SessionConfig config, QObject *parent)
    : QObject(parent)
    , m_config(std::move(config))
{ }

QString Session::displayName() const
{
    if (!m_config.name.isEmpty())
        return m_config.name;
    if (!m_transcript.title().isEmpty())
        return m_transcript.title();
    if (!m_title.isEmpty())
        return m_title;
    for (const TranscriptItem &item : m_transcript.items()) {
        if (const auto *user = std::get_if<UserItem>(&item.data))
            return user->text.section(QLatin1Char('\n'), 0, 0).left(80);
    }
    return {};
}

} // namespace pilotlight
