// SPDX-License-Identifier: MIT
#pragma once

#include "profile/ziparchive.h"
#include "session/sessionstore.h"

#include <QJsonObject>

#include <memory>

namespace pilotlight {

class AppContext;
class SupportRedactor;

//! What a report of a problem needs, and nothing that is nobody's business: log, versions,
//! settings, servers, sessions without their names and words, what the keepalive knows and
//! measured, the server's last output. Everything has passed a SupportRedactor.
class SupportBundle
{
public:
    //! Collects at once. \a live: also what the program knows of its connections and sessions now;
    //! else (the command line without a connection) only what is in the files of the profile.
    SupportBundle(AppContext &context, bool live);

    //! What is in it, one after the other; each name is a path in the archive.
    const QList<ArchiveFile> &files() const { return m_files; }
    //! "pilotlight-support-20261121-093000.zip"
    static QString fileName(const QDateTime &now);

private:
    void hideWhatIsPrivate();
    void add(const QString &name, const QString &text);
    void add(const QString &name, const QJsonObject &object);
    void addVersions();
    void addSettings();
    void addSessions();
    void addKeepalive();
    void addStateFiles();
    void addLogs();

    AppContext &m_context;
    const bool m_live;
    std::shared_ptr<SupportRedactor> m_redactor;
    QList<StoredSession> m_stored;
    QList<ArchiveFile> m_files;
};

} // namespace pilotlight
