// SPDX-License-Identifier: MIT
#include "app/cli/ctl.h"

using namespace Qt::StringLiterals;

namespace pilotlight {

namespace {

QString faultWords(DrillStep::Fault fault)
{
    switch (fault) {
    case DrillStep::Fault::CutConnection:
        return u"the connection is cut"_s;
    case DrillStep::Fault::KillServer:
        return u"the server is killed"_s;
    case DrillStep::Fault::FreezeServer:
        return u"the server freezes"_s;
    case DrillStep::Fault::ExpireSession:
        return u"the session expires"_s;
    }
    return {};
}

QString resultWords(const DrillStep &step)
{
    switch (step.state) {
    case DrillStep::State::Recovered:
        return u"nothing lost (%1 rows before, all there)"_s.arg(step.rows);
    case DrillStep::State::Lost:
        return u"LOST: %1 missing, %2 twice"_s.arg(step.missing).arg(step.doubled);
    case DrillStep::State::Failed:
        return u"NOT RECOVERED: "_s + step.error.toString();
    case DrillStep::State::Skipped:
        return u"left out: this system cannot do that"_s;
    case DrillStep::State::Waiting:
    case DrillStep::State::Running:
        break;
    }
    return {};
}

} // namespace

void Ctl::runDrill()
{
    const Result<DrillOptions> found = m_context.drillOptions();
    if (!found) {
        fail(ExitNotConnected, found.error().toString());
        return;
    }
    DrillOptions options = *found;
    options.provider = m_options.provider;
    options.model = m_options.model.isEmpty() ? m_options.providerModel : m_options.model;
    m_drill = std::make_unique<Drill>(options, m_context.clock(), m_context.random());
    connect(m_drill.get(), &Drill::progressed, this, &Ctl::onDrillProgress);
    connect(m_drill.get(), &Drill::finished, this, &Ctl::onDrillOver, Qt::QueuedConnection);
    m_output.notice(u"info"_s, u"a server of its own and a session on it; yours are not touched"_s);
    m_drill->start();
}

void Ctl::onDrillProgress()
{
    const DrillReport &report = m_drill->report();
    for (const DrillStep &step : report.steps) {
        const QString fault = drillFaultName(step.fault);
        const auto tell = [&](const QString &moment, const std::optional<Milliseconds> &time,
                              const QString &words) {
            const QString key = fault + u'/' + moment;
            if (!time || m_announcedMoments.contains(key))
                return;
            m_announcedMoments.insert(key);
            QJsonObject fields{{u"fault"_s, fault}, {u"moment"_s, moment}};
            fields.insert(u"ms"_s, static_cast<qint64>(time->count()));
            m_output.event(u"drill"_s, fields);
            m_output.line(
                u"%1 ms  %2"_s.arg(time->count(), moment == "struck"_L1 ? 8 : 12).arg(words));
        };
        tell(u"struck"_s, step.at, faultWords(step.fault));
        tell(u"noticed"_s, step.noticed, u"noticed"_s);
        tell(u"recovered"_s, step.recovered, u"session is back"_s);
        tell(u"delivered"_s, step.delivered, u"the prompt that met it is in the history"_s);
        const QString key = fault + u"/over"_s;
        if (resultWords(step).isEmpty() || m_announcedMoments.contains(key))
            continue;
        m_announcedMoments.insert(key);
        m_output.event(u"drill"_s,
                       {{u"fault"_s, fault},
                        {u"moment"_s, u"over"_s},
                        {u"state"_s, drillStateName(step.state)},
                        {u"missing"_s, step.missing},
                        {u"doubled"_s, step.doubled}});
        m_output.line(u"             "_s + resultWords(step));
    }
}

void Ctl::onDrillOver()
{
    const DrillReport &report = m_drill->report();
    QJsonObject fields{{u"end"_s, drillEndName(report.end)}, {u"server"_s, report.server}};
    if (report.ready)
        fields.insert(u"readyMs"_s, static_cast<qint64>(report.ready->count()));
    m_output.event(u"drill-over"_s, fields);
    switch (report.end) {
    case DrillReport::End::Passed:
        m_output.line(u"Passed: everything came back, nothing was lost. (%1)"_s.arg(report.server));
        finish(ExitOk);
        break;
    case DrillReport::End::Cancelled:
        finish(m_signal ? 128 + m_signal : int(ExitFailed));
        break;
    case DrillReport::End::NotStarted:
        fail(ExitNotConnected, report.error.toString());
        break;
    case DrillReport::End::Failed:
    case DrillReport::End::Running:
        fail(ExitFailed, u"not everything came back"_s);
        break;
    }
}

} // namespace pilotlight
