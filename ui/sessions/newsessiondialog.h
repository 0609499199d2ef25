// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace pilotlight {

//! Asks what a new session needs: name, model, folder, mode, and optionally a model provider of the
//! user's own. Says under each field what is wrong with it. Use open() and, on accepted(),
//! config().
class NewSessionDialog : public QDialog
{
    Q_OBJECT
public:
    explicit NewSessionDialog(QWidget *parent = nullptr);

    //! What the backend offers; the field stays editable for others.
    void setModels(const QList<ModelInfo> &models);
    //! Prefills from an earlier session (never its name or key).
    void setDefaults(const SessionConfig &config);
    //! The server runs on another machine: the folder cannot be looked up here.
    void setRemote(bool remote);

    //! Valid after accepted(); id is empty, SessionManager chooses it.
    SessionConfig config() const;
    bool isValid() const;

private:
    void validate();
    QWidget *makeProvider();
    void browse();
    QString folderProblem() const;
    QString urlProblem() const;
    void showProblem(QLabel *label, QWidget *field, const QString &problem, bool touched);

    bool m_remote = false;
    bool m_submitted = false; //!< before it, only fields that were edited complain
    QLineEdit *m_name = nullptr;
    QComboBox *m_model = nullptr;
    QLabel *m_modelHint = nullptr;
    QLineEdit *m_folder = nullptr;
    QLabel *m_folderHint = nullptr;
    QPushButton *m_browse = nullptr;
    QComboBox *m_mode = nullptr;
    QLabel *m_modeHint = nullptr;
    QCheckBox *m_ownProvider = nullptr;
    QWidget *m_provider = nullptr;
    QComboBox *m_type = nullptr;
    QComboBox *m_wireApi = nullptr;
    QLineEdit *m_baseUrl = nullptr;
    QLabel *m_urlHint = nullptr;
    QLineEdit *m_key = nullptr;
    QPushButton *m_create = nullptr;
};

} // namespace pilotlight
