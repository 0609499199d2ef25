// SPDX-License-Identifier: MIT
#pragma once

#include "profile/ziparchive.h"

#include <QDialog>

class QListWidget;
class QPlainTextEdit;

namespace pilotlight {

//! Shows every file of a support bundle as it is going to be written, and asks where to.
class BundleDialog : public QDialog
{
    Q_OBJECT
public:
    explicit BundleDialog(const QList<ArchiveFile> &files, QWidget *parent = nullptr);

Q_SIGNALS:
    void saveRequested();

private:
    void showFile(int row);

    const QList<ArchiveFile> m_files;
    QListWidget *m_list;
    QPlainTextEdit *m_text;
};

} // namespace pilotlight
