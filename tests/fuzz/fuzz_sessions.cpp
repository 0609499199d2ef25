// SPDX-License-Identifier: MIT
// Any bytes as sessions.json and, after a NUL, as its journal.
#include "session/sessionstore.h"
#include "storefolder.h"
#include "support/fakeclock.h"

using namespace pilotlight;

namespace {

QStringList idsOf(const QList<StoredSession> &sessions)
{
    QStringList ids;
    for (const StoredSession &session : sessions)
        ids.append(session.config.id);
    return ids;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    const QByteArray bytes = inputBytes(data, size);
    const qsizetype cut = bytes.indexOf('\0');
    const QByteArray file = bytes.left(cut < 0 ? bytes.size() : cut);
    const QByteArray journal = cut < 0 ? QByteArray() : bytes.mid(cut + 1);
    const StoreFolder folder;
    const QString name = QStringLiteral("sessions.json");
    const QString journalName = name + QStringLiteral(".journal");
    folder.put(name, file);
    if (cut >= 0)
        folder.put(journalName, journal);

    FakeClock clock;
    SessionStore looking(folder.path(name), clock);
    looking.setReadOnly();
    (void)looking.load();
    FUZZ_CHECK(folder.get(name) == file && (cut < 0 || folder.get(journalName) == journal));

    SessionStore store(folder.path(name), clock);
    const QStringList found = idsOf(store.load());
    FUZZ_CHECK(QSet<QString>(found.begin(), found.end()).size() == found.size());
    bool newer = false;
    for (const SessionStore::Notice &notice : store.notices()) {
        newer = newer || notice.code == QStringLiteral("sessions-file-newer");
        if (notice.code == QStringLiteral("sessions-file-damaged"))
            FUZZ_CHECK(StoreFolder::at(notice.path) == file
                       || StoreFolder::at(notice.path) == journal);
    }
    FUZZ_CHECK(store.isReadOnly() == newer);
    StoredSession added;
    added.config.id = QStringLiteral("added-by-the-fuzzer");
    added.draft = QStringLiteral("draft");
    store.upsert(added);
    if (newer) {
        FUZZ_CHECK(store.flush() && folder.get(name) == file);
        return 0;
    }
    // Killed now: the journal has it.
    const StoreFolder killed;
    if (folder.has(name))
        killed.put(name, folder.get(name));
    killed.put(journalName, folder.get(journalName));
    FUZZ_CHECK(store.flush() && !folder.has(journalName));
    for (const StoreFolder *place : {&folder, &killed}) {
        SessionStore again(place->path(name), clock);
        const QStringList ids = idsOf(again.load());
        FUZZ_CHECK(again.notices().isEmpty() || place == &killed);
        FUZZ_CHECK(ids.contains(added.config.id) && ids.size() >= found.size());
    }
    return 0;
}
