// SPDX-License-Identifier: MIT
// Any bytes as backends.json.
#include "settings/backendsettings.h"
#include "storefolder.h"

using namespace pilotlight;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    const QByteArray bytes = inputBytes(data, size);
    const StoreFolder folder;
    const QString name = QStringLiteral("backends.json");
    folder.put(name, bytes);
    BackendStore store(folder.path(name));
    const auto loaded = store.load();
    if (loaded.problem.isEmpty())
        FUZZ_CHECK(folder.get(name) == bytes);
    else
        FUZZ_CHECK(StoreFolder::at(loaded.backup) == bytes && !folder.has(name));
    const QList<BackendSettings> found = store.values();
    for (const BackendSettings &backend : found)
        FUZZ_CHECK(checkBackend(backend, backend));

    BackendSettings added;
    added.id = QStringLiteral("added-by-the-fuzzer");
    added.command = QStringLiteral("x");
    FUZZ_CHECK(store.set(added));
    BackendStore again(folder.path(name));
    FUZZ_CHECK(again.load().problem.isEmpty());
    FUZZ_CHECK(again.find(added.id).has_value());
    FUZZ_CHECK(again.values().size() == store.values().size());
    for (const BackendSettings &backend : found)
        FUZZ_CHECK(again.find(backend.id).has_value());
    FUZZ_CHECK(store.remove(added.id));
    return 0;
}
