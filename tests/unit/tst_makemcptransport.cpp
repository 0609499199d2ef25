// SPDX-License-Identifier: MIT
#include "support/fakeclock.h"
#include "transport/httptransport.h"
#include "transport/makemcptransport.h"
#include "transport/processtransport.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace pilotlight;

class TstMakeMcpTransport : public QObject
{
    Q_OBJECT
    FakeClock m_clock;

    static McpEndpoint program(const QString &command)
    {
        McpEndpoint endpoint;
        endpoint.command = command;
        return endpoint;
    }
    static McpEndpoint http(const QString &url, const QByteArray &token = {})
    {
        McpEndpoint endpoint;
        endpoint.url = url;
        endpoint.bearerToken = Secret(token);
        return endpoint;
    }
    ErrorCode code(const McpEndpoint &endpoint)
    {
        const auto made = makeMcpTransport(endpoint, m_clock);
        return made ? ErrorCode::Cancelled : made.error().code;
    }

private Q_SLOTS:
    void init() { QTest::failOnWarning(QRegularExpression(QStringLiteral(".*"))); }

    void eitherACommandOrAUrl()
    {
        QCOMPARE(code({}), ErrorCode::InvalidArgument);
        McpEndpoint both = http(QStringLiteral("http://localhost/mcp"));
        both.command = QStringLiteral("sh");
        QCOMPARE(code(both), ErrorCode::InvalidArgument);
    }

    void aProgramIsLookedForInItsPath()
    {
#ifdef Q_OS_WIN
        QSKIP("a script is made executable by its mode");
#endif
        QTemporaryDir folder;
        const QString path = folder.filePath(QStringLiteral("my-server"));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("#!/bin/sh\n");
        file.close();
        QCOMPARE(code(program(path)), ErrorCode::ServerNotFound); // not executable
        file.setPermissions(file.permissions() | QFile::ExeOwner);
        McpEndpoint endpoint = program(QStringLiteral("my-server"));
        QCOMPARE(code(endpoint), ErrorCode::ServerNotFound);
        endpoint.environment.insert(QStringLiteral("PATH"), folder.path());
        const auto made = makeMcpTransport(endpoint, m_clock);
        QVERIFY(made);
        QVERIFY(qobject_cast<ProcessTransport *>(made->get()));
        QVERIFY(!(*made)->isRemote());
        QCOMPARE(code(program(path)), ErrorCode::Cancelled);
    }

    void urls_data()
    {
        QTest::addColumn<QString>("url");
        QTest::addColumn<bool>("good");
        const auto row = [](const char *url, bool good) {
            QTest::newRow(url) << QString::fromLatin1(url) << good;
        };
        row("http://127.0.0.1:3001/mcp", true);
        row("https://example.com/mcp?key=1", true);
        row("HTTP://localhost:3001", true);
        row(" http://localhost/mcp ", true);
        row("localhost:3001", false);
        row("ws://localhost/mcp", false);
        row("http:///mcp", false);
        row("http://user:word@localhost/mcp", false);
        row("http://localhost:0/mcp", false);
        row("http://localhost:99999/mcp", false);
        row("http://local host/mcp", false);
        row("http://localhost/mcp#x", false);
    }
    void urls()
    {
        QFETCH(QString, url);
        QFETCH(bool, good);
        const auto made = makeMcpTransport(http(url), m_clock);
        QCOMPARE(made.has_value(), good);
        if (good) {
            QVERIFY(qobject_cast<HttpTransport *>(made->get()));
            QVERIFY(!(*made)->description().contains(QStringLiteral("key")));
        } else {
            QCOMPARE(made.error().code, ErrorCode::InvalidArgument);
        }
    }

    void aTokenThatIsNoHeaderIsRefused()
    {
        const QString url = QStringLiteral("https://example.com/mcp");
        QCOMPARE(code(http(url, "abc-DEF_123.~+/=")), ErrorCode::Cancelled);
        QCOMPARE(code(http(url, "abc\r\nX-Evil: 1")), ErrorCode::InvalidArgument);
        QCOMPARE(code(http(url, "\xc3\xbc")), ErrorCode::InvalidArgument);
        QCOMPARE(code(http(url, "two words")), ErrorCode::InvalidArgument);
    }
};

QTEST_GUILESS_MAIN(TstMakeMcpTransport)
#include "tst_makemcptransport.moc"
