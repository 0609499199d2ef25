// SPDX-License-Identifier: MIT
#include "app/cli/ctl.h"
#include "base/keptfile.h"
#include "profile/profilefile.h"
#include "transport/localchannel.h"

#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QSaveFile>

namespace pilotlight {

namespace {

using namespace Qt::Literals::StringLiterals;

//! `settings` and `sessions` on the files of a profile.
class ProfileCommand
{
public:
    ProfileCommand(const CtlOptions &options, Clock &clock, Output &output)
        : m_options(options)
        , m_clock(clock)
        , m_output(output)
        , m_settings(options.paths.config + u"/settings.json"_s)
        , m_backends(options.paths.config + u"/backends.json"_s)
        , m_sessions(options.paths.state + u"/sessions.json"_s, clock)
    { }

    int run()
    {
        const QString &word = m_options.arguments.first();
        // Of what makes no sense a copy is kept; that it is there must be said.
        if (const auto loaded = m_settings.load(); !loaded.backup.isEmpty())
            say(u"warning"_s, u"settings were unreadable, kept as "_s + loaded.backup);
        if (const auto loaded = m_backends.load(); !loaded.backup.isEmpty())
            say(u"warning"_s, u"servers were unreadable, kept as "_s + loaded.backup);
        if (isSettings() || word == u"export" || !m_options.yes)
            m_sessions.setReadOnly(); // a window may have it open
        else if (isOpenElsewhere())
            return failOpenElsewhere();
        m_sessions.load();
        const QList<SessionStore::Notice> notices = m_sessions.notices();
        for (const SessionStore::Notice &notice : notices)
            say(u"warning"_s, notice.code + u": "_s + notice.path);
        if (word == u"export")
            return exportTo(m_options.arguments.at(1));
        if (word == u"import")
            return importFrom(m_options.arguments.at(1));
        return reset();
    }

private:
    bool isSettings() const { return m_options.command == u"settings"; }
    void say(const QString &level, const QString &text) { m_output.notice(level, text); }
    int fail(const QString &text)
    {
        say(u"error"_s, text);
        return ExitFailed;
    }

    ProfileContent present() const
    {
        ProfileContent content;
        if (isSettings()) {
            content.settings = m_settings.values();
            content.backends = m_backends.values();
        } else {
            content.sessions = m_sessions.sessions();
        }
        return content;
    }

    void done(const QString &event, const QString &file, qsizetype changes,
              const QStringList &backups, const QStringList &leftOut)
    {
        m_output.event(event,
                       {{u"file"_s, file},
                        {u"changes"_s, changes},
                        {u"backups"_s, QJsonArray::fromStringList(backups)},
                        {u"leftOut"_s, QJsonArray::fromStringList(leftOut)}});
        for (const QString &backup : backups)
            m_output.line(u"kept: "_s + backup);
        if (!leftOut.isEmpty())
            m_output.line(u"not in the file, since it is or looks like a secret: "_s
                          + leftOut.join(u", "_s));
    }

    int exportTo(const QString &path)
    {
        const ProfileContent content = present();
        QSaveFile file(path);
        const QByteArray bytes = writeProfile(content, m_clock.wallNow());
        if (!file.open(QFile::WriteOnly) || !file.setPermissions(PrivateFile)
            || file.write(bytes) != bytes.size() || !commitWhole(file))
            return fail(u"%1: %2"_s.arg(path, file.errorString()));
        m_output.line(u"written: "_s + path);
        done(u"exported"_s, path, 0, {}, portable(content).leftOut);
        return ExitOk;
    }

    void tell(const QList<ProfileChange> &changes)
    {
        for (const ProfileChange &change : changes) {
            const QString kind = change.kind == ProfileChange::Kind::Setting ? u"setting"_s
                : change.kind == ProfileChange::Kind::Backend                ? u"server"_s
                                                                             : u"session"_s;
            m_output.event(u"change"_s,
                           {{u"kind"_s, kind},
                            {u"name"_s, change.name},
                            {u"before"_s, change.before},
                            {u"after"_s, change.after},
                            {u"added"_s, change.added}});
            m_output.line(change.added ? u"add %1 %2"_s.arg(kind, change.after)
                                       : u"%1 %2: \"%3\" -> \"%4\""_s.arg(
                                             kind, change.name, change.before, change.after));
        }
    }

    Result<QStringList> backup(const QString &why)
    {
        const QStringList files = isSettings() ? QStringList{m_settings.file(), m_backends.file()}
                                               : QStringList{m_sessions.path()};
        return backupFiles(files, why, m_clock.wallNow());
    }

    //! A window that has the profile open would write over what is changed behind its back. While
    //! this command runs, no other one starts.
    bool isOpenElsewhere()
    {
        QDir().mkpath(m_options.paths.state);
        const Result<void> alone = m_alone.listen(m_options.paths.state, u"window"_s);
        return !alone && alone.error().code == ErrorCode::AlreadyRunning;
    }
    int failOpenElsewhere()
    {
        return fail(u"a window has this profile open: close it, or use its menu; nothing was "
                    "changed"_s);
    }

    int importFrom(const QString &path)
    {
        QFile file(path);
        if (!file.open(QFile::ReadOnly))
            return fail(u"%1: %2"_s.arg(path, file.errorString()));
        Result<ProfileContent> content = readProfile(file.readAll());
        if (!content) {
            const Error &error = content.error();
            return fail(
                error.code == ErrorCode::Unsupported
                    ? u"%1 was written by a newer Pilotlight; nothing was changed"_s.arg(path)
                    : u"%1 cannot be used (%2); nothing was changed"_s.arg(path, error.detail));
        }
        if (isSettings()) {
            content->sessions.clear();
        } else {
            content->settings.reset();
            content->backends.clear();
        }
        const ProfilePlan plan = planImport(*content, present());
        tell(plan.changes);
        if (plan.changes.isEmpty()) {
            m_output.line(u"everything is as in the file; nothing to do"_s);
            return ExitOk;
        }
        if (!m_options.yes)
            return onlyTold();
        if (isSettings() && isOpenElsewhere())
            return failOpenElsewhere();
        const Result<QStringList> copies = backup(u"before-import"_s);
        if (!copies)
            return fail(
                u"no copy could be made of %1; nothing was changed"_s.arg(copies.error().detail));
        Result<void> saved;
        if (plan.result.settings)
            saved = m_settings.set(*plan.result.settings);
        for (const BackendSettings &backend : plan.result.backends) {
            if (const Result<void> set = m_backends.set(backend); !set)
                saved = set;
        }
        for (const StoredSession &session : plan.result.sessions)
            m_sessions.upsert(session);
        if (!saved)
            return fail(saved.error().toString());
        if (!isSettings() && (m_sessions.isReadOnly() || !m_sessions.flush()))
            return fail(u"%1 could not be written"_s.arg(m_sessions.path()));
        done(u"imported"_s, path, plan.changes.size(), *copies, plan.result.leftOut);
        return ExitOk;
    }

    int reset()
    {
        ProfileContent defaults;
        defaults.settings = AppSettings();
        QList<ProfileChange> changes = planImport(defaults, present()).changes;
        const QList<BackendSettings> backends = m_backends.values();
        QStringList removed;
        for (const BackendSettings &backend : backends) {
            if (m_options.servers || backend.id == DefaultBackendId) {
                removed.append(backend.id);
                changes.append(
                    {ProfileChange::Kind::Backend, backend.id, backend.id, u"-"_s, false});
            }
        }
        tell(changes);
        if (changes.isEmpty()) {
            m_output.line(u"everything has its default; nothing to do"_s);
            return ExitOk;
        }
        if (!m_options.yes)
            return onlyTold();
        if (isOpenElsewhere())
            return failOpenElsewhere();
        const Result<QStringList> copies = backup(u"before-reset"_s);
        if (!copies)
            return fail(
                u"no copy could be made of %1; nothing was changed"_s.arg(copies.error().detail));
        const AppSettings here = m_settings.values();
        AppSettings values;
        values.windowGeometry = here.windowGeometry;
        values.windowState = here.windowState;
        values.splitterState = here.splitterState;
        values.currentSession = here.currentSession;
        Result<void> saved = m_settings.set(values);
        for (const QString &id : std::as_const(removed)) {
            if (const Result<void> gone = m_backends.remove(id); !gone)
                saved = gone;
        }
        if (!saved)
            return fail(saved.error().toString());
        done(u"reset"_s, m_settings.file(), changes.size(), *copies, {});
        return ExitOk;
    }

    int onlyTold()
    {
        say(u"info"_s, u"nothing was changed; say --yes to do it"_s);
        return ExitOk;
    }

    const CtlOptions &m_options;
    Clock &m_clock;
    Output &m_output;
    SettingsStore m_settings;
    BackendStore m_backends;
    SessionStore m_sessions;
    LocalListener m_alone;
};

} // namespace

bool isProfileCommand(const CtlOptions &options)
{
    return options.command == u"settings"
        || (options.command == u"sessions" && !options.arguments.isEmpty());
}

int runProfile(const CtlOptions &options, Clock &clock, Output &output)
{
    return ProfileCommand(options, clock, output).run();
}

} // namespace pilotlight
