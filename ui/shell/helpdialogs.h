// SPDX-License-Identifier: MIT
#pragma once

#include "connection/status.h"

#include <QDialog>

class QAction;

namespace pilotlight {

//! Versions of everything that takes part, ready to be copied into a report.
class AboutDialog : public QDialog
{
    Q_OBJECT
public:
    explicit AboutDialog(const ConnectionStatus &status, QWidget *parent = nullptr);

    //! Plain text, one fact a line.
    static QString versions(const ConnectionStatus &status);
};

//! Every shortcut of the window, from its actions, and those of its parts.
class ShortcutsDialog : public QDialog
{
    Q_OBJECT
public:
    explicit ShortcutsDialog(const QList<QAction *> &actions, QWidget *parent = nullptr);
};

} // namespace pilotlight
