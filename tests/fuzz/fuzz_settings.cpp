// SPDX-License-Identifier: MIT
// Any bytes as settings.json: values or a problem with a kept copy, and saving goes on from there.
#include "settings/settings.h"
#include "storefolder.h"

#include <QJsonDocument>

using namespace pilotlight;

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    const QByteArray bytes = inputBytes(data, size);
    const StoreFolder folder;
    const QString name = QStringLiteral("settings.json");
    folder.put(name, bytes);
    SettingsStore store(folder.path(name));
    const auto loaded = store.load();
    FUZZ_CHECK(loaded.existed);
    if (loaded.problem.isEmpty()) {
        FUZZ_CHECK(folder.get(name) == bytes); // reading changes nothing
    } else {
        FUZZ_CHECK(StoreFolder::at(loaded.backup) == bytes && !folder.has(name));
        FUZZ_CHECK(store.values() == AppSettings());
    }
    AppSettings values = store.values();
    values.theme = values.theme == ThemeChoice::Dark ? ThemeChoice::Light : ThemeChoice::Dark;
    FUZZ_CHECK(store.set(values));
    FUZZ_CHECK(loaded.ignored.isEmpty() || folder.isKept(name, bytes));
    // Every member of the file is still there, known or not.
    const QJsonObject before = QJsonDocument::fromJson(bytes).object();
    const QByteArray written = folder.get(name);
    const QJsonObject after = QJsonDocument::fromJson(written).object();
    for (const QString &key : before.keys())
        FUZZ_CHECK(!key.isValidUtf16() || after.contains(key));

    SettingsStore again(folder.path(name));
    const auto reloaded = again.load();
    FUZZ_CHECK(reloaded.problem.isEmpty() && reloaded.ignored.isEmpty());
    FUZZ_CHECK(again.values().theme == values.theme);
    return 0;
}
