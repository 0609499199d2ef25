// SPDX-License-Identifier: MIT
#include "ui/keepalive/wakereporttext.h"

#include "ui/keepalive/keepalivetext.h"
#include "ui/widgets/plural.h"

#include <QCoreApplication>
#include <QStringList>

namespace pilotlight {

namespace {

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(WakeReport)
};

} // namespace

QString wakeReportText(const WakeReport &report)
{
    QStringList parts;
    if (report.checked > 0) {
        parts << plural(report.checked, Words::tr("%1 session checked"),
                        Words::tr("%1 sessions checked"));
        parts << Words::tr("%1 alive").arg(report.alive);
        if (report.resumed > 0)
            parts << Words::tr("%1 resumed").arg(report.resumed);
        if (report.lost > 0)
            parts << Words::tr("%1 not answering").arg(report.lost);
    } else {
        parts << Words::tr("no session was open");
    }
    if (report.parked > 0)
        parts << Words::tr("%1 parked").arg(report.parked);
    if (report.backendsAway > 0)
        parts << plural(report.backendsAway, Words::tr("%1 server not reached"),
                        Words::tr("%1 servers not reached"));
    return Words::tr("Asleep %1: %2.")
        .arg(KeepaliveText::span(report.asleep), parts.join(QStringLiteral(", ")));
}

} // namespace pilotlight
