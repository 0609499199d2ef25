// SPDX-License-Identifier: MIT
#include "session/secretstore.h"

#include "base/logging.h"

#ifdef PILOTLIGHT_HAVE_KEYCHAIN
#if __has_include(<qt6keychain/keychain.h>)
#include <qt6keychain/keychain.h>
#else
#include <keychain.h>
#endif
#endif

#include <QHash>
#include <QPointer>

#include <utility>

namespace pilotlight {

namespace {

// Later, from the event loop, unless the context has gone by then.
template <typename T>
void answerLater(QObject *context, Handler<T> handler, Result<T> result)
{
    QMetaObject::invokeMethod(
        context, [handler = std::move(handler), result = std::move(result)] { handler(result); },
        Qt::QueuedConnection);
}

class MemorySecretStore final : public SecretStore
{
public:
    bool isPersistent() const override { return false; }

    void read(const QString &name, QObject *context, Handler<Secret> handler) override
    {
        answerLater<Secret>(context, std::move(handler), m_secrets.value(name));
    }

    void write(const QString &name, const Secret &secret, QObject *context,
               DoneHandler handler) override
    {
        registerSecret(secret);
        m_secrets.insert(name, secret);
        answerLater<Done>(context, std::move(handler), Done{});
        if (!std::exchange(m_told, true))
            Q_EMIT unavailable(QStringLiteral("no keychain in use"));
    }

    void remove(const QString &name, QObject *context, DoneHandler handler) override
    {
        m_secrets.remove(name);
        answerLater<Done>(context, std::move(handler), Done{});
    }

private:
    QHash<QString, Secret> m_secrets;
    bool m_told = false;
};

} // namespace

std::unique_ptr<SecretStore> makeMemorySecretStore()
{
    return std::make_unique<MemorySecretStore>();
}

#ifdef PILOTLIGHT_HAVE_KEYCHAIN

namespace {

Result<Done> resultOf(const QKeychain::Job &job)
{
    if (job.error() == QKeychain::NoError || job.error() == QKeychain::EntryNotFound)
        return Done{};
    return failure(ErrorCode::KeychainUnavailable, job.errorString());
}

// The system's keychain; what it refuses to keep is kept in memory for this run.
class KeychainSecretStore final : public SecretStore
{
public:
    bool isPersistent() const override { return m_works; }

    void read(const QString &name, QObject *context, Handler<Secret> handler) override
    {
        if (const auto kept = m_memory.constFind(name); kept != m_memory.constEnd()) {
            answerLater<Secret>(context, std::move(handler), *kept);
            return;
        }
        auto *job = new QKeychain::ReadPasswordJob(m_service);
        start(job, name, [this, job, alive = QPointer(context), handler = std::move(handler)] {
            const Result<Done> result = resultOf(*job);
            m_works = result.has_value();
            const Secret secret(result ? job->binaryData() : QByteArray());
            registerSecret(secret);
            if (!alive)
                return;
            if (!result)
                handler(tl::make_unexpected(result.error()));
            else
                handler(secret); // empty where there was none
        });
    }

    void write(const QString &name, const Secret &secret, QObject *context,
               DoneHandler handler) override
    {
        auto *job = new QKeychain::WritePasswordJob(m_service);
        job->setBinaryData(secret.reveal());
        registerSecret(secret);
        m_memory.insert(name, secret); // readable at once, and for good where the write fails
        start(job, name,
              [this, job, name, secret, alive = QPointer(context), handler = std::move(handler)] {
                  const Result<Done> result = resultOf(*job);
                  m_works = result.has_value();
                  if (result) {
                      m_memory.remove(name);
                  } else {
                      m_memory.insert(name, secret); // an earlier write may have taken it out
                      qCWarning(lcStore).noquote() << "keychain:" << result.error().toString();
                      if (!std::exchange(m_told, true))
                          Q_EMIT unavailable(result.error().detail);
                  }
                  if (alive)
                      handler(Done{});
              });
    }

    void remove(const QString &name, QObject *context, DoneHandler handler) override
    {
        m_memory.remove(name);
        auto *job = new QKeychain::DeletePasswordJob(m_service);
        start(job, name, [job, alive = QPointer(context), handler = std::move(handler)] {
            if (alive)
                handler(resultOf(*job));
        });
    }

private:
    // The job deletes itself. Our own bookkeeping must happen even where the asker has gone, so
    // the store is the receiver.
    template <typename Finished>
    void start(QKeychain::Job *job, const QString &name, Finished finished)
    {
        job->setKey(name);
        job->setInsecureFallback(false);
        connect(job, &QKeychain::Job::finished, this, std::move(finished));
        job->start();
    }

    const QString m_service = QStringLiteral("pilotlight");
    QHash<QString, Secret> m_memory;
    bool m_works = true;
    bool m_told = false;
};

} // namespace

std::unique_ptr<SecretStore> makeKeychainSecretStore()
{
    return std::make_unique<KeychainSecretStore>();
}

#else

std::unique_ptr<SecretStore> makeKeychainSecretStore()
{
    return makeMemorySecretStore();
}

#endif

} // namespace pilotlight
