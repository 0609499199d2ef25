// SPDX-License-Identifier: MIT
#include "ui/drill/drilldialog.h"

#include "ui/drill/drillbar.h"
#include "ui/sessions/sessiontext.h"
#include "ui/theme/theme.h"

#include <QDialogButtonBox>
#include <QGridLayout>
#include <QLabel>
#include <QLocale>
#include <QPushButton>

namespace pilotlight {

namespace {

QString faultTitle(DrillStep::Fault fault)
{
    switch (fault) {
    case DrillStep::Fault::CutConnection:
        return DrillDialog::tr("The connection is cut");
    case DrillStep::Fault::KillServer:
        return DrillDialog::tr("The server is killed");
    case DrillStep::Fault::FreezeServer:
        return DrillDialog::tr("The server freezes");
    case DrillStep::Fault::ExpireSession:
        return DrillDialog::tr("The server drops the session");
    }
    return {};
}

QString timeText(Milliseconds time)
{
    if (time < Milliseconds(10'000))
        return DrillDialog::tr("%1 ms").arg(QLocale().toString(time.count()));
    return DrillDialog::tr("%1 s").arg(
        QLocale().toString(static_cast<double>(time.count()) / 1000, 'f', 1));
}

QLabel *label(const char *name, QWidget *parent)
{
    auto *const made = new QLabel(parent);
    made->setObjectName(QString::fromLatin1(name));
    made->setTextFormat(Qt::PlainText);
    made->setWordWrap(true);
    return made;
}

struct Mark
{
    QString text;
    ColorRole color;
};

Mark markOf(DrillStep::State state)
{
    switch (state) {
    case DrillStep::State::Waiting:
    case DrillStep::State::Skipped:
        break;
    case DrillStep::State::Running:
        return {QStringLiteral("\u25cf"), ColorRole::Warning};
    case DrillStep::State::Recovered:
        return {QStringLiteral("\u2713"), ColorRole::Ok};
    case DrillStep::State::Lost:
    case DrillStep::State::Failed:
        return {QStringLiteral("\u2717"), ColorRole::Error};
    }
    return {QStringLiteral("\u25cb"), ColorRole::Muted};
}

} // namespace

QString drillStepText(const DrillStep &step)
{
    if (step.state == DrillStep::State::Skipped)
        return DrillDialog::tr("Left out: this system cannot do that.");
    if (!step.at)
        return {};
    QStringList parts;
    parts << (step.noticed ? DrillDialog::tr("noticed after %1").arg(timeText(*step.noticed))
                           : DrillDialog::tr("not noticed yet"));
    if (step.recovered)
        parts << DrillDialog::tr("back after %1").arg(timeText(*step.recovered));
    if (step.delivered)
        parts << DrillDialog::tr("prompt delivered after %1").arg(timeText(*step.delivered));
    if (step.state == DrillStep::State::Recovered)
        parts << DrillDialog::tr("nothing lost");
    else if (step.state == DrillStep::State::Lost)
        parts << DrillDialog::tr("%1 missing, %2 twice").arg(step.missing).arg(step.doubled);
    else if (step.state == DrillStep::State::Failed)
        parts << DrillDialog::tr("not recovered: %1").arg(errorSentence(step.error));
    QString text = parts.join(DrillDialog::tr(", ", "between parts of a sentence"));
    if (!text.isEmpty())
        text[0] = text[0].toUpper();
    return text;
}

QString drillSummary(const DrillReport &report)
{
    switch (report.end) {
    case DrillReport::End::Running:
        return report.ready ? DrillDialog::tr("Running on %1.").arg(report.server)
                            : DrillDialog::tr("A server and a session for the drill are started.");
    case DrillReport::End::Passed:
        return DrillDialog::tr("Passed: everything came back, nothing was lost. (%1)")
            .arg(report.server);
    case DrillReport::End::Failed:
        return DrillDialog::tr("Not everything came back. (%1)").arg(report.server);
    case DrillReport::End::Cancelled:
        return DrillDialog::tr("Stopped.");
    case DrillReport::End::NotStarted:
        return DrillDialog::tr("No server could be started for the drill. %1")
            .arg(errorSentence(report.error));
    }
    return {};
}

DrillDialog::DrillDialog(QWidget *parent)
    : QDialog(parent)
    , m_summary(label("drillSummary", this))
{
    setObjectName(QStringLiteral("drillDialog"));
    setWindowTitle(tr("Recovery drill"));
    setMinimumWidth(560);

    auto *const intro = label("drillIntro", this);
    intro->setProperty("muted", true);
    intro->setText(tr("Starts a server and a session for this drill alone and lets happen to them "
                      "what may happen to yours, each time with a prompt on its way. Your own "
                      "sessions are not touched, and no model is asked. Takes a minute or two."));

    auto *const grid = new QGridLayout;
    grid->setHorizontalSpacing(Theme::space(3));
    grid->setVerticalSpacing(Theme::space(1));
    grid->setColumnStretch(1, 1);
    const DrillStep::Fault faults[] = {DrillStep::Fault::CutConnection,
                                       DrillStep::Fault::KillServer, DrillStep::Fault::FreezeServer,
                                       DrillStep::Fault::ExpireSession};
    int line = 0;
    for (const DrillStep::Fault fault : faults) {
        Row row{label("drillMark", this), label("drillTitle", this), label("drillTimes", this),
                new DrillBar(this)};
        row.title->setText(faultTitle(fault));
        row.times->setProperty("muted", true);
        row.times->setMinimumHeight(row.times->fontMetrics().height());
        grid->addWidget(row.mark, line, 0, Qt::AlignTop);
        grid->addWidget(row.title, line, 1);
        grid->addWidget(row.bar, line + 1, 1);
        grid->addWidget(row.times, line + 2, 1);
        grid->setRowMinimumHeight(line + 3, Theme::space(3));
        line += 4;
        m_rows.push_back(row);
    }

    auto *const buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    buttons->button(QDialogButtonBox::Close)->setObjectName(QStringLiteral("close"));
    m_start = buttons->addButton(tr("&Start"), QDialogButtonBox::ActionRole);
    m_start->setObjectName(QStringLiteral("drillStart"));
    m_start->setDefault(true);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(m_start, &QPushButton::clicked, this, [this] {
        if (m_running)
            Q_EMIT stopRequested();
        else
            Q_EMIT startRequested();
    });

    auto *const layout = new QVBoxLayout(this);
    layout->setSpacing(Theme::space(4));
    layout->setContentsMargins(Theme::space(5), Theme::space(5), Theme::space(5), Theme::space(4));
    layout->addWidget(intro);
    layout->addLayout(grid);
    layout->addStretch(1);
    layout->addWidget(m_summary);
    layout->addWidget(buttons);
    for (const DrillStep::Fault fault : faults) {
        m_report.steps.append(DrillStep());
        m_report.steps.last().fault = fault;
    }
    updateRows();
    connect(&Theme::instance(), &Theme::changed, this, &DrillDialog::updateRows);
}

void DrillDialog::setReport(const DrillReport &report, Milliseconds elapsed)
{
    m_report = report;
    m_elapsed = elapsed;
    updateRows();
    m_summary->setText(drillSummary(report));
    m_running = report.end == DrillReport::End::Running;
    m_start->setText(m_running ? tr("&Stop") : tr("&Start again"));
}

void DrillDialog::updateRows()
{
    for (std::size_t i = 0; i < m_rows.size() && qsizetype(i) < m_report.steps.size(); ++i)
        updateRow(m_rows[i], m_report.steps[qsizetype(i)]);
}

void DrillDialog::updateRow(const Row &row, const DrillStep &step)
{
    const Mark mark = markOf(step.state);
    row.mark->setText(mark.text);
    row.mark->setStyleSheet(QStringLiteral("color: %1").arg(Theme::instance().hex(mark.color)));
    row.times->setText(drillStepText(step));
    row.bar->setStep(step, step.at ? m_elapsed - *step.at : Milliseconds(0));
    row.bar->setAccessibleName(row.title->text() + QLatin1Char(' ') + row.times->text());
}

void DrillDialog::done(int result)
{
    if (m_running)
        Q_EMIT stopRequested();
    QDialog::done(result);
}

} // namespace pilotlight
