// SPDX-License-Identifier: MIT
// Pilotlight under load, to be killed at any moment: the program's own parts, wired as main() wires
// them, and a hand that types, sends, creates, renames, closes and changes settings without a
// pause. It prints one JSON object for each call that has returned, and at its start what it has
// found. tst_killedwindow starts and kills it.
//     window-load --profile-dir DIR --connect URL --seed N [--window]
#include "app/gui/guicontroller.h"
#include "app/wiring/appcontext.h"
#include "ui/chat/chatview.h"
#include "ui/shell/mainwindow.h"

#include <QApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QKeyEvent>
#include <QPlainTextEdit>
#include <QTimer>

#include <cstdio>

using namespace pilotlight;
using namespace Qt::StringLiterals;

namespace {

constexpr int MostSessions = 8;

void say(const QString &what, QJsonObject fields)
{
    fields.insert(u"did"_s, what);
    const QByteArray line = QJsonDocument(fields).toJson(QJsonDocument::Compact) + '\n';
    std::fwrite(line.constData(), 1, static_cast<std::size_t>(line.size()), stdout);
    std::fflush(stdout);
}

class Hand : public QObject
{
public:
    Hand(AppContext &context, GuiController *window, quint32 seed)
        : m_context(context)
        , m_window(window)
        , m_random(seed)
        , m_prefix(QString::number(seed) + u'-')
    { }

    //! What a start found, then the load.
    void begin()
    {
        SessionManager &manager = m_context.sessions();
        for (const auto &session : manager.sessions())
            say(u"found"_s,
                {{u"id"_s, session->id()},
                 {u"name"_s, session->config().name},
                 {u"draft"_s, session->draft()}});
        say(u"found-settings"_s,
            {{u"cli"_s, m_context.settingsStore().values().cliPath},
             {u"server"_s,
              m_context.backends().find(u"extra"_s).value_or(BackendSettings()).name}});
        for (const auto &session : manager.sessions())
            watch(session.get());
        connect(&manager, &SessionManager::sessionAdded, this, &Hand::watch);
        say(u"loaded"_s, {});
        m_timer.setInterval(0);
        connect(&m_timer, &QTimer::timeout, this, &Hand::step);
        m_timer.start();
    }

private:
    int pick(int n) { return int(m_random.unit() * n); }
    QString next(const char *what)
    {
        return m_prefix + QString::number(++m_count) + u' ' + QLatin1String(what);
    }
    Session *any()
    {
        const auto &sessions = m_context.sessions().sessions();
        return sessions.empty() ? nullptr : sessions[std::size_t(pick(int(sessions.size())))].get();
    }
    //! A draft counts once the program has taken it over: with a window some moments after the
    //! keys.
    void watch(Session *session)
    {
        connect(session, &Session::draftChanged, this, [session] {
            say(u"draft"_s, {{u"id"_s, session->id()}, {u"draft"_s, session->draft()}});
        });
    }

    void step()
    {
        SessionManager &manager = m_context.sessions();
        const int count = int(manager.sessions().size());
        const int choice = count == 0 ? 0 : pick(20);
        if (choice == 0 && count < MostSessions) {
            SessionConfig config;
            config.name = next("made");
            const Session *const session = manager.create(config);
            say(u"session"_s, {{u"id"_s, session->id()}, {u"name"_s, config.name}});
        } else if (choice <= 2) {
            const QString name = next("renamed");
            Session *const session = any();
            manager.rename(session->id(), name);
            say(u"session"_s, {{u"id"_s, session->id()}, {u"name"_s, name}});
        } else if (choice == 3 && count > MostSessions / 2) {
            const QString id = any()->id();
            say(u"closing"_s, {{u"id"_s, id}});
            manager.close(id);
            say(u"closed"_s, {{u"id"_s, id}});
        } else if (choice <= 8) {
            type();
        } else if (choice <= 14) {
            send();
        } else if (choice <= 16) {
            const QString value = next("cli");
            AppSettings settings = m_context.settingsStore().values();
            settings.cliPath = value;
            if (m_context.settingsStore().set(settings))
                say(u"setting"_s, {{u"cli"_s, value}});
        } else if (choice == 17) {
            BackendSettings backend;
            backend.id = u"extra"_s;
            backend.name = next("server");
            backend.command = u"unused"_s;
            backend.enabled = false;
            if (m_context.setBackend(backend))
                say(u"server"_s, {{u"server"_s, backend.name}});
        } else if (count > 1) {
            m_context.sessions().setVisible(any()->id());
        }
    }

    void type()
    {
        if (!m_window) {
            Session *const session = any();
            const QString before = session->draft().size() > 300 ? QString() : session->draft();
            m_context.sessions().setDraft(session->id(), before + next("half a thought; "));
            return;
        }
        // As the keyboard does it: the window decides when it is kept.
        if (auto *const edit = m_window->window().findChild<QPlainTextEdit *>(u"promptEdit"_s)) {
            const QString text = next("typed ");
            for (const QChar letter : text) {
                QKeyEvent press(QEvent::KeyPress, 0, Qt::NoModifier, QString(letter));
                QApplication::sendEvent(edit, &press);
            }
        }
    }

    void send()
    {
        Session *const session = any();
        Prompt prompt;
        prompt.text = next("prompt");
        m_context.sessions().send(session->id(), prompt);
        say(u"prompt"_s, {{u"id"_s, session->id()}, {u"text"_s, prompt.text}});
    }

    AppContext &m_context;
    GuiController *const m_window;
    SeededRandom m_random;
    const QString m_prefix;
    int m_count = 0;
    QTimer m_timer;
};

} // namespace

int main(int argc, char **argv)
{
    QStringList words;
    for (int i = 1; i < argc; ++i)
        words.append(QString::fromLocal8Bit(argv[i]));
    const auto value = [&words](const QString &name) {
        const qsizetype at = words.indexOf(name);
        return at < 0 ? QString() : words.value(at + 1);
    };
    const bool window = words.contains(u"--window"_s);
    const std::unique_ptr<QCoreApplication> application(window ? new QApplication(argc, argv)
                                                               : new QCoreApplication(argc, argv));
    AppOptions options;
    options.paths = AppPaths::below(value(u"--profile-dir"_s));
    options.useKeychain = false;
    options.stderrLevel.reset();
    ConnectionConfig config;
    config.mode = ConnectionMode::Attach;
    config.url = value(u"--connect"_s);
    options.connection = config;
    AppContext context(options);
    std::unique_ptr<GuiController> controller;
    if (window)
        controller = std::make_unique<GuiController>(context);
    Hand hand(context, controller.get(), value(u"--seed"_s).toUInt());
    if (!window) {
        context.start();
        hand.begin();
        return QCoreApplication::exec();
    }
    QObject::connect(&controller->window(), &MainWindow::firstPainted, &hand, [&] {
        controller->start();
        hand.begin();
    });
    controller->window().show();
    return QCoreApplication::exec();
}
