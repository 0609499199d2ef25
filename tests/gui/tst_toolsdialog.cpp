// SPDX-License-Identifier: MIT
#include "agent/mcpbackend.h"
#include "shots.h"
#include "support/copilotfixture.h"
#include "ui/backends/toolarguments.h"
#include "ui/backends/toolmodel.h"
#include "ui/backends/toolsdialog.h"
#include "ui/chat/codebox.h"
#include "ui/theme/theme.h"

#include <QAbstractItemModelTester>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QTest>

using namespace pilotlight;
using namespace std::chrono_literals;
using copilottest::Answer;
using copilottest::J;
using copilottest::str;

namespace {

const char *const Tools =
    "{'tools':[{'name':'echo','title':'Echo <b>','description':'Says <i>it</i> again',"
    "'inputSchema':{'type':'object','properties':{'message':{'type':'string','description':"
    "'What to say'},'times':{'type':'integer','default':2},'loud':{'type':'boolean'}},"
    "'required':['message']},'annotations':{'readOnlyHint':true}},"
    "{'name':'remove','description':'Removes a file','inputSchema':{'type':'object'}}]}";

} // namespace

class TestToolsDialog : public QObject
{
    Q_OBJECT

    FakeClock m_clock;

    //! A dialog and its server.
    struct Parts
    {
        explicit Parts(FakeClock &clock)
        {
            auto owned = std::make_unique<FakeTransport>();
            transport = owned.get();
            peer = std::make_unique<Peer>(std::move(owned), clock);
            backend = std::make_unique<McpBackend>(*peer, clock, McpEra::Handshake);
            transport->acceptOpen();
            Answer<ServerInfo> info;
            backend->initialize({}, 10s, &dialog, info.handler());
            transport->reply(str("initialize"),
                             J("{'protocolVersion':'2025-11-25','capabilities':{'tools':{}}}"));
            dialog.show();
        }
        ~Parts() { dialog.setBackend(nullptr); }
        template <typename T>
        T *child(const char *name) const
        {
            T *found = dialog.findChild<T *>(str(name));
            if (!found)
                qFatal("no %s", name);
            return found;
        }
        void showTools()
        {
            dialog.setBackend(backend.get());
            QVERIFY(transport->reply(str("tools/list"), J(Tools)));
        }
        QString text(const char *label) const { return child<QLabel>(label)->text(); }
        QJsonObject sent(const char *method) const
        {
            return transport->lastSent(str(method)).value(str("params")).toObject();
        }

        FakeTransport *transport = nullptr;
        std::unique_ptr<Peer> peer;
        std::unique_ptr<McpBackend> backend;
        ToolsDialog dialog{str("everything")};
    };

private Q_SLOTS:
    void initTestCase() { Theme::instance(); }
    void init()
    {
        QTest::failOnWarning(
            QRegularExpression(QStringLiteral("^(?!This plugin does not support).*")));
    }

    // ---- the arguments ----

    void argumentsBeginWithWhatIsNeeded()
    {
        const QJsonObject schema =
            J("{'properties':{'a':{'type':'string'},'b':{'type':'integer','default':7},'c':{},"
              "'d':{'enum':['x','y']},'e':{'type':['array','null']},'f':{'type':'number',"
              "'minimum':3}},'required':['a','d','e','f']}");
        QCOMPARE(*ToolArguments::parse(ToolArguments::skeleton(schema)),
                 J("{'a':'','b':7,'d':'x','e':[],'f':3}"));
        QCOMPARE(ToolArguments::skeleton({}), str("{\n}"));
    }

    void argumentsAreRead_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<bool>("good");
        QTest::addColumn<QString>("says");
        QTest::newRow("nothing") << QString() << true << QString();
        QTest::newRow("object") << str("{\"a\":1}") << true << QString();
        QTest::newRow("array") << str("[1]") << false << str("object");
        QTest::newRow("broken") << str("{\n\"a\":1,\n}") << false << str("Line 3");
    }
    void argumentsAreRead()
    {
        QFETCH(QString, text);
        QFETCH(bool, good);
        QFETCH(QString, says);
        const auto read = ToolArguments::parse(text);
        QCOMPARE(read.has_value(), good);
        if (!good)
            QVERIFY2(read.error().detail.contains(says), qPrintable(read.error().detail));
    }

    void argumentsAreComparedWithTheSchema_data()
    {
        QTest::addColumn<QByteArray>("arguments");
        QTest::addColumn<QString>("says");
        QTest::newRow("good") << QByteArray("{'n':1,'t':'x'}") << QString();
        QTest::newRow("missing") << QByteArray("{'n':1}") << str("t");
        QTest::newRow("wrong type") << QByteArray("{'n':'1','t':'x'}") << str("integer");
        QTest::newRow("no whole number") << QByteArray("{'n':1.5,'t':'x'}") << str("integer");
        QTest::newRow("null allowed") << QByteArray("{'n':null,'t':'x'}") << QString();
        QTest::newRow("unknown") << QByteArray("{'n':1,'t':'x','z':1}") << str("z");
    }
    void argumentsAreComparedWithTheSchema()
    {
        QFETCH(QByteArray, arguments);
        QFETCH(QString, says);
        const QString problem = ToolArguments::problem(
            J("{'properties':{'n':{'type':['integer','null']},'t':{'type':'string'}},"
              "'required':['t'],'additionalProperties':false}"),
            J(arguments.constData()));
        if (says.isEmpty())
            QCOMPARE(problem, QString());
        else
            QVERIFY2(problem.contains(says), qPrintable(problem));
    }

    // ---- the list ----

    void toolsAreReadPageByPage()
    {
        Parts p(m_clock);
        ToolModel model;
        QAbstractItemModelTester tester(&model,
                                        QAbstractItemModelTester::FailureReportingMode::Fatal);
        model.setBackend(p.backend.get());
        QVERIFY(model.isLoading());
        p.transport->reply(str("tools/list"), J("{'tools':[{'name':'a'}],'nextCursor':'2'}"));
        QCOMPARE(p.sent("tools/list").value(str("cursor")).toString(), str("2"));
        p.transport->reply(str("tools/list"), J("{'tools':[{'name':'b'}],'nextCursor':'2'}"));
        QVERIFY(!model.isLoading()); // the same cursor again would never end
        QCOMPARE(model.rowCount(), 2);
        QCOMPARE(model.rowOf(str("b")), 1);
        p.transport->inject(J("{'jsonrpc':'2.0','method':'notifications/tools/list_changed'}"));
        QVERIFY(model.isLoading());
        p.transport->reply(str("tools/list"), J("{'tools':[{'name':'c'}]}"));
        QCOMPARE(model.rowCount(), 1);
        model.reload();
        p.transport->replyError(str("tools/list"), -32603, str("no"));
        QCOMPARE(model.rowCount(), 1); // what was there stays
        model.setBackend(nullptr);
        QCOMPARE(model.rowCount(), 1);
    }

    void anAnswerToAnOlderReadingIsDropped()
    {
        Parts p(m_clock);
        ToolModel model;
        model.setBackend(p.backend.get());
        const qint64 old = p.transport->lastSent(str("tools/list")).value(str("id")).toInteger();
        model.reload();
        p.transport->reply(str("tools/list"), J("{'tools':[{'name':'new'}]}"));
        p.transport->inject(QJsonObject{
            {str("jsonrpc"), str("2.0")}, {str("id"), old}, {str("result"), J("{'tools':[]}")}});
        QCOMPARE(model.rowCount(), 1);
    }

    void theListSaysWhyItIsEmpty()
    {
        Parts p(m_clock);
        QVERIFY(p.text("toolsListMessage").contains(str("not connected")));
        p.dialog.setBackend(p.backend.get());
        QVERIFY(p.text("toolsListMessage").contains(str("Asking")));
        p.transport->replyError(str("tools/list"), -32603, str("no"));
        QVERIFY(p.text("toolsListMessage").contains(str("could not be read")));
        p.transport->inject(J("{'jsonrpc':'2.0','method':'notifications/tools/list_changed'}"));
        p.transport->reply(str("tools/list"), J("{'tools':[]}"));
        QVERIFY(p.text("toolsListMessage").contains(str("no tools")));
        p.transport->inject(J("{'jsonrpc':'2.0','method':'notifications/tools/list_changed'}"));
        p.transport->reply(str("tools/list"), J(Tools));
        QVERIFY(!p.child<QLabel>("toolsListMessage")->isVisible());
        QTest::keyClicks(p.child<QLineEdit>("toolsFilter"), str("nothing like it"));
        QVERIFY(p.text("toolsListMessage").contains(str("nothing like it")));
    }

    void theFilterLooksAtDescriptions()
    {
        Parts p(m_clock);
        p.showTools();
        auto *list = p.child<QListView>("toolsList");
        QCOMPARE(list->model()->rowCount(), 2);
        QTest::keyClicks(p.child<QLineEdit>("toolsFilter"), str("a FILE"));
        QCOMPARE(list->model()->rowCount(), 1);
        QCOMPARE(p.text("toolName"), str("remove"));
        QVERIFY(p.text("toolEffect").contains(str("may change")));
    }

    void theToolIsDescribed()
    {
        Parts p(m_clock);
        p.showTools();
        QCOMPARE(p.text("toolName"), str("Echo <b>"));
        QCOMPARE(p.child<QLabel>("toolName")->textFormat(), Qt::PlainText);
        QCOMPARE(p.text("toolDescription"), str("Says <i>it</i> again"));
        QCOMPARE(p.child<QLabel>("toolDescription")->textFormat(), Qt::PlainText);
        QVERIFY(p.text("toolEffect").contains(str("changes nothing")));
        QVERIFY(p.text("toolParameters").contains(str("message (string, needed): What to say")));
        const auto widgets = p.dialog.findChildren<QWidget *>();
        for (const QWidget *widget : widgets) {
            if (qobject_cast<const QLineEdit *>(widget) || qobject_cast<const QListView *>(widget))
                QVERIFY2(!widget->accessibleName().isEmpty(), qPrintable(widget->objectName()));
        }
    }

    // ---- calling ----

    void aToolIsCalled()
    {
        Parts p(m_clock);
        p.showTools();
        auto *edit = p.child<QPlainTextEdit>("toolArguments");
        auto *run = p.child<QPushButton>("toolRun");
        QCOMPARE(*ToolArguments::parse(edit->toPlainText()), J("{'message':'','times':2}"));
        edit->setPlainText(str("{\"message\": \"hi\"}"));
        QVERIFY(run->isEnabled());
        run->click();
        QVERIFY(!run->isEnabled());
        QVERIFY(p.child<QPushButton>("toolStop")->isVisible());
        QCOMPARE(p.sent("tools/call").value(str("arguments")).toObject(), J("{'message':'hi'}"));
        p.transport->reply(str("tools/call"),
                           J("{'content':[{'type':'text','text':'hi hi'},{'type':'image','data':"
                             "'QUJD','mimeType':'image/png'}],'structuredContent':{'n':2}}"));
        QCOMPARE(p.text("toolState"), str("Done."));
        const QString result = p.child<CodeBox>("toolResult")->text();
        QVERIFY(result.startsWith(str("hi hi\n[picture, image/png, 3 bytes]")));
        QVERIFY(result.contains(str("\"n\": 2")));
        QVERIFY(run->isEnabled());
        QVERIFY(!p.child<QPushButton>("toolStop")->isVisible());
        takeShots(p.dialog, str("tools"));
    }

    void aResultThatIsRepeatedAsTextIsShownOnce()
    {
        Parts p(m_clock);
        p.showTools();
        p.child<QPushButton>("toolRun")->click();
        QJsonObject result = J("{'structuredContent':{'n':2}}");
        result.insert(
            str("content"),
            QJsonArray{QJsonObject{{str("type"), str("text")}, {str("text"), str("{\"n\":2}")}}});
        p.transport->reply(str("tools/call"), result);
        QCOMPARE(p.child<CodeBox>("toolResult")->text(), str("{\"n\":2}"));
    }

    void aToolThatFailsSaysSo()
    {
        Parts p(m_clock);
        p.showTools();
        p.child<QPushButton>("toolRun")->click();
        p.transport->reply(str("tools/call"),
                           J("{'content':[{'type':'text','text':'boom'}],'isError':true}"));
        QVERIFY(p.text("toolState").contains(str("reported an error")));
        QCOMPARE(p.child<CodeBox>("toolResult")->text(), str("boom"));
        p.child<QPushButton>("toolRun")->click();
        QVERIFY(!p.child<CodeBox>("toolResult")->isVisible()); // the old one is not the new one's
        p.transport->replyError(str("tools/call"), -32602, str("bad"));
        QVERIFY(!p.text("toolState").isEmpty());
    }

    void brokenArgumentsAreNotSent()
    {
        Parts p(m_clock);
        p.showTools();
        auto *edit = p.child<QPlainTextEdit>("toolArguments");
        edit->setPlainText(str("{"));
        QVERIFY(!p.child<QPushButton>("toolRun")->isEnabled());
        QVERIFY(p.child<QLabel>("toolArgumentsHint")->isVisible());
        QCOMPARE(edit->accessibleDescription(), p.text("toolArgumentsHint"));
        edit->setPlainText(str("{}")); // against the schema, but the server may take it
        QVERIFY(p.child<QPushButton>("toolRun")->isEnabled());
        QVERIFY(p.text("toolArgumentsHint").contains(str("message")));
    }

    void waitingCanBeStopped()
    {
        Parts p(m_clock);
        p.showTools();
        p.child<QPushButton>("toolRun")->click();
        p.child<QPushButton>("toolStop")->click();
        QVERIFY(p.text("toolState").contains(str("No longer waited for")));
        QCOMPARE(p.transport->countSent(str("notifications/cancelled")), 1);
        QVERIFY(p.child<QPushButton>("toolRun")->isEnabled());
    }

    void theServerGoesAndComesBack()
    {
        Parts p(m_clock);
        p.showTools();
        auto *edit = p.child<QPlainTextEdit>("toolArguments");
        edit->setPlainText(str("{\"message\":\"mine\"}"));
        p.child<QPushButton>("toolRun")->click();
        p.dialog.setBackend(nullptr);
        QVERIFY(!p.child<QPushButton>("toolRun")->isEnabled());
        QVERIFY(p.text("toolArgumentsHint").contains(str("not connected")));
        QCOMPARE(p.child<QListView>("toolsList")->model()->rowCount(), 2);
        p.showTools();
        QVERIFY(p.child<QPushButton>("toolRun")->isEnabled());
        QCOMPARE(edit->toPlainText(), str("{\"message\":\"mine\"}")); // nothing typed is lost
    }
};

QTEST_MAIN(TestToolsDialog)
#include "tst_toolsdialog.moc"
