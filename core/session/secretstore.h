// SPDX-License-Identifier: MIT
#pragma once

#include "agent/agentbackend.h"
#include "base/secret.h"

#include <QObject>
#include <QString>

#include <memory>

namespace pilotlight {

//! Keys and tokens by name ("provider/<session id>", "connection/<id>"), apart from every file of
//! ours. Asynchronous; each handler runs exactly once unless its context died, and never from
//! inside the call. What passes here is also registered for redaction.
class SecretStore : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    //! False: secrets are kept for this run only, and the user has to enter them again.
    virtual bool isPersistent() const = 0;
    //! An unknown name answers with an empty Secret. Error: KeychainUnavailable.
    virtual void read(const QString &name, QObject *context, Handler<Secret> handler) = 0;
    //! Success also where the secret can be kept for this run only; see unavailable().
    virtual void write(const QString &name, const Secret &secret, QObject *context,
                       DoneHandler handler) = 0;
    //! Success also where there was none.
    virtual void remove(const QString &name, QObject *context, DoneHandler handler) = 0;

Q_SIGNALS:
    //! A secret was written and can be kept for this run only: it must be entered again after a
    //! restart. Once in a run.
    void unavailable(const QString &detail);
};

//! For this run only: tests, and machines without a keychain.
std::unique_ptr<SecretStore> makeMemorySecretStore();
//! The system's keychain (Secret Service or KWallet, macOS Keychain, Windows Credential Manager;
//! service "pilotlight", no other is ever asked for), falling back to memory as soon as it proves
//! unusable. It is touched by the first read or write only, so that no start opens an unlock dialog
//! for nothing.
std::unique_ptr<SecretStore> makeKeychainSecretStore();

} // namespace pilotlight
