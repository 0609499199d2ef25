// SPDX-License-Identifier: MIT
#include "session/secretstore.h"

#include <QSignalSpy>
#include <QTest>

using namespace pilotlight;

class TstSecretStore : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void memoryKeepsReplacesAndForgets()
    {
        const auto store = makeMemorySecretStore();
        QVERIFY(!store->isPersistent());
        QCOMPARE(read(*store, QStringLiteral("a")), QByteArray());
        QVERIFY(write(*store, QStringLiteral("a"), "first key"));
        QVERIFY(write(*store, QStringLiteral("b"), "other key"));
        QVERIFY(write(*store, QStringLiteral("a"), "second key"));
        QCOMPARE(read(*store, QStringLiteral("a")), QByteArray("second key"));
        for (int i = 0; i < 2; ++i) { // removing nothing is no error
            int answers = 0;
            store->remove(QStringLiteral("a"), this, [&](const Result<Done> &result) {
                QVERIFY(result);
                ++answers;
            });
            QCOMPARE(answers, 0); // never from inside the call
            QTRY_COMPARE(answers, 1);
        }
        QCOMPARE(read(*store, QStringLiteral("a")), QByteArray());
        QCOMPARE(read(*store, QStringLiteral("b")), QByteArray("other key"));
    }

    void memoryTellsOnceThatNothingOutlivesTheRun()
    {
        const auto store = makeMemorySecretStore();
        QSignalSpy unavailable(store.get(), &SecretStore::unavailable);
        read(*store, QStringLiteral("a"));
        QCOMPARE(unavailable.size(), 0);
        write(*store, QStringLiteral("a"), "first key");
        write(*store, QStringLiteral("a"), "second key");
        QCOMPARE(unavailable.size(), 1);
    }

    void aDeadContextGetsNoAnswer()
    {
        const auto store = makeMemorySecretStore();
        bool called = false;
        auto context = std::make_unique<QObject>();
        store->read(QStringLiteral("x"), context.get(), [&](const auto &) { called = true; });
        context.reset();
        QCoreApplication::processEvents();
        QVERIFY(!called);
    }

    void whatPassesIsRedactedFromThenOn()
    {
        const auto store = makeMemorySecretStore();
        const QString text = QStringLiteral("using correct-horse-battery now");
        QCOMPARE(redacted(text), text);
        write(*store, QStringLiteral("a"), "correct-horse-battery");
        QCOMPARE(redacted(text), QStringLiteral("using ****** now"));
    }

private:
    QByteArray read(SecretStore &store, const QString &name)
    {
        std::optional<QByteArray> answer;
        store.read(name, this, [&](const Result<Secret> &secret) {
            answer = secret ? secret->reveal() : QByteArray("error");
        });
        return QTest::qWaitFor([&] { return answer.has_value(); }) ? *answer : "no answer";
    }
    bool write(SecretStore &store, const QString &name, const QByteArray &value)
    {
        std::optional<bool> answer;
        store.write(name, Secret(value), this,
                    [&](const Result<Done> &result) { answer = result.has_value(); });
        return QTest::qWaitFor([&] { return answer.has_value(); }) && *answer;
    }
};

QTEST_GUILESS_MAIN(TstSecretStore)
#include "tst_secretstore.moc"
