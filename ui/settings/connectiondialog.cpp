// SPDX-License-Identifier: MIT
#include "ui/settings/connectiondialog.h"

#include "ui/keepalive/keepalivetext.h"
#include "ui/sessions/sessiontext.h"
#include "ui/shell/connectiontext.h"
#include "ui/theme/theme.h"

#include <QBoxLayout>
#include <QButtonGroup>
#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QPushButton>
#include <QRadioButton>
#include <QScrollArea>
#include <QUrl>

#include <limits>

namespace pilotlight {

namespace {

constexpr ServerMode AllModes[] = {ServerMode::Local, ServerMode::Embedded, ServerMode::Attach,
                                   ServerMode::Demo};

QLabel *hint(QWidget *parent, const char *name)
{
    auto *const label = new QLabel(parent);
    label->setObjectName(QLatin1String(name));
    label->setProperty("muted", true);
    label->setWordWrap(true);
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

void setHint(QLabel *label, const QString &text, ColorRole color)
{
    QPalette palette;
    palette.setColor(QPalette::WindowText, Theme::instance().color(color));
    label->setProperty("muted", false);
    label->setPalette(palette);
    // The style sheet's colour of muted labels would win over the palette.
    label->setStyleSheet(QStringLiteral("color: %1").arg(Theme::instance().hex(color)));
    label->setText(text);
    label->setVisible(!text.isEmpty());
}

void setInvalid(QLineEdit *field, bool invalid)
{
    if (field->property("invalid").toBool() == invalid)
        return;
    field->setProperty("invalid", invalid);
    field->setStyleSheet(field->styleSheet()); // makes the property count
}

void addField(QBoxLayout *layout, const QString &text, QWidget *buddy, QWidget *field = nullptr)
{
    auto *const label = new QLabel(text, buddy->parentWidget());
    label->setBuddy(buddy);
    label->setFont(Theme::font(0, true));
    QString name = text;
    buddy->setAccessibleName(name.remove(QLatin1Char('&')));
    layout->addWidget(label);
    layout->addWidget(field ? field : buddy);
}

QString secondsText(std::optional<double> seconds)
{
    return seconds ? QLocale().toString(*seconds, 'g', 10) : QString();
}

} // namespace

QString attachUrlProblem(const QString &text)
{
    if (text.trimmed().isEmpty())
        return ConnectionDialog::tr(
            "Enter the address of the server, such as tcp://127.0.0.1:4600.");
    const QUrl url(text.trimmed(), QUrl::StrictMode);
    const QString scheme = url.scheme();
    const bool tcp = scheme == QStringLiteral("tcp");
    if (!tcp && scheme != QStringLiteral("ws") && scheme != QStringLiteral("wss"))
        return ConnectionDialog::tr("The address begins with tcp://, ws:// or wss://.");
    if (!url.isValid() || url.host().isEmpty())
        return ConnectionDialog::tr("This is not a complete address.");
    if (tcp && url.port() <= 0)
        return ConnectionDialog::tr("The port is missing, as in tcp://%1:4600.").arg(url.host());
    if (!url.userInfo().isEmpty())
        return ConnectionDialog::tr(
            "Leave names and passwords out of the address; the token has its own field.");
    if (tcp && !url.path().isEmpty() && url.path() != QStringLiteral("/"))
        return ConnectionDialog::tr("A tcp:// address ends with its port.");
    return {};
}

std::optional<double> secondsFromText(const QString &text)
{
    const QString trimmed = text.trimmed();
    if (trimmed.isEmpty())
        return std::nullopt;
    bool ok = false;
    double value = QLocale().toDouble(trimmed, &ok);
    if (!ok)
        value = QLocale::c().toDouble(trimmed, &ok);
    return ok ? value : std::numeric_limits<double>::quiet_NaN();
}

QString probeTimingText(const EffectiveKeepalive &timing)
{
    using Origin = EffectiveKeepalive::Origin;
    using Warning = EffectiveKeepalive::Warning;
    const auto origin = [](Origin where) {
        switch (where) {
        case Origin::Default:
            return ConnectionDialog::tr("default");
        case Origin::Application:
        case Origin::Backend:
            return ConnectionDialog::tr("set by you");
        case Origin::Limited:
            return ConnectionDialog::tr("limited");
        }
        return QString();
    };
    const auto seconds = [](Milliseconds time) {
        return QLocale().toString(static_cast<double>(time.count()) / 1000.0, 'g', 8);
    };
    const QString effective =
        ConnectionDialog::tr("In force: a ping about every %1 s (%2), answered within %3 s (%4).")
            .arg(seconds(timing.interval), origin(timing.intervalOrigin), seconds(timing.timeout),
                 origin(timing.timeoutOrigin));
    if (timing.warnings.isEmpty())
        return effective;
    QString warning;
    switch (timing.warnings.first()) {
    case Warning::IntervalInvalid:
        warning = ConnectionDialog::tr(
            "The interval is not a number of seconds above zero, so the default is used.");
        break;
    case Warning::IntervalTooShort:
        warning = ConnectionDialog::tr("The shortest interval is 5 s.");
        break;
    case Warning::IntervalTooLong:
        warning = ConnectionDialog::tr("The longest interval is 86,400 s, a day.");
        break;
    case Warning::TimeoutInvalid:
        warning = ConnectionDialog::tr(
            "The time-out is not a number of seconds above zero, so the default is used.");
        break;
    case Warning::TimeoutTooLong:
        warning = ConnectionDialog::tr("The time-out is at most half of the interval.");
        break;
    case Warning::MethodUnknown:
        warning = ConnectionDialog::tr(
            "The settings name a way of probing that is not known, so nothing is probed.");
        break;
    case Warning::ToolNotReadOnly:
        warning = ConnectionDialog::tr("The tool to probe with was not declared read-only.");
        break;
    case Warning::JitterInvalid:
    case Warning::JitterTooLarge:
        warning = ConnectionDialog::tr("The jitter is 0 to 50 %.");
        break;
    case Warning::MaxFailuresInvalid:
        warning = ConnectionDialog::tr(
            "The number of failures before a pause is not usable, so the default is used.");
        break;
    case Warning::ReprobeInvalid:
        warning =
            ConnectionDialog::tr("The length of a pause is not usable, so the default is used.");
        break;
    case Warning::IdleLimitInvalid:
        warning = ConnectionDialog::tr(
            "The server's idle limit in the settings is not usable, so it is found out.");
        break;
    case Warning::ParkAfterInvalid:
        warning = ConnectionDialog::tr(
            "The time until quiet sessions are unloaded is not usable, so the default is used.");
        break;
    }
    return warning + QLatin1Char(' ') + effective;
}

ConnectionDialog::ConnectionDialog(const AppSettings &settings, Locator locator, QWidget *parent)
    : QDialog(parent)
    , m_settings(settings)
    , m_locator(std::move(locator))
{
    setObjectName(QStringLiteral("connectionDialog"));
    setWindowTitle(tr("Connection settings"));
    setMinimumWidth(560);
    auto *const title = new QLabel(tr("Connection"), this);
    title->setFont(Theme::font(4, true));
    auto *const intro =
        new QLabel(tr("Where the agent server runs, and how Pilotlight watches over it."), this);
    intro->setProperty("muted", true);

    m_cli = makeCli();
    m_attach = makeAttach();
    m_ping = makePing();
    m_theme = new QComboBox(this);
    m_theme->setObjectName(QStringLiteral("settingsTheme"));
    m_theme->addItem(tr("Like the system"), static_cast<int>(ThemeChoice::System));
    m_theme->addItem(tr("Light"), static_cast<int>(ThemeChoice::Light));
    m_theme->addItem(tr("Dark"), static_cast<int>(ThemeChoice::Dark));
    m_theme->setCurrentIndex(m_theme->findData(static_cast<int>(settings.theme)));

    auto *const buttons = new QHBoxLayout;
    buttons->addStretch();
    auto *const cancel = new QPushButton(tr("Cancel"), this);
    cancel->setObjectName(QStringLiteral("settingsCancel"));
    cancel->setAutoDefault(false);
    auto *const save = new QPushButton(tr("Save and connect"), this);
    save->setObjectName(QStringLiteral("settingsSave"));
    save->setProperty("kind", QStringLiteral("primary"));
    save->setDefault(true);
    buttons->addWidget(cancel);
    buttons->addWidget(save);
    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    connect(save, &QPushButton::clicked, this, [this] {
        m_submitted = true;
        validate();
        if (isValid())
            accept();
        else
            m_url->setFocus();
    });

    auto *const layout = new QVBoxLayout(this);
    layout->setContentsMargins(Theme::space(6), Theme::space(5), Theme::space(6), Theme::space(5));
    layout->setSpacing(Theme::space(1));
    layout->addWidget(title);
    layout->addWidget(intro);
    layout->addSpacing(Theme::space(3));
    layout->addWidget(makeModes());
    layout->addSpacing(Theme::space(2));
    layout->addWidget(m_cli);
    layout->addWidget(m_attach);
    layout->addWidget(m_ping);
    layout->addSpacing(Theme::space(2));
    addField(layout, tr("T&heme"), m_theme);
    layout->addSpacing(Theme::space(4));
    layout->addStretch();
    layout->addLayout(buttons);

    connect(m_modes, &QButtonGroup::idToggled, this, [this](int, bool on) {
        if (on)
            validate();
    });
    connect(m_cliPath, &QLineEdit::textChanged, this, &ConnectionDialog::locate);
    for (QLineEdit *field : {m_url, m_token, m_interval, m_timeout})
        connect(field, &QLineEdit::textChanged, this, &ConnectionDialog::validate);
    locate();
    validate();
}

QWidget *ConnectionDialog::makeModes()
{
    auto *const box = new QWidget(this);
    box->setObjectName(QStringLiteral("settingsModes"));
    auto *const layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    m_modes = new QButtonGroup(this);
    for (const ServerMode mode : AllModes) {
        auto *const radio = new QRadioButton(ConnectionText::modeName(mode), box);
        radio->setObjectName(QStringLiteral("mode_") + serverModeName(mode));
        radio->setFont(Theme::font(0, true));
        radio->setAccessibleDescription(ConnectionText::modeSentence(mode));
        radio->setChecked(mode == m_settings.mode);
        m_modes->addButton(radio, static_cast<int>(mode));
        auto *const sentence = new QLabel(ConnectionText::modeSentence(mode), box);
        sentence->setProperty("muted", true);
        sentence->setWordWrap(true);
        sentence->setContentsMargins(Theme::space(6), 0, 0, Theme::space(1));
        sentence->setBuddy(radio);
        layout->addWidget(radio);
        layout->addWidget(sentence);
    }
    return box;
}

QWidget *ConnectionDialog::makeCli()
{
    auto *const box = new QWidget(this);
    auto *const layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, Theme::space(2));
    layout->setSpacing(Theme::space(1));
    m_cliPath = new QLineEdit(m_settings.cliPath, box);
    m_cliPath->setObjectName(QStringLiteral("settingsCliPath"));
    m_cliPath->setPlaceholderText(tr("Found by itself"));
    m_cliPath->setClearButtonEnabled(true);
    auto *const browse = new QPushButton(tr("&Browse…"), box);
    browse->setObjectName(QStringLiteral("settingsBrowse"));
    browse->setAccessibleName(tr("Choose the Copilot CLI"));
    browse->setAutoDefault(false);
    connect(browse, &QPushButton::clicked, this, &ConnectionDialog::browse);
    auto *const row = new QWidget(box);
    auto *const rowLayout = new QHBoxLayout(row);
    rowLayout->setContentsMargins(0, 0, 0, 0);
    rowLayout->addWidget(m_cliPath, 1);
    rowLayout->addWidget(browse);
    addField(layout, tr("Copilot C&LI"), m_cliPath, row);
    m_cliHint = hint(box, "settingsCliHint");
    layout->addWidget(m_cliHint);
    return box;
}

QWidget *ConnectionDialog::makeAttach()
{
    auto *const box = new QWidget(this);
    auto *const layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, Theme::space(2));
    layout->setSpacing(Theme::space(1));
    m_url = new QLineEdit(m_settings.url, box);
    m_url->setObjectName(QStringLiteral("settingsUrl"));
    m_url->setPlaceholderText(QStringLiteral("tcp://127.0.0.1:4600"));
    addField(layout, tr("&Address"), m_url);
    m_urlHint = hint(box, "settingsUrlHint");
    layout->addWidget(m_urlHint);
    layout->addSpacing(Theme::space(2));
    m_token = new QLineEdit(box);
    m_token->setObjectName(QStringLiteral("settingsToken"));
    m_token->setEchoMode(QLineEdit::Password);
    m_token->setPlaceholderText(tr("Leave empty to keep it as it is"));
    addField(layout, tr("Connection &token"), m_token);
    m_forgetToken = new QCheckBox(tr("Use &no token and remove a kept one"), box);
    m_forgetToken->setObjectName(QStringLiteral("settingsForgetToken"));
    connect(m_forgetToken, &QCheckBox::toggled, m_token, &QWidget::setDisabled);
    layout->addWidget(m_forgetToken);
    QLabel *const note = hint(box, "settingsTokenHint");
    note->setText(tr("The token goes to the system keychain, never into a file of Pilotlight."));
    layout->addWidget(note);
    return box;
}

QWidget *ConnectionDialog::makePing()
{
    auto *const box = new QWidget(this);
    auto *const layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(Theme::space(1));
    m_interval = new QLineEdit(secondsText(m_settings.keepalive.intervalSeconds), box);
    m_interval->setObjectName(QStringLiteral("settingsInterval"));
    m_interval->setPlaceholderText(tr("900 (default)"));
    m_timeout = new QLineEdit(secondsText(m_settings.keepalive.timeoutSeconds), box);
    m_timeout->setObjectName(QStringLiteral("settingsTimeout"));
    m_timeout->setPlaceholderText(tr("10 (default)"));
    auto *const pair = new QHBoxLayout;
    pair->setSpacing(Theme::space(3));
    auto *const left = new QVBoxLayout;
    auto *const right = new QVBoxLayout;
    for (QVBoxLayout *column : {left, right})
        column->setSpacing(Theme::space(1));
    addField(left, tr("&Ping interval, seconds"), m_interval);
    addField(right, tr("Time-&out, seconds"), m_timeout);
    pair->addLayout(left);
    pair->addLayout(right);
    layout->addLayout(pair);
    m_pingHint = hint(box, "settingsPingHint");
    layout->addWidget(m_pingHint);
    return box;
}

ServerMode ConnectionDialog::mode() const
{
    return static_cast<ServerMode>(m_modes->checkedId());
}

bool ConnectionDialog::isValid() const
{
    return mode() != ServerMode::Attach || attachUrlProblem(m_url->text()).isEmpty();
}

void ConnectionDialog::validate()
{
    const ServerMode wanted = mode();
    m_cli->setVisible(wanted == ServerMode::Local || wanted == ServerMode::Embedded);
    m_attach->setVisible(wanted == ServerMode::Attach);
    m_ping->setVisible(wanted != ServerMode::Demo);

    const QString problem = attachUrlProblem(m_url->text());
    const bool complain = !problem.isEmpty() && (m_submitted || !m_url->text().isEmpty());
    setInvalid(m_url, complain);
    setHint(m_urlHint, complain ? problem : QString(), ColorRole::Error);
    if (!complain && m_url->text().startsWith(QStringLiteral("ws://"))
        && !m_url->text().contains(QStringLiteral("127.0.0.1"))
        && !m_url->text().contains(QStringLiteral("localhost")))
        setHint(m_urlHint,
                tr("ws:// is not encrypted: everybody on the way can read along. wss:// is."),
                ColorRole::Warning);

    KeepaliveSettings entered = m_settings.keepalive;
    entered.intervalSeconds = secondsFromText(m_interval->text());
    entered.timeoutSeconds = secondsFromText(m_timeout->text());
    const EffectiveKeepalive timing = effectiveKeepalive({}, entered);
    const bool warn = !timing.warnings.isEmpty();
    setHint(m_pingHint, probeTimingText(timing), warn ? ColorRole::Warning : ColorRole::Muted);
    fitHeight();
}

void ConnectionDialog::showEvent(QShowEvent *event)
{
    QDialog::showEvent(event);
    fitHeight();
}

void ConnectionDialog::fitHeight()
{
    // Wrapped text does not count in a layout's own minimum, and fields come and go with the mode.
    layout()->activate();
    const int height = layout()->totalHeightForWidth(width());
    if (height > 0 && isVisible())
        resize(width(), height);
}

void ConnectionDialog::locate()
{
    if (!m_locator) {
        m_cliHint->hide();
        return;
    }
    const Result<QString> found = m_locator(m_cliPath->text().trimmed());
    setInvalid(m_cliPath, !found && !m_cliPath->text().isEmpty());
    if (found)
        setHint(m_cliHint, tr("Found: %1").arg(QDir::toNativeSeparators(*found)), ColorRole::Ok);
    else
        setHint(m_cliHint,
                m_cliPath->text().isEmpty()
                    ? tr("Not found. Install it with “npm install -g @github/copilot”, or choose "
                         "its place.")
                    : tr("Not usable: %1").arg(errorSentence(found.error())),
                ColorRole::Warning);
}

void ConnectionDialog::browse()
{
    auto *const dialog = new QFileDialog(this, tr("Choose the Copilot CLI"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, m_cliPath,
            [this](const QString &path) { m_cliPath->setText(QDir::toNativeSeparators(path)); });
    dialog->open();
}

AppSettings ConnectionDialog::settings() const
{
    AppSettings settings = m_settings;
    settings.mode = mode();
    settings.cliPath = QDir::fromNativeSeparators(m_cliPath->text().trimmed());
    settings.url =
        attachUrlProblem(m_url->text()).isEmpty() ? m_url->text().trimmed() : m_settings.url;
    // What makes no sense is not written down; the hint has said so.
    KeepaliveSettings &keepalive = settings.keepalive;
    keepalive.intervalSeconds = secondsFromText(m_interval->text());
    keepalive.timeoutSeconds = secondsFromText(m_timeout->text());
    using Origin = EffectiveKeepalive::Origin;
    if (effectiveKeepalive({}, keepalive).intervalOrigin == Origin::Default)
        keepalive.intervalSeconds.reset();
    if (keepalive.timeoutSeconds && !(*keepalive.timeoutSeconds > 0))
        keepalive.timeoutSeconds.reset();
    settings.theme = static_cast<ThemeChoice>(m_theme->currentData().toInt());
    return settings;
}

std::optional<Secret> ConnectionDialog::token() const
{
    if (mode() != ServerMode::Attach)
        return std::nullopt;
    if (m_forgetToken->isChecked())
        return Secret();
    if (m_token->text().isEmpty())
        return std::nullopt;
    return Secret(m_token->text().toUtf8());
}

} // namespace pilotlight
