// SPDX-License-Identifier: MIT
#pragma once

#include <QByteArray>
#include <QDebug>
#include <QList>

namespace pilotlight {

//! A token or key. It cannot be streamed to a log or compared in variable time, and its bytes are
//! overwritten when the last copy goes. reveal() is the only way out: grep for it to audit.
class Secret
{
public:
    Secret() = default;
    explicit Secret(QByteArray value)
        : m_value(std::move(value))
    { }
    Secret(const Secret &) = default;
    Secret &operator=(const Secret &) = default;
    Secret(Secret &&) noexcept = default;
    Secret &operator=(Secret &&) noexcept = default;
    ~Secret();

    bool isEmpty() const { return m_value.isEmpty(); }
    const QByteArray &reveal() const { return m_value; }
    bool operator==(const Secret &other) const;

private:
    QByteArray m_value;
};

QDebug operator<<(QDebug, const Secret &) = delete;

//! \a text with everything that looks like a credential replaced by "******": bearer and basic
//! authorisation, sk-/ghp_/gho_/github_pat_ style keys, password/token/apiKey members and URL
//! user information, plus every secret registered with registerSecret().
QString redacted(const QString &text);

//! Whether something of this name (an environment variable, a member, an option) is likely to be a
//! secret: "GITHUB_TOKEN", "apiKey", "--password".
bool isSecretName(const QString &name);

//! The values of this process's environment that are likely to be secrets, by their names.
QList<Secret> environmentSecrets();

//! Makes redacted() replace \a secret wherever it occurs from now on (6 characters and more;
//! shorter ones would blank ordinary words). Thread-safe.
void registerSecret(const Secret &secret);

} // namespace pilotlight
