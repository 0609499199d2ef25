// SPDX-License-Identifier: MIT
#include "ui/backends/toolsdialog.h"

#include "agent/mcpbackend.h"
#include "ui/backends/toolarguments.h"
#include "ui/backends/toolmodel.h"
#include "ui/chat/codebox.h"
#include "ui/sessions/sessiontext.h"
#include "ui/theme/theme.h"

#include <QHBoxLayout>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QScrollArea>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QVBoxLayout>

namespace pilotlight {

namespace {

//! Text of a server: shown as it is, never as rich text.
QLabel *plainLabel(QWidget *parent, const char *name)
{
    auto *label = new QLabel(parent);
    label->setObjectName(QString::fromLatin1(name));
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    return label;
}

QString jsonText(const QJsonValue &value)
{
    if (value.isObject())
        return QString::fromUtf8(QJsonDocument(value.toObject()).toJson()).trimmed();
    if (value.isArray())
        return QString::fromUtf8(QJsonDocument(value.toArray()).toJson()).trimmed();
    return value.toVariant().toString();
}

} // namespace

ToolsDialog::ToolsDialog(const QString &serverName, QWidget *parent)
    : QDialog(parent)
    , m_model(new ToolModel(this))
    , m_filtered(new QSortFilterProxyModel(this))
{
    setObjectName(QStringLiteral("toolsDialog"));
    setWindowTitle(tr("Tools of %1").arg(serverName));
    resize(860, 620);
    m_filtered->setSourceModel(m_model);
    m_filtered->setFilterRole(ToolModel::SearchRole);
    m_filtered->setFilterCaseSensitivity(Qt::CaseInsensitive);

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(Theme::space(4), Theme::space(4), Theme::space(4), Theme::space(4));
    auto *splitter = new QSplitter(Qt::Horizontal, this);
    splitter->setObjectName(QStringLiteral("toolsSplitter"));
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(makeList());
    splitter->addWidget(makeDetails());
    splitter->setStretchFactor(1, 1);
    splitter->setSizes({260, 600});
    layout->addWidget(splitter);

    connect(m_filter, &QLineEdit::textChanged, m_filtered,
            &QSortFilterProxyModel::setFilterFixedString);
    connect(m_filter, &QLineEdit::textChanged, this, &ToolsDialog::updateList);
    connect(m_model, &QAbstractItemModel::modelReset, this, [this] {
        // The same tool stays the current one, whatever the server put before it.
        const int row = m_model->rowOf(m_shownTool);
        const QModelIndex index = m_filtered->mapFromSource(m_model->index(qMax(row, 0)));
        if (index.isValid())
            m_list->setCurrentIndex(index);
        updateList();
        showTool();
    });
    connect(m_model, &ToolModel::loadingChanged, this, &ToolsDialog::updateList);
    connect(m_model, &ToolModel::failed, this, [this](const Error &error) {
        updateList();
        if (m_model->rowCount() == 0)
            m_listMessage->setText(tr("The list could not be read.") + QLatin1Char('\n')
                                   + errorSentence(error));
    });
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this,
            &ToolsDialog::showTool);
    connect(m_arguments, &QPlainTextEdit::textChanged, this, &ToolsDialog::checkArguments);
    connect(m_run, &QPushButton::clicked, this, &ToolsDialog::run);
    connect(m_stop, &QPushButton::clicked, this, &ToolsDialog::stop);
    updateList();
    showTool();
    m_filter->setFocus();
}

ToolsDialog::~ToolsDialog()
{
    m_call.cancel();
}

QWidget *ToolsDialog::makeList()
{
    auto *box = new QWidget(this);
    auto *layout = new QVBoxLayout(box);
    layout->setContentsMargins(0, 0, Theme::space(2), 0);
    layout->setSpacing(Theme::space(2));
    m_filter = new QLineEdit(box);
    m_filter->setObjectName(QStringLiteral("toolsFilter"));
    m_filter->setPlaceholderText(tr("Filter tools"));
    m_filter->setAccessibleName(tr("Filter tools"));
    m_filter->setClearButtonEnabled(true);
    m_filter->addAction(Theme::icon(QStringLiteral("search"), ColorRole::Muted),
                        QLineEdit::LeadingPosition);
    layout->addWidget(m_filter);
    m_list = new QListView(box);
    m_list->setObjectName(QStringLiteral("toolsList"));
    m_list->setAccessibleName(tr("Tools"));
    m_list->setModel(m_filtered);
    m_list->setUniformItemSizes(true);
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    layout->addWidget(m_list, 1);
    m_listMessage = plainLabel(box, "toolsListMessage");
    m_listMessage->setAlignment(Qt::AlignCenter);
    m_listMessage->setProperty("muted", true);
    layout->addWidget(m_listMessage, 1);
    return box;
}

QWidget *ToolsDialog::makeDetails()
{
    auto *scroll = new QScrollArea(this);
    scroll->setObjectName(QStringLiteral("toolDetailsArea"));
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    m_details = new QWidget(scroll);
    auto *layout = new QVBoxLayout(m_details);
    layout->setContentsMargins(Theme::space(2), 0, Theme::space(2), 0);
    layout->setSpacing(Theme::space(2));
    m_name = plainLabel(m_details, "toolName");
    m_name->setFont(Theme::font(3, true));
    layout->addWidget(m_name);
    m_effect = plainLabel(m_details, "toolEffect");
    m_effect->setProperty("muted", true);
    layout->addWidget(m_effect);
    m_description = plainLabel(m_details, "toolDescription");
    layout->addWidget(m_description);
    m_parameters = plainLabel(m_details, "toolParameters");
    m_parameters->setProperty("muted", true);
    layout->addWidget(m_parameters);

    auto *caption = new QLabel(tr("&Arguments (JSON)"), m_details);
    caption->setObjectName(QStringLiteral("toolArgumentsCaption"));
    layout->addWidget(caption);
    m_arguments = new QPlainTextEdit(m_details);
    m_arguments->setObjectName(QStringLiteral("toolArguments"));
    m_arguments->setAccessibleName(tr("Arguments as JSON"));
    m_arguments->setFont(Theme::monospace());
    m_arguments->setTabChangesFocus(true);
    m_arguments->setMinimumHeight(90);
    caption->setBuddy(m_arguments);
    layout->addWidget(m_arguments, 1);
    m_hint = plainLabel(m_details, "toolArgumentsHint");
    layout->addWidget(m_hint);

    auto *buttons = new QHBoxLayout;
    m_run = new QPushButton(tr("&Run"), m_details);
    m_run->setObjectName(QStringLiteral("toolRun"));
    m_run->setProperty("kind", QStringLiteral("primary"));
    m_run->setAutoDefault(false);
    buttons->addWidget(m_run);
    m_stop = new QPushButton(tr("&Stop waiting"), m_details);
    m_stop->setObjectName(QStringLiteral("toolStop"));
    m_stop->setAutoDefault(false);
    buttons->addWidget(m_stop);
    m_state = plainLabel(m_details, "toolState");
    buttons->addWidget(m_state, 1);
    layout->addLayout(buttons);
    m_result = new CodeBox(m_details);
    m_result->setObjectName(QStringLiteral("toolResult"));
    m_result->setCaption(tr("Result"));
    m_result->setWrap(true);
    m_result->setMaxLines(24);
    layout->addWidget(m_result);
    layout->addStretch();
    scroll->setWidget(m_details);
    return scroll;
}

void ToolsDialog::setBackend(McpBackend *backend)
{
    if (m_backend != backend)
        m_call.cancel();
    m_backend = backend;
    m_model->setBackend(backend);
    updateList();
    checkArguments();
}

void ToolsDialog::done(int result)
{
    m_call.cancel();
    QDialog::done(result);
}

void ToolsDialog::updateList()
{
    QString message;
    if (m_filtered->rowCount() == 0) {
        if (m_model->isLoading())
            message = tr("Asking the server…");
        else if (m_model->rowCount() > 0)
            message = tr("Nothing matches “%1”.").arg(m_filter->text());
        else if (!m_backend)
            message = tr("The server is not connected.");
        else
            message = tr("The server has no tools.");
    }
    m_listMessage->setText(message);
    m_listMessage->setVisible(!message.isEmpty());
    m_list->setVisible(message.isEmpty());
    if (m_filtered->rowCount() > 0 && !m_list->currentIndex().isValid())
        m_list->setCurrentIndex(m_filtered->index(0, 0));
}

const McpTool *ToolsDialog::currentTool() const
{
    const QModelIndex index = m_filtered->mapToSource(m_list->currentIndex());
    return index.isValid() ? &m_model->tool(index.row()) : nullptr;
}

void ToolsDialog::showTool()
{
    const McpTool *tool = currentTool();
    m_details->setVisible(tool != nullptr);
    if (!tool) {
        checkArguments();
        return;
    }
    m_name->setText(tool->title.isEmpty() ? tool->name : tool->title);
    m_effect->setText(tool->readOnlyHint
                          ? tr("%1 · the server says that it changes nothing").arg(tool->name)
                          : tr("%1 · it may change something").arg(tool->name));
    m_description->setText(tool->description);
    m_description->setVisible(!tool->description.isEmpty());
    const QString parameters = ToolArguments::summary(tool->inputSchema);
    m_parameters->setText(parameters);
    m_parameters->setVisible(!parameters.isEmpty());
    if (tool->name != m_shownTool) {
        m_call.cancel();
        m_shownTool = tool->name;
        m_arguments->setPlainText(ToolArguments::skeleton(tool->inputSchema));
        m_result->hide();
        setState({}, "");
    }
    checkArguments();
}

void ToolsDialog::checkArguments()
{
    const McpTool *tool = currentTool();
    const bool running = m_call.isPending();
    const auto arguments = ToolArguments::parse(m_arguments->toPlainText());
    QString hint;
    if (!arguments)
        hint = arguments.error().detail;
    else if (tool)
        hint = ToolArguments::problem(tool->inputSchema, *arguments);
    if (hint.isEmpty() && !m_backend)
        hint = tr("The server is not connected.");
    m_hint->setText(hint);
    m_hint->setVisible(!hint.isEmpty());
    m_arguments->setAccessibleDescription(hint);
    // A schema may be wrong or beyond us: only what cannot be sent at all is held back.
    m_run->setEnabled(tool && arguments && m_backend && !running);
    m_stop->setVisible(running);
}

void ToolsDialog::run()
{
    const McpTool *tool = currentTool();
    const auto arguments = ToolArguments::parse(m_arguments->toPlainText());
    if (!tool || !arguments || !m_backend || m_call.isPending())
        return;
    m_result->hide();
    setState(tr("Running…"), "busy");
    // No deadline: a tool may take as long as it takes, and the user can stop waiting.
    m_call = m_backend->callTool(tool->name, *arguments, Milliseconds(0), this,
                                 [this](const Result<McpToolResult> &result) {
                                     showResult(result);
                                     checkArguments();
                                 });
    checkArguments();
}

void ToolsDialog::stop()
{
    m_call.cancel();
}

void ToolsDialog::showResult(const Result<McpToolResult> &result)
{
    if (!result) {
        if (result.error().code == ErrorCode::Cancelled) {
            setState(tr("No longer waited for. The tool may have done its work all the same."),
                     "warning");
            return;
        }
        setState(errorSentence(result.error()), "error");
        return;
    }
    QStringList parts;
    for (const McpContent &part : result->content) {
        const QString size = locale().formattedDataSize(part.bytes);
        switch (part.kind) {
        case McpContent::Kind::Text:
        case McpContent::Kind::Other:
            parts.append(part.text);
            break;
        case McpContent::Kind::Image:
            parts.append(tr("[picture, %1, %2]").arg(part.mimeType, size));
            break;
        case McpContent::Kind::Audio:
            parts.append(tr("[sound, %1, %2]").arg(part.mimeType, size));
            break;
        case McpContent::Kind::Resource:
            parts.append(part.text.isEmpty() ? tr("[%1, %2, %3]").arg(part.uri, part.mimeType, size)
                                             : part.uri + QLatin1Char('\n') + part.text);
            break;
        case McpContent::Kind::Link:
            parts.append(tr("[%1: %2]").arg(part.text, part.uri));
            break;
        }
    }
    const QString text = parts.join(QLatin1Char('\n'));
    const QString structured = jsonText(result->structured);
    // Tools repeat their structured result as text for older clients.
    const bool same =
        QJsonDocument::fromJson(text.toUtf8()).object() == result->structured.toObject();
    QString shown = text;
    if (!structured.isEmpty() && (text.isEmpty() || !same))
        shown += (text.isEmpty() ? QString() : QStringLiteral("\n\n")) + structured;
    if (result->isError)
        setState(tr("The tool reported an error."), "error");
    else
        setState(shown.isEmpty() ? tr("Done. It returned nothing.") : tr("Done."), "ok");
    m_result->setText(shown);
    m_result->setVisible(!shown.isEmpty());
}

void ToolsDialog::setState(const QString &text, const char *state)
{
    m_state->setText(text);
    m_state->setAccessibleName(text);
    m_state->setProperty("state", QString::fromLatin1(state));
    const QByteArray kind(state);
    const ColorRole role = kind == "error" ? ColorRole::Error
        : kind == "warning"                ? ColorRole::Warning
        : kind == "ok"                     ? ColorRole::Ok
                                           : ColorRole::Muted;
    QPalette palette = m_state->palette();
    palette.setColor(QPalette::WindowText, Theme::instance().color(role));
    m_state->setPalette(palette);
}

} // namespace pilotlight
