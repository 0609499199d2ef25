// SPDX-License-Identifier: MIT
#pragma once

#include "base/secret.h"
#include "settings/backendsettings.h"

#include <QDialog>

#include <optional>

class QCheckBox;
class QComboBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QPushButton;

namespace pilotlight {

//! Adds or edits a server beside the default one: how it is reached, and how it is kept alive. What
//! does not fit stands below the fields; the token goes out by token() only and is never shown.
class ServerDialog : public QDialog
{
    Q_OBJECT
public:
    //! \a backend: what is edited; an empty id: a new one, whose id is made of its name and differs
    //! from all of \a taken.
    ServerDialog(const BackendSettings &backend, QStringList taken, QWidget *parent = nullptr);

    //! As edited; valid after accepted().
    BackendSettings backend() const;
    //! As entered; nothing where it is to stay as it is.
    std::optional<Secret> token() const;
    bool isValid() const { return m_problem.isEmpty(); }

private:
    enum class Reach
    {
        McpCommand,
        McpUrl,
        AgentUrl
    };
    Reach reach() const;
    void validate();
    QString newId() const;

    const BackendSettings m_before;
    const QStringList m_taken;
    QString m_problem;
    QFormLayout *m_form;
    QLineEdit *m_name;
    QComboBox *m_reach;
    QLineEdit *m_command;
    QLineEdit *m_url;
    QLineEdit *m_token;
    QCheckBox *m_enabled;
    QCheckBox *m_stateless;
    QLineEdit *m_tools;
    QComboBox *m_method;
    QLineEdit *m_interval;
    QComboBox *m_touch;
    QLabel *m_hint;
    QPushButton *m_save;
};

} // namespace pilotlight
