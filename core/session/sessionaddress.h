// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"

#include <QString>

namespace pilotlight {

//! The address under which other programs (a browser, a chat, a note) lead to a session in the
//! window: pilotlight://session/ID.
QString sessionAddress(const QString &sessionId);

//! The id in \a address. InvalidArgument, with what an address looks like, for anything else: it
//! may come from any web page.
Result<QString> sessionIdOf(const QString &address);

} // namespace pilotlight
