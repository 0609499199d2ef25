// SPDX-License-Identifier: MIT
#include "ui/sessions/newsessiondialog.h"

#include "ui/sessions/sessiontext.h"
#include "ui/theme/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QStyle>
#include <QUrl>
#include <QVBoxLayout>

namespace pilotlight {

namespace {

QString expanded(const QString &text)
{
    const QString path = text.trimmed();
    if (path == QLatin1String("~"))
        return QDir::homePath();
    if (path.startsWith(QLatin1String("~/")))
        return QDir::homePath() + path.mid(1);
    return path;
}

QLabel *makeHint(QWidget *parent, const char *name)
{
    auto *label = new QLabel(parent);
    label->setObjectName(QString::fromLatin1(name));
    label->setWordWrap(true);
    label->setFont(Theme::font(-1));
    label->setProperty("muted", true);
    return label;
}

//! A caption over its field; the caption is the field's buddy and accessible name.
void addField(QVBoxLayout *layout, const QString &caption, QWidget *field, QWidget *row = nullptr)
{
    auto *label = new QLabel(caption, field->parentWidget());
    label->setBuddy(field);
    label->setObjectName(field->objectName() + QStringLiteral("Label"));
    QString plain = caption;
    field->setAccessibleName(plain.remove(QLatin1Char('&')));
    layout->addWidget(label);
    layout->addWidget(row ? row : field);
}

} // namespace

NewSessionDialog::NewSessionDialog(QWidget *parent)
    : QDialog(parent)
{
    setObjectName(QStringLiteral("newSessionDialog"));
    setWindowTitle(tr("New session"));
    setMinimumWidth(480);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(Theme::space(6), Theme::space(5), Theme::space(6), Theme::space(5));
    layout->setSpacing(Theme::space(1));

    auto *title = new QLabel(tr("New session"), this);
    title->setObjectName(QStringLiteral("newSessionTitle"));
    title->setFont(Theme::font(4, true));
    layout->addWidget(title);
    auto *intro = new QLabel(tr("One conversation with the agent, working in one folder."), this);
    intro->setObjectName(QStringLiteral("newSessionIntro"));
    intro->setProperty("muted", true);
    layout->addWidget(intro);
    layout->addSpacing(Theme::space(3));

    m_folder = new QLineEdit(this);
    m_folder->setObjectName(QStringLiteral("newSessionFolder"));
    m_folder->setText(QDir::toNativeSeparators(QDir::homePath()));
    m_browse = new QPushButton(tr("&Browse…"), this);
    m_browse->setObjectName(QStringLiteral("newSessionBrowse"));
    m_browse->setAccessibleName(tr("Choose the folder"));
    m_browse->setAutoDefault(false);
    auto *folderRow = new QWidget(this);
    auto *folderLayout = new QHBoxLayout(folderRow);
    folderLayout->setContentsMargins(0, 0, 0, 0);
    folderLayout->addWidget(m_folder, 1);
    folderLayout->addWidget(m_browse);
    addField(layout, tr("&Folder"), m_folder, folderRow);
    m_folderHint = makeHint(this, "newSessionFolderHint");
    layout->addWidget(m_folderHint);
    layout->addSpacing(Theme::space(2));

    m_name = new QLineEdit(this);
    m_name->setObjectName(QStringLiteral("newSessionName"));
    m_name->setMaxLength(200);
    m_name->setPlaceholderText(tr("Named after your first message"));
    addField(layout, tr("&Name (optional)"), m_name);
    layout->addSpacing(Theme::space(2));

    auto *pair = new QHBoxLayout;
    pair->setSpacing(Theme::space(3));
    auto *modelColumn = new QVBoxLayout;
    modelColumn->setSpacing(Theme::space(1));
    m_model = new QComboBox(this);
    m_model->setObjectName(QStringLiteral("newSessionModel"));
    m_model->setEditable(true);
    m_model->setInsertPolicy(QComboBox::NoInsert);
    m_model->lineEdit()->setObjectName(QStringLiteral("newSessionModelEdit"));
    m_model->lineEdit()->setPlaceholderText(tr("The server's default"));
    addField(modelColumn, tr("&Model"), m_model);
    m_modelHint = makeHint(this, "newSessionModelHint");
    modelColumn->addWidget(m_modelHint);
    modelColumn->addStretch();
    pair->addLayout(modelColumn, 3);
    auto *modeColumn = new QVBoxLayout;
    modeColumn->setSpacing(Theme::space(1));
    m_mode = new QComboBox(this);
    m_mode->setObjectName(QStringLiteral("newSessionMode"));
    for (const auto mode : {AgentMode::Interactive, AgentMode::Plan, AgentMode::Autopilot})
        m_mode->addItem(modeText(mode), static_cast<int>(mode));
    addField(modeColumn, tr("M&ode"), m_mode);
    m_modeHint = makeHint(this, "newSessionModeHint");
    m_modeHint->setMinimumHeight(QFontMetrics(m_modeHint->font()).height() * 2);
    m_modeHint->setAlignment(Qt::AlignLeft | Qt::AlignTop);
    modeColumn->addWidget(m_modeHint);
    modeColumn->addStretch();
    pair->addLayout(modeColumn, 2);
    layout->addLayout(pair);

    m_ownProvider = new QCheckBox(tr("&Use my own model provider (bring your own key)"), this);
    m_ownProvider->setObjectName(QStringLiteral("newSessionOwnProvider"));
    layout->addWidget(m_ownProvider);
    m_provider = makeProvider();
    m_provider->hide();
    layout->addWidget(m_provider);
    layout->addStretch();
    layout->addSpacing(Theme::space(3));

    auto *buttons = new QHBoxLayout;
    buttons->addStretch();
    auto *cancel = new QPushButton(tr("Cancel"), this);
    cancel->setObjectName(QStringLiteral("newSessionCancel"));
    cancel->setAutoDefault(false);
    buttons->addWidget(cancel);
    m_create = new QPushButton(tr("Create session"), this);
    m_create->setObjectName(QStringLiteral("newSessionCreate"));
    m_create->setProperty("kind", QStringLiteral("primary"));
    m_create->setDefault(true);
    buttons->addWidget(m_create);
    layout->addLayout(buttons);

    connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
    // The button is never grey without a reason: it says what is missing when it is pressed.
    connect(m_create, &QPushButton::clicked, this, [this] {
        m_submitted = true;
        validate();
        if (isValid()) {
            accept();
            return;
        }
        QWidget *wrong = !folderProblem().isEmpty() ? static_cast<QWidget *>(m_folder)
            : !urlProblem().isEmpty()               ? static_cast<QWidget *>(m_baseUrl)
                                                    : static_cast<QWidget *>(m_model);
        wrong->setFocus();
    });
    connect(m_browse, &QPushButton::clicked, this, &NewSessionDialog::browse);
    connect(m_folder, &QLineEdit::textChanged, this, &NewSessionDialog::validate);
    connect(m_baseUrl, &QLineEdit::textChanged, this, &NewSessionDialog::validate);
    connect(m_model, &QComboBox::editTextChanged, this, &NewSessionDialog::validate);
    connect(m_mode, &QComboBox::currentIndexChanged, this, &NewSessionDialog::validate);
    connect(m_ownProvider, &QCheckBox::toggled, this, [this](bool on) {
        m_provider->setVisible(on);
        validate();
        adjustSize();
        if (on)
            m_baseUrl->setFocus();
    });
    validate();
    m_name->setFocus();
}

QWidget *NewSessionDialog::makeProvider()
{
    auto *box = new QFrame(this);
    box->setObjectName(QStringLiteral("newSessionProvider"));
    box->setProperty("card", true);
    auto *layout = new QVBoxLayout(box);
    layout->setContentsMargins(Theme::space(3), Theme::space(3), Theme::space(3), Theme::space(3));
    layout->setSpacing(Theme::space(1));

    auto *pair = new QHBoxLayout;
    pair->setSpacing(Theme::space(3));
    m_type = new QComboBox(box);
    m_type->setObjectName(QStringLiteral("providerType"));
    m_type->addItem(tr("OpenAI compatible"), QStringLiteral("openai"));
    m_type->addItem(tr("Azure OpenAI"), QStringLiteral("azure"));
    m_type->addItem(tr("Anthropic"), QStringLiteral("anthropic"));
    auto *typeColumn = new QVBoxLayout;
    typeColumn->setSpacing(Theme::space(1));
    addField(typeColumn, tr("&Type"), m_type);
    pair->addLayout(typeColumn, 1);
    m_wireApi = new QComboBox(box);
    m_wireApi->setObjectName(QStringLiteral("providerWireApi"));
    m_wireApi->addItem(tr("Chat completions"), QStringLiteral("completions"));
    m_wireApi->addItem(tr("Responses"), QStringLiteral("responses"));
    auto *apiColumn = new QVBoxLayout;
    apiColumn->setSpacing(Theme::space(1));
    addField(apiColumn, tr("&Wire API"), m_wireApi);
    pair->addLayout(apiColumn, 1);
    layout->addLayout(pair);
    layout->addSpacing(Theme::space(2));

    m_baseUrl = new QLineEdit(box);
    m_baseUrl->setObjectName(QStringLiteral("providerBaseUrl"));
    m_baseUrl->setPlaceholderText(QStringLiteral("https://api.example.com/v1"));
    addField(layout, tr("Base U&RL"), m_baseUrl);
    m_urlHint = makeHint(box, "providerUrlHint");
    layout->addWidget(m_urlHint);
    layout->addSpacing(Theme::space(2));

    m_key = new QLineEdit(box);
    m_key->setObjectName(QStringLiteral("providerKey"));
    m_key->setEchoMode(QLineEdit::Password);
    m_key->setInputMethodHints(Qt::ImhSensitiveData | Qt::ImhNoPredictiveText);
    m_key->setPlaceholderText(tr("Leave empty for a local model"));
    addField(layout, tr("API &key"), m_key);
    auto *keyHint = makeHint(box, "providerKeyHint");
    keyHint->setText(tr("Kept in the system's keychain, never in a file of this program."));
    layout->addWidget(keyHint);

    connect(m_type, &QComboBox::currentIndexChanged, this, [this] {
        // Anthropic's wire format has no such choice.
        m_wireApi->setEnabled(m_type->currentData().toString() != QLatin1String("anthropic"));
    });
    return box;
}

void NewSessionDialog::setModels(const QList<ModelInfo> &models)
{
    const QString text = m_model->currentText();
    m_model->clear();
    for (const ModelInfo &model : models) {
        m_model->addItem(model.id);
        if (!model.name.isEmpty())
            m_model->setItemData(m_model->count() - 1, model.name, Qt::ToolTipRole);
    }
    m_model->setEditText(text);
}

void NewSessionDialog::setDefaults(const SessionConfig &config)
{
    if (!config.workingDirectory.isEmpty())
        m_folder->setText(QDir::toNativeSeparators(config.workingDirectory));
    m_model->setEditText(config.model);
    m_mode->setCurrentIndex(m_mode->findData(static_cast<int>(config.mode)));
    if (config.provider && config.provider->isSet()) {
        m_type->setCurrentIndex(std::max(0, m_type->findData(config.provider->type)));
        m_wireApi->setCurrentIndex(std::max(0, m_wireApi->findData(config.provider->wireApi)));
        m_baseUrl->setText(config.provider->baseUrl);
    }
    validate();
}

void NewSessionDialog::setRemote(bool remote)
{
    m_remote = remote;
    m_browse->setVisible(!remote);
    validate();
}

QString NewSessionDialog::folderProblem() const
{
    const QString path = expanded(m_folder->text());
    if (path.isEmpty())
        return tr("Choose the folder that the agent shall work in.");
    if (m_remote)
        return {};
    if (!QDir::isAbsolutePath(path))
        return tr("Give the whole path, from the root of the disk.");
    const QFileInfo info(path);
    if (!info.exists())
        return tr("There is no such folder.");
    if (!info.isDir())
        return tr("This is a file, not a folder.");
    return {};
}

QString NewSessionDialog::urlProblem() const
{
    if (!m_ownProvider->isChecked())
        return {};
    const QString text = m_baseUrl->text().trimmed();
    if (text.isEmpty())
        return tr("Enter the address of the provider's API.");
    const QUrl url(text, QUrl::StrictMode);
    if (!url.isValid() || url.host().isEmpty()
        || (url.scheme() != QLatin1String("http") && url.scheme() != QLatin1String("https")))
        return tr("This is not an address that starts with http:// or https://.");
    return {};
}

bool NewSessionDialog::isValid() const
{
    return folderProblem().isEmpty() && urlProblem().isEmpty()
        && (!m_ownProvider->isChecked() || !m_model->currentText().trimmed().isEmpty());
}

void NewSessionDialog::showProblem(QLabel *label, QWidget *field, const QString &problem,
                                   bool touched)
{
    const bool show = !problem.isEmpty() && (touched || m_submitted);
    label->setText(show ? problem : QString());
    label->setVisible(show);
    label->setStyleSheet(
        show ? QStringLiteral("color: %1").arg(Theme::instance().hex(ColorRole::Error))
             : QString());
    field->setAccessibleDescription(show ? problem : QString());
    if (field->property("invalid").toBool() != show) {
        field->setProperty("invalid", show);
        field->style()->unpolish(field);
        field->style()->polish(field);
    }
}

void NewSessionDialog::validate()
{
    showProblem(m_folderHint, m_folder, folderProblem(), true);
    showProblem(m_urlHint, m_baseUrl, urlProblem(), !m_baseUrl->text().isEmpty());
    const bool noModel = m_ownProvider->isChecked() && m_model->currentText().trimmed().isEmpty();
    showProblem(m_modelHint, m_model,
                noModel ? tr("Enter the name of the provider's model.") : QString(), false);
    switch (static_cast<AgentMode>(m_mode->currentData().toInt())) {
    case AgentMode::Interactive:
        m_modeHint->setText(tr("Asks before it changes anything."));
        break;
    case AgentMode::Plan:
        m_modeHint->setText(tr("Makes a plan for your approval first."));
        break;
    case AgentMode::Autopilot:
        m_modeHint->setText(tr("Works on until the task is done."));
        break;
    }
    // Where the remote server resolves the path there is nothing to check, so say what is wanted.
    if (m_remote && folderProblem().isEmpty()) {
        m_folderHint->setText(tr("A folder on the server's machine."));
        m_folderHint->show();
    }
}

void NewSessionDialog::browse()
{
    auto *dialog = new QFileDialog(this, tr("Folder for the session"), expanded(m_folder->text()));
    dialog->setObjectName(QStringLiteral("newSessionFolderDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString &path) { m_folder->setText(QDir::toNativeSeparators(path)); });
    dialog->open();
}

SessionConfig NewSessionDialog::config() const
{
    SessionConfig config;
    config.name = m_name->text().simplified();
    config.model = m_model->currentText().trimmed();
    const QString folder = expanded(m_folder->text());
    config.workingDirectory =
        m_remote ? folder : QDir::cleanPath(QDir::fromNativeSeparators(folder));
    config.mode = static_cast<AgentMode>(m_mode->currentData().toInt());
    if (m_ownProvider->isChecked()) {
        ProviderConfig provider;
        provider.type = m_type->currentData().toString();
        if (m_wireApi->isEnabled())
            provider.wireApi = m_wireApi->currentData().toString();
        provider.baseUrl = m_baseUrl->text().trimmed();
        provider.apiKey = Secret(m_key->text().toUtf8());
        config.provider = provider;
    }
    return config;
}

} // namespace pilotlight
