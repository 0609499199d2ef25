// SPDX-License-Identifier: MIT
#pragma once

#include "profile/profilefile.h"

#include <QDialog>

class QPushButton;
class QTreeWidget;

namespace pilotlight {

//! Shows what an import would change, and asks. Settings, servers and sessions can be left out.
class ImportDialog : public QDialog
{
    Q_OBJECT
public:
    //! \a file: its name, for people.
    ImportDialog(const ProfilePlan &plan, const QString &file, QWidget *parent = nullptr);

    //! What is to be done; valid after accepted().
    ProfilePlan chosen() const;

    //! Why \a error came of reading \a file, in a sentence.
    static QString problem(const Error &error, const QString &file);

private:
    bool wants(ProfileChange::Kind kind) const;
    void fill();
    void updateButton();

    ProfilePlan m_plan;
    QTreeWidget *m_list;
    QPushButton *m_import;
};

} // namespace pilotlight
