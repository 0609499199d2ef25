// SPDX-License-Identifier: MIT
#include "ui/backends/serverdialog.h"

#include "ui/keepalive/keepalivetext.h"
#include "ui/theme/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDialogButtonBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QProcess>
#include <QPushButton>
#include <QRegularExpression>

namespace pilotlight {

namespace {

//! A program with its arguments as a shell would take it, so that it can be split again.
QString commandLine(const BackendSettings &backend)
{
    QStringList words;
    for (QString word : QStringList(backend.command) + backend.arguments) {
        if (word.isEmpty())
            continue;
        if (word.contains(QLatin1Char(' ')))
            word = QLatin1Char('"') + word + QLatin1Char('"');
        words.append(word);
    }
    return words.join(QLatin1Char(' '));
}

QString idFrom(const QString &name)
{
    static const QRegularExpression other(QStringLiteral("[^a-z0-9]+"));
    QString id = name.toLower();
    id.replace(other, QStringLiteral("-"));
    id = id.left(48);
    while (id.startsWith(QLatin1Char('-')))
        id.remove(0, 1);
    while (id.endsWith(QLatin1Char('-')))
        id.chop(1);
    return id.isEmpty() ? QStringLiteral("server") : id;
}

} // namespace

ServerDialog::ServerDialog(const BackendSettings &backend, QStringList taken, QWidget *parent)
    : QDialog(parent)
    , m_before(backend)
    , m_taken(std::move(taken))
    , m_form(new QFormLayout)
    , m_name(new QLineEdit(backend.name, this))
    , m_reach(new QComboBox(this))
    , m_command(new QLineEdit(commandLine(backend), this))
    , m_url(new QLineEdit(backend.url, this))
    , m_token(new QLineEdit(this))
    , m_enabled(new QCheckBox(tr("Connect, and stay connected"), this))
    , m_stateless(new QCheckBox(tr("It keeps nothing between calls: do not probe it"), this))
    , m_tools(new QLineEdit(backend.readOnlyTools.join(QStringLiteral(", ")), this))
    , m_method(new QComboBox(this))
    , m_interval(new QLineEdit(this))
    , m_touch(new QComboBox(this))
    , m_hint(new QLabel(this))
{
    setObjectName(QStringLiteral("serverDialog"));
    setWindowTitle(backend.id.isEmpty() ? tr("Add a server")
                                        : tr("Settings of %1").arg(backend.name));
    m_name->setObjectName(QStringLiteral("serverName"));
    m_name->setPlaceholderText(tr("Build tools"));
    m_reach->setObjectName(QStringLiteral("serverReach"));
    m_reach->addItem(tr("Tools (MCP): start a program"), int(Reach::McpCommand));
    m_reach->addItem(tr("Tools (MCP): by address"), int(Reach::McpUrl));
    m_reach->addItem(tr("Agent server: by address"), int(Reach::AgentUrl));
    const Reach before = backend.kind == BackendKind::Copilot ? Reach::AgentUrl
        : !backend.url.isEmpty()                              ? Reach::McpUrl
                                                              : Reach::McpCommand;
    m_reach->setCurrentIndex(m_reach->findData(int(before)));
    m_command->setObjectName(QStringLiteral("serverCommand"));
    m_command->setPlaceholderText(QStringLiteral("npx -y @modelcontextprotocol/server-memory"));
    m_url->setObjectName(QStringLiteral("serverUrl"));
    m_token->setObjectName(QStringLiteral("serverToken"));
    m_token->setEchoMode(QLineEdit::Password);
    m_token->setPlaceholderText(backend.id.isEmpty() ? tr("none") : tr("unchanged"));
    m_enabled->setObjectName(QStringLiteral("serverEnabled"));
    m_enabled->setChecked(backend.enabled);
    m_stateless->setObjectName(QStringLiteral("serverStateless"));
    m_stateless->setChecked(backend.stateless);
    m_tools->setObjectName(QStringLiteral("serverReadOnlyTools"));
    m_tools->setPlaceholderText(tr("tools that change nothing, with commas"));
    m_method->setObjectName(QStringLiteral("serverMethod"));
    m_method->setEditable(true);
    m_method->addItems({tr("default"), QStringLiteral("ping"), QStringLiteral("none")});
    if (backend.keepalive.method)
        m_method->setEditText(*backend.keepalive.method);
    m_method->setToolTip(tr("ping, none, or tool: and the name of one of the tools above"));
    m_interval->setObjectName(QStringLiteral("serverInterval"));
    m_interval->setPlaceholderText(tr("default"));
    if (backend.keepalive.intervalSeconds)
        m_interval->setText(QString::number(*backend.keepalive.intervalSeconds));
    m_touch->setObjectName(QStringLiteral("serverTouch"));
    m_touch->addItem(tr("where its sessions expire"), QVariant());
    m_touch->addItem(tr("always"), int(SessionTouch::On));
    m_touch->addItem(tr("never"), int(SessionTouch::Off));
    if (backend.keepalive.sessionTouch)
        m_touch->setCurrentIndex(
            std::max(0, m_touch->findData(int(*backend.keepalive.sessionTouch))));
    m_hint->setObjectName(QStringLiteral("serverHint"));
    m_hint->setWordWrap(true);
    m_hint->setTextFormat(Qt::PlainText);

    m_form->addRow(tr("&Name"), m_name);
    m_form->addRow(tr("&Kind"), m_reach);
    m_form->addRow(tr("&Command"), m_command);
    m_form->addRow(tr("&Address"), m_url);
    m_form->addRow(tr("&Token"), m_token);
    m_form->addRow(QString(), m_enabled);
    m_form->addRow(QString(), m_stateless);
    m_form->addRow(tr("&Read-only tools"), m_tools);
    m_form->addRow(tr("&Probe with"), m_method);
    m_form->addRow(tr("Every … &seconds"), m_interval);
    m_form->addRow(tr("T&ouch sessions"), m_touch);

    auto *const buttons =
        new QDialogButtonBox(QDialogButtonBox::Save | QDialogButtonBox::Cancel, this);
    m_save = buttons->button(QDialogButtonBox::Save);
    m_save->setObjectName(QStringLiteral("serverSave"));
    m_save->setProperty("kind", QStringLiteral("primary"));
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto *const layout = new QVBoxLayout(this);
    layout->setSpacing(Theme::space(3));
    layout->addLayout(m_form);
    layout->addWidget(m_hint);
    layout->addWidget(buttons);
    for (QLineEdit *field : {m_name, m_command, m_url, m_tools, m_interval})
        connect(field, &QLineEdit::textChanged, this, &ServerDialog::validate);
    connect(m_reach, &QComboBox::currentIndexChanged, this, &ServerDialog::validate);
    connect(m_method, &QComboBox::editTextChanged, this, &ServerDialog::validate);
    connect(m_stateless, &QCheckBox::toggled, this, &ServerDialog::validate);
    setMinimumWidth(520);
    validate();
}

ServerDialog::Reach ServerDialog::reach() const
{
    return static_cast<Reach>(m_reach->currentData().toInt());
}

QString ServerDialog::newId() const
{
    const QString wanted = idFrom(m_name->text());
    QString id = wanted;
    for (int n = 2; m_taken.contains(id) || id == DefaultBackendId; ++n)
        id = QStringLiteral("%1-%2").arg(wanted).arg(n);
    return id;
}

BackendSettings ServerDialog::backend() const
{
    BackendSettings backend = m_before;
    backend.id = m_before.id.isEmpty() ? newId() : m_before.id;
    backend.name = m_name->text().trimmed();
    backend.enabled = m_enabled->isChecked();
    backend.kind = reach() == Reach::AgentUrl ? BackendKind::Copilot : BackendKind::Mcp;
    backend.mode = ServerMode::Attach;
    QStringList words = QProcess::splitCommand(m_command->text());
    backend.command =
        reach() == Reach::McpCommand && !words.isEmpty() ? words.takeFirst() : QString();
    backend.arguments = reach() == Reach::McpCommand ? words : QStringList();
    backend.url = reach() == Reach::McpCommand ? QString() : m_url->text().trimmed();
    backend.stateless = backend.kind == BackendKind::Mcp && m_stateless->isChecked();
    backend.readOnlyTools.clear();
    for (const QString &tool : m_tools->text().split(QLatin1Char(','), Qt::SkipEmptyParts)) {
        if (!tool.trimmed().isEmpty())
            backend.readOnlyTools.append(tool.trimmed());
    }
    const QString method = m_method->currentText().trimmed();
    backend.keepalive.method =
        method.isEmpty() || method == tr("default") ? std::nullopt : std::optional<QString>(method);
    bool ok = false;
    const double seconds = m_interval->text().trimmed().toDouble(&ok);
    backend.keepalive.intervalSeconds = ok ? std::optional<double>(seconds) : std::nullopt;
    const QVariant touch = m_touch->currentData();
    backend.keepalive.sessionTouch = touch.isValid()
        ? std::optional<SessionTouch>(static_cast<SessionTouch>(touch.toInt()))
        : std::nullopt;
    return backend;
}

std::optional<Secret> ServerDialog::token() const
{
    return m_token->text().isEmpty() ? std::nullopt
                                     : std::optional<Secret>(Secret(m_token->text().toUtf8()));
}

void ServerDialog::validate()
{
    const auto show = [this](QWidget *field, bool shown) {
        field->setVisible(shown);
        if (QWidget *const label = m_form->labelForField(field))
            label->setVisible(shown);
    };
    const bool command = reach() == Reach::McpCommand;
    const bool agent = reach() == Reach::AgentUrl;
    show(m_command, command);
    show(m_url, !command);
    show(m_token, !command);
    show(m_stateless, !agent);
    show(m_tools, !agent);
    show(m_touch, agent);
    m_url->setPlaceholderText(agent ? QStringLiteral("tcp://127.0.0.1:4321")
                                    : QStringLiteral("http://127.0.0.1:3000/mcp"));

    const BackendSettings edited = backend();
    m_problem.clear();
    if (const Result<void> checked = checkBackend(edited, m_before); !checked) {
        const QString &member = checked.error().detail;
        if (member == QLatin1String("url"))
            m_problem = agent ? tr("An agent server's address begins with tcp://, ws:// or wss://.")
                              : tr("The address begins with http:// or https://.");
        else if (member == QLatin1String("command"))
            m_problem = tr("Name the program to start.");
        else
            m_problem = tr("Probe with ping, none, or tool: and the name of a tool.");
    } else if (edited.name.isEmpty()) {
        m_problem = tr("Give it a name.");
    } else if (!m_interval->text().trimmed().isEmpty() && !edited.keepalive.intervalSeconds) {
        m_problem = tr("The interval is a number of seconds.");
    }
    m_save->setEnabled(m_problem.isEmpty());
    if (!m_problem.isEmpty()) {
        m_hint->setText(m_problem);
        return;
    }
    KeepaliveTarget target;
    target.kind = agent ? KeepaliveTarget::Kind::AgentServer : KeepaliveTarget::Kind::Mcp;
    target.stateless = edited.stateless;
    target.readOnlyTools = edited.readOnlyTools;
    const EffectiveKeepalive effective = effectiveKeepalive(target, {}, edited.keepalive);
    QString text = effective.method == KeepaliveMethod::None
        ? tr("It is not probed.")
        : tr("Probed with %1 about every %2.")
              .arg(effective.methodName(), KeepaliveText::span(effective.interval));
    if (effective.warnings.contains(EffectiveKeepalive::Warning::ToolNotReadOnly))
        text = tr("Only a read-only tool may probe: name it among them.");
    m_hint->setText(text);
}

} // namespace pilotlight
