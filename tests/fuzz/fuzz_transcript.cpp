// SPDX-License-Identifier: MIT
// A file of a conversation's copy, of any bytes: nothing crashes, what is read makes a
// conversation, and what is read and written again reads the same.
#include "check.h"
#include "session/historymerge.h"
#include "session/transcript.h"
#include "support/fakeclock.h"

#include <QLoggingCategory>

#include <cstdint>

using namespace pilotlight;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static const bool quiet = [] {
        QLoggingCategory::setFilterRules(QStringLiteral("pilotlight.*=false"));
        return true;
    }();
    (void)quiet;
    const QByteArray bytes(reinterpret_cast<const char *>(data), static_cast<qsizetype>(size));
    const KeptTranscript kept = KeptTranscript::parse(bytes);
    const QList<AgentEvent> events = kept.events();
    FUZZ_CHECK(events.size() <= kept.lines().size());
    Transcript transcript;
    transcript.load(events, false, false);
    FUZZ_CHECK(transcript.activity() == Activity::Idle);

    // Written by us, it is whole.
    FakeClock clock;
    TranscriptStore store({}, clock);
    const QString id = QStringLiteral("s");
    store.replace(id, events);
    const KeptTranscript again = store.load(id);
    FUZZ_CHECK(again.damaged() == 0);
    int unreadable = 0;
    const QList<AgentEvent> same = again.events(&unreadable);
    FUZZ_CHECK(unreadable == 0);
    store.replace(id, same);
    FUZZ_CHECK(store.read(id).size() == same.size());

    // Against itself nothing is new; against nothing all of it stays.
    QList<AgentEvent> durable;
    for (const AgentEvent &event : same) {
        if (!event.meta.ephemeral)
            durable.append(event);
    }
    (void)mergeHistory(again, durable, same);
    const MergedHistory alone = mergeHistory(kept, {}, {});
    FUZZ_CHECK(alone.events.size() >= events.size());
    FUZZ_CHECK(alone.recovered == 0);
    return 0;
}
