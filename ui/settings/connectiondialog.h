// SPDX-License-Identifier: MIT
#pragma once

#include "base/error.h"
#include "base/secret.h"
#include "settings/settings.h"

#include <QDialog>

#include <functional>
#include <optional>

class QButtonGroup;
class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace pilotlight {

//! Asks how to reach a server and how often to ping it. Every problem stands under the field that
//! has it. The token goes out by token() only, for the keychain; it is never shown again and never
//! part of the settings.
class ConnectionDialog : public QDialog
{
    Q_OBJECT
public:
    //! Finds the CLI for a wished path (empty: by itself).
    using Locator = std::function<Result<QString>(const QString &)>;

    //! \a locator may be empty: nothing is said about what was found then.
    ConnectionDialog(const AppSettings &settings, Locator locator, QWidget *parent = nullptr);

    //! The settings as edited; valid after accepted().
    AppSettings settings() const;
    //! The token as entered (empty: remove the kept one); nothing where it is to stay as it is.
    std::optional<Secret> token() const;
    bool isValid() const;

protected:
    void showEvent(QShowEvent *event) override;

private:
    QWidget *makeModes();
    QWidget *makeCli();
    QWidget *makeAttach();
    QWidget *makePing();
    void validate();
    void locate();
    void browse();
    void fitHeight();
    ServerMode mode() const;

    AppSettings m_settings;
    Locator m_locator;
    bool m_submitted = false; //!< before it, an empty field does not complain
    QButtonGroup *m_modes = nullptr;
    QWidget *m_cli = nullptr;
    QWidget *m_attach = nullptr;
    QWidget *m_ping = nullptr;
    QLineEdit *m_cliPath = nullptr;
    QLabel *m_cliHint = nullptr;
    QLineEdit *m_url = nullptr;
    QLabel *m_urlHint = nullptr;
    QLineEdit *m_token = nullptr;
    QCheckBox *m_forgetToken = nullptr;
    QLineEdit *m_interval = nullptr;
    QLineEdit *m_timeout = nullptr;
    QLabel *m_pingHint = nullptr;
    QComboBox *m_theme = nullptr;
};

//! Why \a url cannot be the address of a server to attach to, in a sentence; empty if it can:
//! tcp://host:port, ws:// or wss://, without user information.
QString attachUrlProblem(const QString &url);
//! What is entered in a field of seconds: nothing (the default), a number, or NaN for anything
//! else.
std::optional<double> secondsFromText(const QString &text);
//! The values in force and where they come from, in a sentence or two.
QString probeTimingText(const EffectiveKeepalive &timing);

} // namespace pilotlight
