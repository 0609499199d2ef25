// SPDX-License-Identifier: MIT
#pragma once

#include "settings/settings.h"

#include <QDialog>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace pilotlight {

//! Asks what goes on without the window, whether agents keep the computer awake, and where the
//! keepalive's metrics go.
class MonitorDialog : public QDialog
{
    Q_OBJECT
public:
    explicit MonitorDialog(const AppSettings &settings, QWidget *parent = nullptr);

    //! \a settings with what was edited here; valid after accepted().
    AppSettings applied(AppSettings settings) const;

private:
    void validate();

    QComboBox *m_whenClosing;
    QCheckBox *m_reopen;
    QComboBox *m_stayAwake;
    QLineEdit *m_endpoint;
    QLabel *m_endpointHint;
    QCheckBox *m_toolHive;
    QPushButton *m_ok;
};

//! Why \a url cannot be the address of a collector, in a sentence; empty if it can, or is empty.
QString collectorUrlProblem(const QString &url);

} // namespace pilotlight
