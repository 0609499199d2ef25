// SPDX-License-Identifier: MIT
#include "app/gui/drillcontroller.h"

#include "app/wiring/appcontext.h"
#include "ui/drill/drilldialog.h"
#include "ui/sessions/sessiontext.h"
#include "ui/shell/mainwindow.h"

namespace pilotlight {

namespace {

constexpr std::chrono::milliseconds DrillFrame{100}; // of the bar of the step that runs

} // namespace

DrillController::DrillController(AppContext &context, MainWindow &window, QObject *parent)
    : QObject(parent)
    , m_context(context)
    , m_window(window)
{
    m_tick.setInterval(DrillFrame);
    connect(&m_tick, &QTimer::timeout, this, &DrillController::show);
}

DrillController::~DrillController() = default;

void DrillController::open()
{
    if (m_dialog) {
        m_dialog->raise();
        m_dialog->activateWindow();
        return;
    }
    m_dialog = new DrillDialog(&m_window);
    m_dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(m_dialog, &DrillDialog::startRequested, this, &DrillController::start);
    connect(m_dialog, &DrillDialog::stopRequested, this, [this] {
        if (m_drill)
            m_drill->cancel();
    });
    m_dialog->show(); // not modal: the sessions go on, and may be watched meanwhile
}

void DrillController::start()
{
    if (m_drill && !m_drill->isOver())
        return; // the one before still ends its server
    const Result<DrillOptions> options = m_context.drillOptions();
    if (!options) {
        m_window.say(errorSentence(options.error()));
        return;
    }
    m_drill = std::make_unique<Drill>(*options, m_context.clock(), m_context.random());
    connect(m_drill.get(), &Drill::progressed, this, &DrillController::show);
    connect(m_drill.get(), &Drill::finished, this, [this] {
        m_tick.stop();
        show();
    });
    m_drill->start();
    m_tick.start();
    show();
}

void DrillController::show()
{
    if (m_dialog && m_drill)
        m_dialog->setReport(m_drill->report(), m_drill->elapsed());
}

} // namespace pilotlight
