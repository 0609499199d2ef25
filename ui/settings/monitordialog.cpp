// SPDX-License-Identifier: MIT
#include "ui/settings/monitordialog.h"

#include "ui/theme/theme.h"

#include <QBoxLayout>
#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QUrl>

namespace pilotlight {

namespace {

QLabel *heading(const QString &text, QWidget *parent, QWidget *buddy)
{
    auto *const label = new QLabel(text, parent);
    label->setBuddy(buddy);
    return label;
}

QLabel *hint(const QString &text, QWidget *parent)
{
    auto *const label = new QLabel(text, parent);
    label->setProperty("muted", true);
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    return label;
}

} // namespace

QString collectorUrlProblem(const QString &text)
{
    if (text.trimmed().isEmpty())
        return {};
    const QUrl url(text.trimmed(), QUrl::StrictMode);
    if (url.scheme() != QStringLiteral("http") && url.scheme() != QStringLiteral("https"))
        return MonitorDialog::tr("The address begins with http:// or https://.");
    if (!url.isValid() || url.host().isEmpty())
        return MonitorDialog::tr("This is not a complete address.");
    if (!url.userInfo().isEmpty() || url.hasQuery())
        return MonitorDialog::tr(
            "Leave names, passwords and keys out of the address: it is kept in "
            "a file. Headers come from OTEL_EXPORTER_OTLP_HEADERS.");
    return {};
}

MonitorDialog::MonitorDialog(const AppSettings &settings, QWidget *parent)
    : QDialog(parent)
    , m_whenClosing(new QComboBox(this))
    , m_reopen(new QCheckBox(tr("&Open the window again after a crash"), this))
    , m_stayAwake(new QComboBox(this))
    , m_endpoint(new QLineEdit(settings.metricsEndpoint, this))
    , m_endpointHint(hint({}, this))
    , m_toolHive(new QCheckBox(tr("Use &ToolHive's metric names"), this))
{
    setObjectName(QStringLiteral("monitorDialog"));
    setWindowTitle(tr("Background and metrics"));
    setMinimumWidth(460);

    m_whenClosing->setObjectName(QStringLiteral("whenClosing"));
    m_whenClosing->addItem(tr("Ask"), static_cast<int>(WhenClosing::Ask));
    m_whenClosing->addItem(tr("Let them go on in the background"),
                           static_cast<int>(WhenClosing::KeepTurns));
    m_whenClosing->addItem(tr("Stop them"), static_cast<int>(WhenClosing::StopTurns));
    m_whenClosing->setCurrentIndex(m_whenClosing->findData(static_cast<int>(settings.whenClosing)));
    m_reopen->setObjectName(QStringLiteral("reopenAfterCrash"));
    m_reopen->setChecked(settings.reopenAfterCrash);
    m_stayAwake->setObjectName(QStringLiteral("stayAwake"));
    m_stayAwake->addItem(tr("Never"), static_cast<int>(StayAwake::Off));
    m_stayAwake->addItem(tr("While an agent works"), static_cast<int>(StayAwake::Busy));
    m_stayAwake->addItem(tr("While Pilotlight runs"), static_cast<int>(StayAwake::Always));
    m_stayAwake->setCurrentIndex(m_stayAwake->findData(static_cast<int>(settings.stayAwake)));
    m_endpoint->setObjectName(QStringLiteral("metricsEndpoint"));
    m_endpoint->setPlaceholderText(QStringLiteral("http://localhost:4318"));
    m_endpointHint->setObjectName(QStringLiteral("metricsEndpointHint"));
    m_toolHive->setObjectName(QStringLiteral("toolHiveNames"));
    m_toolHive->setChecked(settings.metricsToolHiveNames);

    auto *const buttons =
        new QDialogButtonBox(QDialogButtonBox::Ok | QDialogButtonBox::Cancel, this);
    m_ok = buttons->button(QDialogButtonBox::Ok);
    m_ok->setObjectName(QStringLiteral("ok"));
    buttons->button(QDialogButtonBox::Cancel)->setObjectName(QStringLiteral("cancel"));
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    connect(m_endpoint, &QLineEdit::textChanged, this, &MonitorDialog::validate);

    auto *const layout = new QVBoxLayout(this);
    layout->setSpacing(Theme::space(2));
    layout->setContentsMargins(Theme::space(5), Theme::space(5), Theme::space(5), Theme::space(4));
    layout->addWidget(
        heading(tr("When the window &closes while sessions work"), this, m_whenClosing));
    layout->addWidget(m_whenClosing);
    layout->addWidget(hint(tr("In the background turns run to their end; permissions and questions "
                              "wait for you."),
                           this));
    layout->addWidget(m_reopen);
    layout->addSpacing(Theme::space(3));
    layout->addWidget(heading(tr("Keep this computer &awake"), this, m_stayAwake));
    layout->addWidget(m_stayAwake);
    layout->addWidget(hint(tr("A sleeping computer stops its agents. Closing the lid may send it "
                              "to sleep anyway."),
                           this));
    layout->addSpacing(Theme::space(3));
    layout->addWidget(
        heading(tr("OpenTelemetry &collector for the keepalive's metrics"), this, m_endpoint));
    layout->addWidget(m_endpoint);
    layout->addWidget(m_endpointHint);
    layout->addWidget(m_toolHive);
    layout->addStretch(1);
    layout->addSpacing(Theme::space(3));
    layout->addWidget(buttons);
    validate();
}

void MonitorDialog::validate()
{
    const QString problem = collectorUrlProblem(m_endpoint->text());
    m_endpointHint->setText(
        !problem.isEmpty() ? problem
            : m_endpoint->text().trimmed().isEmpty()
            ? tr("Empty: nothing is sent, unless OTEL_EXPORTER_OTLP_ENDPOINT says otherwise.")
            : tr("Sent are counts and latencies; never a session, a prompt, a path or a name."));
    m_endpointHint->setStyleSheet(
        problem.isEmpty()
            ? QString()
            : QStringLiteral("color: %1").arg(Theme::instance().hex(ColorRole::Error)));
    m_toolHive->setEnabled(problem.isEmpty());
    m_ok->setEnabled(problem.isEmpty());
}

AppSettings MonitorDialog::applied(AppSettings settings) const
{
    settings.whenClosing = static_cast<WhenClosing>(m_whenClosing->currentData().toInt());
    settings.reopenAfterCrash = m_reopen->isChecked();
    settings.stayAwake = static_cast<StayAwake>(m_stayAwake->currentData().toInt());
    settings.metricsEndpoint = m_endpoint->text().trimmed();
    settings.metricsToolHiveNames = m_toolHive->isChecked();
    return settings;
}

} // namespace pilotlight
