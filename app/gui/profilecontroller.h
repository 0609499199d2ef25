// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>
#include <QString>

namespace pilotlight {

class AppContext;
class MainWindow;

//! What goes in and out of a profile by the window's hand: export, import, reset, support bundle.
class ProfileController : public QObject
{
    Q_OBJECT
public:
    //! Both must outlive it.
    ProfileController(AppContext &context, MainWindow &window, QObject *parent = nullptr);

    void exportTo(const QString &path);
    void importFrom(const QString &path);

private:
    void askExport();
    void askImport();
    void askReset();
    void showBundle();
    void tell(const QString &title, const QString &text);

    AppContext &m_context;
    MainWindow &m_window;
};

} // namespace pilotlight
