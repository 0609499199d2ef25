// SPDX-License-Identifier: MIT
#include "transport/httpdialect.h"

#include <QTest>

using namespace pilotlight;
using Kind = HttpVerdict::Kind;

class TstHttpDialect : public QObject
{
    Q_OBJECT

    static HttpAnswer answer(int status, const QByteArray &type, const QByteArray &body)
    {
        HttpAnswer answer;
        answer.status = status;
        answer.contentType = type;
        answer.body = QByteArray(body).replace('\'', '"');
        answer.requestId = 5;
        answer.withSession = true;
        return answer;
    }

private Q_SLOTS:
    void sessionLost_data()
    {
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("type");
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<bool>("lost");
        QTest::addColumn<bool>("lostOnTheStream");
        const auto row = [](const char *name, int status, const char *type, const char *body,
                            bool lost, bool lostOnTheStream) {
            QTest::newRow(name) << status << QByteArray(type) << QByteArray(body) << lost
                                << lostOnTheStream;
        };
        const char *json = "application/json";
        row("SDK", 404, json,
            "{'jsonrpc':'2.0','error':{'code':-32001,'message':'Session not found'},'id':null}",
            true, true);
        row("SDK with our id", 404, json,
            "{'jsonrpc':'2.0','error':{'code':-32001,'message':'Session not found'},'id':5}", true,
            true);
        row("server-everything", 400, json,
            "{'jsonrpc':'2.0','error':{'code':-32000,'message':'Bad Request: No valid session ID "
            "provided'}}",
            true, true);
        row("SDK not initialized", 400, json,
            "{'jsonrpc':'2.0','error':{'code':-32000,'message':'Bad Request: Server not "
            "initialized'},'id':null}",
            true, true);
        row("Playwright", 404, "text/plain", "Session not found", true, true);
        row("plain text", 400, "text/plain", "Invalid or missing session ID", true, true);
        row("Python SDK, ended", 404, json,
            "{'jsonrpc':'2.0','id':'server-error','error':{'code':-32600,'message':'Not Found: "
            "Session has been terminated'}}",
            true, true);
        row("empty", 404, "", "", true, true);
        row("a framework without such a page", 404, "text/html", "<pre>Cannot GET /mcp</pre>", true,
            false);
        row("no such method", 404, json,
            "{'jsonrpc':'2.0','error':{'code':-32601,'message':'Method not found'},'id':5}", false,
            false);
        row("no such method, without an id", 404, json,
            "{'jsonrpc':'2.0','error':{'code':-32601,'message':'Method not found'},'id':null}",
            false, false);
        row("no such tool", 404, json,
            "{'jsonrpc':'2.0','error':{'code':-32602,'message':'no'},'id':5}", false, true);
        row("unsupported version", 400, json,
            "{'jsonrpc':'2.0','error':{'code':-32000,'message':'Bad Request: Unsupported protocol "
            "version'},'id':null}",
            false, false);
        row("invalid params", 400, json,
            "{'jsonrpc':'2.0','error':{'code':-32602,'message':'bad session name'},'id':5}", false,
            false);
        row("server error", 500, "text/plain", "session store is down", false, false);
        row("refused", 401, "text/plain", "session not found", false, false);
        row("two streams", 409, json,
            "{'jsonrpc':'2.0','error':{'code':-32000,'message':'Conflict: Only one SSE stream is "
            "allowed per session'},'id':null}",
            false, false);
    }
    void sessionLost()
    {
        QFETCH(int, status);
        QFETCH(QByteArray, type);
        QFETCH(QByteArray, body);
        QFETCH(bool, lost);
        QFETCH(bool, lostOnTheStream);
        HttpAnswer given = answer(status, type, body);
        const HttpVerdict verdict = judge(given);
        QCOMPARE(verdict.kind == Kind::SessionLost, lost);
        if (lost)
            QCOMPARE(verdict.error.code, ErrorCode::ConnectionExpired);
        given.requestId = 0;
        given.isStream = true;
        QCOMPARE(judge(given).kind == Kind::SessionLost, lostOnTheStream);
        given.isStream = false;
        given.withSession = false; // what was not there cannot be lost
        QVERIFY(judge(given).kind != Kind::SessionLost);
    }

    void answers_data()
    {
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<int>("code"); // Cancelled: it is the answer
        const int isAnswer = int(ErrorCode::Cancelled);
        const auto row = [](const char *name, int status, const char *body, int code) {
            QTest::newRow(name) << status << QByteArray(body) << code;
        };
        row("error to us", 404, "{'id':5,'error':{'code':-32601,'message':'no'}}", isAnswer);
        row("error to somebody", 400, "{'id':6,'error':{'code':-32601,'message':'no'}}",
            int(ErrorCode::MethodNotFound));
        row("error to nobody", 400, "{'id':null,'error':{'code':-32000,'message':'no'}}",
            int(ErrorCode::RemoteError));
        row("no token", 401, "", int(ErrorCode::AuthenticationRequired));
        row("forbidden", 403, "", int(ErrorCode::AuthenticationFailed));
        row("refused although it answers us", 401,
            "{'id':5,'error':{'code':-32000,'message':'no'}}",
            int(ErrorCode::AuthenticationRequired));
        row("line12_tooManyPings", 429, "", int(ErrorCode::TooManyRequests));
        row("line12_tooManyPingsAsJson", 429, "{'id':5,'error':{'code':-32000,'message':'slow'}}",
            int(ErrorCode::TooManyRequests));
        row("elsewhere", 302, "", int(ErrorCode::Unsupported));
        row("elsewhere for good", 308, "", int(ErrorCode::Unsupported));
        row("not acceptable", 406, "", int(ErrorCode::Unsupported));
        row("no such page", 404, "<html>", int(ErrorCode::RemoteError));
        row("method not allowed", 405, "", int(ErrorCode::RemoteError));
        row("request timeout", 408, "", int(ErrorCode::Timeout));
        row("too large", 413, "", int(ErrorCode::FrameTooLarge));
        row("server error", 500, "", int(ErrorCode::RemoteError));
        row("bad gateway", 502, "", int(ErrorCode::ConnectionLost));
        row("unavailable", 503, "", int(ErrorCode::ConnectionLost));
    }
    void answers()
    {
        QFETCH(int, status);
        QFETCH(QByteArray, body);
        QFETCH(int, code);
        HttpAnswer given = answer(status, "application/json", body);
        given.withSession = false;
        const HttpVerdict verdict = judge(given);
        if (code == int(ErrorCode::Cancelled)) {
            QCOMPARE(verdict.kind, Kind::Answer);
        } else {
            QCOMPARE(verdict.kind, Kind::Failed);
            QCOMPARE(int(verdict.error.code), code);
        }
    }

    void aTokenThatIsRefusedIsNotAMissingOne()
    {
        HttpAnswer given = answer(401, "", "");
        given.withToken = true;
        QCOMPARE(judge(given).error.code, ErrorCode::AuthenticationFailed);
    }

    void theDetailSaysWhy()
    {
        HttpAnswer given = answer(429, "text/plain", "slow\ndown");
        given.retryAfter = "30";
        const QString detail = judge(given).error.detail;
        QVERIFY2(detail.contains(QStringLiteral("429")), qPrintable(detail));
        QVERIFY2(detail.contains(QStringLiteral("slow down")), qPrintable(detail));
        QVERIFY2(detail.contains(QStringLiteral("30")), qPrintable(detail));
        given = answer(307, "text/html", "<html>");
        given.location = "https://elsewhere.example/mcp";
        QVERIFY(judge(given).error.detail.contains(QStringLiteral("elsewhere.example")));
    }
};

QTEST_GUILESS_MAIN(TstHttpDialect)
#include "tst_httpdialect.moc"
