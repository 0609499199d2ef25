// SPDX-License-Identifier: MIT
// Any bytes as an exported file: refused with a reason, or understood whole.
#include "profile/profilefile.h"
#include "storefolder.h"

using namespace pilotlight;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    const StoreFolder folder; // for its quiet
    const auto read = readProfile(inputBytes(data, size));
    if (!read) {
        FUZZ_CHECK(!read.error().detail.isEmpty());
        return 0;
    }
    const ProfilePlan fresh = planImport(*read, {});
    for (const BackendSettings &backend : fresh.result.backends)
        FUZZ_CHECK(checkBackend(backend));
    for (const StoredSession &session : fresh.result.sessions)
        FUZZ_CHECK(session.draft.isEmpty() && session.queue.isEmpty());
    // What was understood can be written, and is understood again.
    const QDateTime now = QDateTime::fromSecsSinceEpoch(0, Qt::UTC);
    const QByteArray written = writeProfile(*read, now);
    const auto again = readProfile(written);
    FUZZ_CHECK(again);
    FUZZ_CHECK(again->backends.size() == read->backends.size());
    FUZZ_CHECK(again->sessions.size() == read->sessions.size());
    return 0;
}
