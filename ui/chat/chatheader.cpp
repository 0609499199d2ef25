// SPDX-License-Identifier: MIT
#include "ui/chat/chatheader.h"

#include "ui/sessions/sessiontext.h"
#include "ui/theme/theme.h"

#include <QActionGroup>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPainter>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

namespace pilotlight {

namespace {

QToolButton *chip(QWidget *parent, const char *name)
{
    auto *button = new QToolButton(parent);
    button->setObjectName(QString::fromLatin1(name));
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    button->setIconSize({16, 16});
    button->setFocusPolicy(Qt::TabFocus);
    button->setFont(Theme::font(-1));
    return button;
}

QString tokensText(qint64 tokens)
{
    if (tokens < 1000)
        return QString::number(tokens);
    return QStringLiteral("%1k").arg((tokens + 500) / 1000);
}

} // namespace

ChatHeader::ChatHeader(QWidget *parent)
    : QWidget(parent)
    , m_nameStack(new QStackedWidget(this))
    , m_name(new QLabel(this))
    , m_nameEdit(new QLineEdit(this))
    , m_rename(new QToolButton(this))
    , m_model(chip(this, "modelButton"))
    , m_mode(chip(this, "modeButton"))
    , m_modes(new QActionGroup(this))
    , m_folder(new QLabel(this))
    , m_context(new QLabel(this))
    , m_phase(chip(this, "phaseButton"))
{
    setObjectName(QStringLiteral("chatHeader"));
    auto *layout = new QVBoxLayout(this);
    // The buttons of the second line have a padding of ten: so their icons stand under the name.
    layout->setContentsMargins(Theme::space(6) - 10, Theme::space(2) + 2, Theme::space(4),
                               Theme::space(2));
    layout->setSpacing(0);

    auto *first = new QHBoxLayout;
    first->setSpacing(Theme::space(1));
    first->addSpacing(10);
    m_name->setObjectName(QStringLiteral("chatName"));
    m_name->setFont(Theme::font(2, true));
    m_name->setTextFormat(Qt::PlainText);
    m_name->setToolTip(tr("Double-click to rename"));
    m_name->installEventFilter(this);
    m_name->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_nameEdit->setObjectName(QStringLiteral("chatNameEdit"));
    m_nameEdit->setAccessibleName(tr("Session name"));
    m_nameEdit->setMaxLength(200);
    m_nameEdit->installEventFilter(this);
    m_nameStack->setObjectName(QStringLiteral("chatNameStack"));
    m_nameStack->addWidget(m_name);
    m_nameStack->addWidget(m_nameEdit);
    m_nameStack->setFixedHeight(m_nameEdit->sizeHint().height());
    first->addWidget(m_nameStack, 1);
    m_rename->setObjectName(QStringLiteral("renameButton"));
    m_rename->setIcon(Theme::icon(QStringLiteral("edit"), ColorRole::Muted));
    m_rename->setIconSize({16, 16});
    m_rename->setToolTip(tr("Rename this session"));
    m_rename->setAccessibleName(m_rename->toolTip());
    m_rename->setFocusPolicy(Qt::TabFocus);
    first->addWidget(m_rename);
    m_phase->setFont(Theme::font(0));
    first->addWidget(m_phase);
    layout->addLayout(first);

    auto *second = new QHBoxLayout;
    second->setSpacing(Theme::space(1));
    m_model->setIcon(Theme::icon(QStringLiteral("chip"), ColorRole::Muted));
    m_model->setPopupMode(QToolButton::InstantPopup);
    m_model->setMenu(new QMenu(m_model));
    m_model->menu()->setObjectName(QStringLiteral("modelMenu"));
    m_mode->setIcon(Theme::icon(QStringLiteral("settings"), ColorRole::Muted));
    m_mode->setPopupMode(QToolButton::InstantPopup);
    auto *modeMenu = new QMenu(m_mode);
    modeMenu->setObjectName(QStringLiteral("modeMenu"));
    modeMenu->setToolTipsVisible(true);
    for (const auto &[mode, text] :
         {std::pair{AgentMode::Interactive, tr("Asks before it changes anything")},
          std::pair{AgentMode::Plan, tr("Makes a plan for your approval first")},
          std::pair{AgentMode::Autopilot, tr("Works on until the task is done")}}) {
        QAction *action = modeMenu->addAction(modeText(mode));
        action->setCheckable(true);
        action->setData(static_cast<int>(mode));
        action->setToolTip(text);
        m_modes->addAction(action);
        connect(action, &QAction::triggered, this,
                [this, wanted = mode] { Q_EMIT modeChosen(wanted); });
    }
    m_mode->setMenu(modeMenu);
    m_folder->setObjectName(QStringLiteral("chatFolder"));
    m_folder->setProperty("muted", true);
    m_folder->setFont(Theme::font(-1));
    m_folder->setTextFormat(Qt::PlainText);
    m_folder->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_context->setObjectName(QStringLiteral("chatContext"));
    m_context->setProperty("muted", true);
    m_context->setFont(Theme::font(-1));
    second->addWidget(m_model);
    second->addWidget(m_mode);
    second->addSpacing(Theme::space(1));
    second->addWidget(m_folder, 1);
    second->addWidget(m_context);
    layout->addLayout(second);

    connect(m_rename, &QToolButton::clicked, this, &ChatHeader::startRename);
    connect(m_nameEdit, &QLineEdit::editingFinished, this, [this] { finishRename(true); });
    connect(m_phase, &QToolButton::clicked, this, [this] {
        if (!m_session)
            return;
        if (m_session->state() == Session::State::Failed)
            Q_EMIT retryRequested();
        else if (shownState(*m_session) == ShownState::Waiting)
            Q_EMIT waitingPressed();
    });
    connect(m_model->menu(), &QMenu::aboutToShow, this, &ChatHeader::fillModelMenu);
    connect(&Theme::instance(), &Theme::changed, this, &ChatHeader::refresh);
    refresh();
}

void ChatHeader::setModels(const QList<ModelInfo> &models)
{
    m_models = models;
}

void ChatHeader::fillModelMenu()
{
    QMenu *menu = m_model->menu();
    menu->clear();
    const QString current = m_session ? m_session->transcript().model() : QString();
    for (const ModelInfo &model : std::as_const(m_models)) {
        QAction *action = menu->addAction(model.name.isEmpty() ? model.id : model.name);
        action->setCheckable(true);
        action->setChecked(model.id == current);
        action->setToolTip(model.id);
        connect(action, &QAction::triggered, this,
                [this, id = model.id] { Q_EMIT modelChosen(id); });
    }
    if (!m_models.isEmpty())
        menu->addSeparator();
    menu->addAction(tr("Another model…"), this, [this, current] {
        auto *dialog = new QInputDialog(this);
        dialog->setObjectName(QStringLiteral("modelDialog"));
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->setWindowTitle(tr("Model"));
        dialog->setLabelText(tr("Name of the model"));
        dialog->setTextValue(current);
        connect(dialog, &QInputDialog::textValueSelected, this, [this](const QString &text) {
            if (!text.trimmed().isEmpty())
                Q_EMIT modelChosen(text.trimmed());
        });
        dialog->open();
    });
}

void ChatHeader::show(const Session *session)
{
    if (session != m_session && m_nameStack->currentWidget() == m_nameEdit)
        finishRename(false);
    m_session = session;
    refresh();
}

void ChatHeader::refresh()
{
    const bool any = m_session != nullptr;
    for (QWidget *widget : {static_cast<QWidget *>(m_rename), static_cast<QWidget *>(m_model),
                            static_cast<QWidget *>(m_mode), static_cast<QWidget *>(m_phase)})
        widget->setVisible(any);
    m_context->setVisible(any);
    if (!any) {
        m_fullName.clear();
        m_fullFolder.clear();
        elide();
        return;
    }
    m_fullName = sessionTitle(*m_session);
    m_fullFolder = m_session->config().workingDirectory;
    const Transcript &transcript = m_session->transcript();
    QString model = transcript.model().isEmpty() ? m_session->config().model : transcript.model();
    if (model.isEmpty())
        model = tr("Default model");
    m_model->setText(model.size() > 40 ? model.left(39) + QChar(0x2026) : model);
    m_model->setAccessibleName(tr("Model: %1").arg(model));
    m_model->setToolTip(tr("Model: %1\nPress to switch").arg(model));
    const AgentMode mode =
        transcript.items().empty() ? m_session->config().mode : transcript.mode();
    m_mode->setText(modeText(mode));
    m_mode->setAccessibleName(tr("Mode: %1").arg(modeText(mode)));
    m_mode->setToolTip(tr("How much the agent does on its own"));
    const auto actions = m_modes->actions();
    for (QAction *action : actions)
        action->setChecked(action->data().toInt() == static_cast<int>(mode));
    const ContextUsage usage = transcript.contextUsage();
    if (usage.tokenLimit > 0) {
        const qint64 percent = usage.currentTokens * 100 / usage.tokenLimit;
        m_context->setText(tr("Context %1%").arg(percent));
        m_context->setToolTip(
            tr("%1 of %2 tokens")
                .arg(tokensText(usage.currentTokens), tokensText(usage.tokenLimit)));
        m_context->setStyleSheet(
            percent >= 80
                ? QStringLiteral("color: %1").arg(Theme::instance().hex(ColorRole::Warning))
                : QString());
    } else {
        m_context->clear();
    }
    elide();
    refreshPhase();
}

void ChatHeader::refreshPhase()
{
    if (!m_session)
        return;
    const ShownState state = shownState(*m_session);
    const Theme &theme = Theme::instance();
    const QString text = state == ShownState::Failed ? tr("Failed: try again") : stateText(state);
    m_phase->setText(text);
    m_phase->setIcon(Theme::icon(stateIcon(state), stateColor(state)));
    const bool press = state == ShownState::Failed || state == ShownState::Waiting;
    m_phase->setStyleSheet(
        QStringLiteral("QToolButton { color: %1; }").arg(theme.hex(stateColor(state))));
    m_phase->setFocusPolicy(press ? Qt::TabFocus : Qt::NoFocus);
    m_phase->setAttribute(Qt::WA_TransparentForMouseEvents, false);
    m_phase->setToolTip(stateExplanation(*m_session));
    m_phase->setAccessibleName(text);
    m_phase->setAccessibleDescription(stateExplanation(*m_session));
}

void ChatHeader::elide()
{
    m_name->setText(m_name->fontMetrics().elidedText(m_fullName, Qt::ElideRight,
                                                     std::max(40, m_nameStack->width())));
    m_name->setAccessibleName(m_fullName);
    m_folder->setText(m_folder->fontMetrics().elidedText(m_fullFolder, Qt::ElideMiddle,
                                                         std::max(0, m_folder->width())));
    m_folder->setToolTip(m_fullFolder);
    m_folder->setAccessibleName(tr("Folder: %1").arg(m_fullFolder));
}

void ChatHeader::resizeEvent(QResizeEvent *event)
{
    QWidget::resizeEvent(event);
    // The children get their widths after this event.
    QMetaObject::invokeMethod(this, &ChatHeader::elide, Qt::QueuedConnection);
}

void ChatHeader::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    const Theme &theme = Theme::instance();
    painter.fillRect(rect(), theme.color(ColorRole::Window));
    painter.fillRect(QRect(0, height() - 1, width(), 1), theme.color(ColorRole::Border));
}

void ChatHeader::startRename()
{
    if (!m_session)
        return;
    m_nameEdit->setText(m_fullName);
    m_nameStack->setCurrentWidget(m_nameEdit);
    m_nameEdit->setFocus();
    m_nameEdit->selectAll();
}

void ChatHeader::finishRename(bool accept)
{
    if (m_nameStack->currentWidget() != m_nameEdit)
        return;
    m_nameStack->setCurrentWidget(m_name); // first: a lost focus ends the editing once more
    const QString name = m_nameEdit->text().simplified();
    if (accept && m_session && !name.isEmpty() && name != m_fullName)
        Q_EMIT renamed(name);
}

bool ChatHeader::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_name && event->type() == QEvent::MouseButtonDblClick) {
        startRename();
        return true;
    }
    if (watched == m_nameEdit && event->type() == QEvent::KeyPress
        && static_cast<QKeyEvent *>(event)->key() == Qt::Key_Escape) {
        finishRename(false);
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

} // namespace pilotlight
