// SPDX-License-Identifier: MIT
#pragma once

#include "support/serverprocess.h"

#include <QJsonObject>

namespace pilotlight {

//! A real Copilot CLI with a stub model behind it, in a home of its own. No account is needed:
//! sessions bring their provider along. The CLI comes from the environment (PILOTLIGHT_CLI_NEWEST,
//! PILOTLIGHT_CLI_1_0_40 ...) or is installed below build/npm by tests/real/install-cli.sh.
class RealServer
{
public:
    enum class Version
    {
        Newest,
        V1_0_69,
        V1_0_40,
        V1_0_6,
        V0_0_420
    };

    //! Why there is no real server: PILOTLIGHT_REAL=skip, no Node, no CLI. Empty where there is
    //! one. May take minutes once, for the installation. Meant for `if (...) QSKIP(...)`.
    static QString skipReason(Version version);
    //! "newest", "1.0.40": as install-cli.sh calls it.
    static QString name(Version version);
    //! Environment in which a server started lives \a factor times faster than its clients. Empty
    //! where there is no faketime library. Not the faketime program: it would be the parent of the
    //! server and would leave it behind when it is stopped.
    static QMap<QString, QString> accelerated(int factor);
    //! The native binary; empty where it cannot be had.
    static QString binary(Version version);

    //! Starts stub model and server; false where one does not come up, then output() says why.
    bool start(Version version, const QStringList &extraArguments = {},
               const QMap<QString, QString> &environment = {});
    //! Starts only the stub model, for tests in which the product starts the server.
    bool startModel();
    //! The stub model answers at this port.
    quint16 modelPort() const { return m_model.port(); }
    //! kill -9 of the server; the home stays for the next start().
    void kill() { m_server.kill(); }
    void stop();

    quint16 port() const { return m_server.port(); }
    qint64 pid() const { return m_server.pid(); }
    QString home() const { return m_server.home(); }
    //! A folder for the sessions' work.
    QString workFolder() const;
    //! For session.create and session.resume; the model's name is "stub-model".
    QJsonObject provider() const;
    QByteArray output() const { return m_model.output() + m_server.output(); }

private:
    ServerProcess m_model;
    ServerProcess m_server;
};

} // namespace pilotlight
