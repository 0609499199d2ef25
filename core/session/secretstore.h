// SPDX-License-Identifier: MIT
#pragma once

#include "agent/backend.h"
#include "base/secret.h"

#include <QObject>
#include <QString>

#include <memory>

namespace pilotlight {

//! Keys and tokens by name ("provider/<session id>", "connection/<id>"), apart from every file of ours.
//! Asynchronous; each handler runs exactly once unless its context died.
class SecretStore : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

    //! False: secrets are kept for this run only, and the user has to enter them again.
    virtual bool isPersistent() const = 0;
    //! An unknown name answers with an empty Secret.
    virtual void read(const QString &name, QObject *context, Handler<Secret> handler) = 0;
    virtual void write(const QString &name, const Secret &secret, QObject *context,
                       DoneHandler handler) = 0;
    virtual void remove(const QString &name, QObject *context, DoneHandler handler) = 0;
};

//! For this run only: tests, and machines without a keychain.
std::unique_ptr<SecretStore> makeMemorySecretStore();
//! The system's keychain (service "pilotlight"), falling back to memory as soon as it proves unusable.
std::unique_ptr<SecretStore> makeKeychainSecretStore();

} // namespace pilotlight
