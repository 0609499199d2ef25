// SPDX-License-Identifier: MIT
#include "app/gui/updatecheck.h"
#include "support/fakeclock.h"

#include <QSignalSpy>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

QByteArray json(const char *text)
{
    return QByteArray(text).replace('\'', '"');
}

//! A static file on loopback.
class FileServer : public QTcpServer
{
public:
    QByteArray body;
    QList<QByteArray> requests;

    FileServer()
    {
        listen(QHostAddress::LocalHost);
        connect(this, &QTcpServer::newConnection, this, [this] {
            QTcpSocket *const socket = nextPendingConnection();
            connect(socket, &QTcpSocket::readyRead, this, [this, socket] {
                requests << socket->readAll();
                socket->write("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: "
                              + QByteArray::number(body.size()) + "\r\n\r\n" + body);
                socket->disconnectFromHost();
            });
        });
    }
    QUrl address() const { return QUrl(u"http://127.0.0.1:%1/version.json"_s.arg(serverPort())); }
};

} // namespace

class TstUpdateCheck : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void reads_data()
    {
        QTest::addColumn<QByteArray>("file");
        QTest::addColumn<QString>("version");
        QTest::addColumn<QString>("page");
        const auto row = [](const char *name, const char *file, const char *version = "",
                            const char *page = "") {
            QTest::newRow(name) << json(file) << QString::fromLatin1(version)
                                << QString::fromLatin1(page);
        };
        row("newer", "{'version':'0.2.0','page':'https://host/p'}", "0.2.0", "https://host/p");
        row("number by number", "{'version':'0.10'}", "0.10");
        row("the same", "{'version':'0.1.0'}");
        row("the same, shorter", "{'version':'0.1'}");
        row("older", "{'version':'0.0.9'}");
        row("not a version", "{'version':'soon'}");
        row("a version and more", "{'version':'2.0<b>'}");
        row("no object", "[1]");
        row("not JSON", "<html>");
        row("nothing", "");
        row("a page that is none", "{'version':'1.0','page':'javascript:x'}", "1.0");
        row("a page without TLS", "{'version':'1.0','page':'http://host/'}", "1.0");
    }
    void reads()
    {
        QFETCH(QByteArray, file);
        QFETCH(QString, version);
        QFETCH(QString, page);
        const std::optional<VersionNews> news = VersionNews::read(file, u"0.1.0"_s);
        QCOMPARE(news.has_value(), !version.isEmpty());
        if (news) {
            QCOMPARE(news->version, version);
            QCOMPARE(news->page.toString(), page);
        }
    }

    void looksOnceADayAndTellsOnce()
    {
        FileServer server;
        server.body = json("{'version':'0.2.0','page':'https://host/p'}");
        FakeClock clock;
        UpdateCheck check(server.address(), u"0.1.0"_s, clock);
        QList<VersionNews> told;
        connect(&check, &UpdateCheck::newer, this,
                [&told](const VersionNews &news) { told << news; });
        check.setOn(true);
        clock.advance(UpdateCheck::FirstAfter - 1ms);
        QCOMPARE(clock.liveTimers(), 1);
        clock.advance(1ms);
        QTRY_COMPARE(told.size(), 1);
        QCOMPARE(told[0].version, u"0.2.0"_s);
        QCOMPARE(server.requests.size(), 1);
        // Nothing about the user or the computer.
        QVERIFY(server.requests[0].contains("\r\nUser-Agent: Pilotlight\r\n"));
        QVERIFY(!server.requests[0].contains("Cookie"));
        clock.advance(UpdateCheck::Interval);
        QTRY_COMPARE(server.requests.size(), 2);
        server.body = json("{'version':'0.3.0'}");
        clock.advance(UpdateCheck::Interval);
        QTRY_COMPARE(told.size(), 2);
        QCOMPARE(told[1].version, u"0.3.0"_s);
        QCOMPARE(server.requests.size(), 3);
        check.setOn(false);
        QCOMPARE(clock.liveTimers(), 0);
    }

    void whatIsTooLargeIsNotTheFile()
    {
        FileServer server;
        server.body = json("{'version':'0.2.0'}") + QByteArray(UpdateCheck::MostBytes, ' ');
        FakeClock clock;
        UpdateCheck check(server.address(), u"0.1.0"_s, clock);
        QSignalSpy newer(&check, &UpdateCheck::newer);
        check.setOn(true);
        clock.advance(UpdateCheck::FirstAfter);
        QTRY_COMPARE(server.requests.size(), 1);
        server.body = json("{'version':'0.2.0'}");
        clock.advance(UpdateCheck::Interval);
        QTRY_COMPARE(newer.size(), 1);
        QCOMPARE(server.requests.size(), 2);
    }

    void offAndWithoutAnAddressItAsksNobody()
    {
        FileServer server;
        FakeClock clock;
        UpdateCheck off(server.address(), u"0.1.0"_s, clock);
        UpdateCheck nowhere({}, u"0.1.0"_s, clock);
        nowhere.setOn(true);
        QCOMPARE(clock.liveTimers(), 0);
    }
};

QTEST_GUILESS_MAIN(TstUpdateCheck)
#include "tst_updatecheck.moc"
