// SPDX-License-Identifier: MIT
// Any bytes as a proof's verdict, as the list of canaries and as the record of a server.
#include "server/serverrecord.h"
#include "session/verdictstore.h"
#include "storefolder.h"
#include "support/fakeclock.h"

using namespace pilotlight;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    const QByteArray bytes = inputBytes(data, size);
    const StoreFolder folder;
    const QString verdictFile = QStringLiteral("server-1.0.57.json");
    const QString canaryFile = QStringLiteral("canaries.json");
    const QString recordFile = QStringLiteral("server.json");
    folder.put(verdictFile, bytes);
    folder.put(canaryFile, bytes);
    folder.put(recordFile, bytes);
    FakeClock clock;
    VerdictStore store(folder.path(QString()), clock);
    (void)store.all();
    (void)store.find(QStringLiteral("1.0.57"));
    FUZZ_CHECK(folder.get(verdictFile) == bytes || folder.isKept(verdictFile, bytes));
    ServerVerdict verdict;
    verdict.version = QStringLiteral("1.0.57");
    verdict.when = clock.wallNow();
    verdict.methods = {MethodVerdict{KeepMethod::Ping, MethodVerdict::Answer::DoesNot, {}, 3}};
    if (store.save(verdict)) {
        const auto found = store.find(verdict.version);
        FUZZ_CHECK(found && found->find(KeepMethod::Ping));
    } else {
        FUZZ_CHECK(folder.get(verdictFile) == bytes); // of a newer version
    }

    (void)store.canaries();
    (void)store.leftovers();
    const bool readable = folder.get(canaryFile) == bytes;
    FUZZ_CHECK(readable || folder.isKept(canaryFile, bytes));
    store.addCanaries({QStringLiteral("c")}, clock.wallNow());
    FUZZ_CHECK(store.canaries().contains(QStringLiteral("c")) || folder.get(canaryFile) == bytes);
    store.removeCanaries({QStringLiteral("c")});

    const auto record = readServerRecord(folder.path(recordFile));
    if (record)
        FUZZ_CHECK(record->process.pid > 1);
    ServerRecord fresh;
    fresh.process = {4711, QStringLiteral("1")};
    FUZZ_CHECK(!writeServerRecord(folder.path(recordFile), fresh));
    FUZZ_CHECK(record || folder.isKept(recordFile, bytes));
    FUZZ_CHECK(readServerRecord(folder.path(recordFile))->process.pid == 4711);
    return 0;
}
