// SPDX-License-Identifier: MIT
#pragma once

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <memory>

namespace pilotlight {

class AppContext;
class Drill;
class DrillDialog;
class MainWindow;

//! Runs recovery drills for the window and shows them in a dialog; one at a time.
class DrillController : public QObject
{
    Q_OBJECT
public:
    //! Both must outlive it.
    DrillController(AppContext &context, MainWindow &window, QObject *parent = nullptr);
    //! Ends a drill that runs, with its server.
    ~DrillController() override;

    //! Shows the dialog; the one that is open already is raised.
    void open();

private:
    void start();
    void show();

    AppContext &m_context;
    MainWindow &m_window;
    QPointer<DrillDialog> m_dialog; //!< deletes itself
    std::unique_ptr<Drill> m_drill;
    QTimer m_tick; //!< while a drill runs and is seen
};

} // namespace pilotlight
