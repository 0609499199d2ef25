// SPDX-License-Identifier: MIT
#pragma once

#include "drill/drillreport.h"

#include <QDialog>

#include <vector>

class QDialogButtonBox;
class QLabel;
class QPushButton;

namespace pilotlight {

class DrillBar;

//! The recovery drill as it goes on: what is done to a server of its own, when that was noticed,
//! when all was back, and what was lost. Shows reports; somebody else runs the drill.
class DrillDialog : public QDialog
{
    Q_OBJECT
public:
    explicit DrillDialog(QWidget *parent = nullptr);

    //! \a elapsed: since the drill began, for the step that runs.
    void setReport(const DrillReport &report, Milliseconds elapsed);

Q_SIGNALS:
    void startRequested();
    void stopRequested();

protected:
    //! Closing it stops the drill.
    void done(int result) override;

private:
    struct Row
    {
        QLabel *mark;
        QLabel *title;
        QLabel *times;
        DrillBar *bar;
    };
    void updateRows();
    void updateRow(const Row &row, const DrillStep &step);

    DrillReport m_report; //!< shown last
    Milliseconds m_elapsed{0};
    std::vector<Row> m_rows;
    QLabel *m_summary;
    QPushButton *m_start;
    bool m_running = false;
};

//! "Noticed after 3 ms, back after 41 ms": of a step, for people. Empty before its fault.
QString drillStepText(const DrillStep &step);
//! What a drill came to, or is doing, in a sentence.
QString drillSummary(const DrillReport &report);

} // namespace pilotlight
