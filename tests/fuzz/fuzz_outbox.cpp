// SPDX-License-Identifier: MIT
// Any bytes as outbox.jsonl.
#include "session/outbox.h"
#include "storefolder.h"
#include "support/fakeclock.h"

using namespace pilotlight;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    const QByteArray bytes = inputBytes(data, size);
    const StoreFolder folder;
    const QString name = QStringLiteral("outbox.jsonl");
    folder.put(name, bytes);
    FakeClock clock;
    Outbox outbox(folder.path(name), clock);
    QString code;
    QString path;
    QObject::connect(&outbox, &Outbox::noticed, &outbox,
                     [&](const QString &theCode, const QString &thePath) {
                         code = theCode;
                         path = thePath;
                     });
    outbox.load();
    const qsizetype found = outbox.entries().size();
    if (code == QStringLiteral("outbox-damaged"))
        FUZZ_CHECK(StoreFolder::at(path) == bytes);
    OutboxEntry entry;
    entry.sessionId = QStringLiteral("s");
    entry.prompt.id = QStringLiteral("added-by-the-fuzzer");
    entry.prompt.text = QStringLiteral("text");
    if (code == QStringLiteral("outbox-newer")) {
        FUZZ_CHECK(!outbox.put(entry) && folder.get(name) == bytes);
        return 0;
    }
    FUZZ_CHECK(outbox.put(entry));
    QStringList ids;
    for (const OutboxEntry &one : outbox.entries()) {
        FUZZ_CHECK(!one.prompt.id.isEmpty() && !one.sessionId.isEmpty());
        ids.append(one.prompt.id);
    }
    FUZZ_CHECK(QSet<QString>(ids.begin(), ids.end()).size() == ids.size());
    FUZZ_CHECK(ids.size() == found + 1 || ids.size() == found);

    code.clear();
    Outbox again(folder.path(name), clock);
    QObject::connect(&again, &Outbox::noticed, &again,
                     [&](const QString &theCode) { code = theCode; });
    again.load();
    FUZZ_CHECK(code.isEmpty() && again.entries().size() == ids.size());
    FUZZ_CHECK(again.remove(entry.prompt.id));
    return 0;
}
