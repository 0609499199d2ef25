// SPDX-License-Identifier: MIT
#include "app/cli/ctl.h"
#include "app/wiring/supportbundle.h"

namespace pilotlight {

void Ctl::runBundle()
{
    const bool live = m_context.connection().status().phase == Phase::Online;
    const SupportBundle bundle(m_context, live);
    for (const ArchiveFile &file : bundle.files()) {
        m_output.event(
            QStringLiteral("file"),
            {{QStringLiteral("name"), file.name}, {QStringLiteral("bytes"), file.bytes.size()}});
        m_output.line(QStringLiteral("%1  %2 bytes").arg(file.name, -24).arg(file.bytes.size()));
    }
    const QString &path = m_options.arguments.first();
    if (m_options.list) {
        finish(ExitOk);
        return;
    }
    if (const auto written = writeZip(path, bundle.files(), m_context.clock().wallNow());
        !written) {
        fail(ExitFailed, QStringLiteral("%1: %2").arg(path, written.error().detail));
        return;
    }
    m_output.event(QStringLiteral("bundle"), {{QStringLiteral("file"), path}});
    m_output.line(QStringLiteral("written: ") + path);
    finish(ExitOk);
}

} // namespace pilotlight
