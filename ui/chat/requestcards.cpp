// SPDX-License-Identifier: MIT
#include "ui/chat/requestcards.h"

#include "ui/chat/codebox.h"
#include "ui/chat/foldbutton.h"
#include "ui/chat/markdownview.h"
#include "ui/theme/theme.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QVBoxLayout>

namespace pilotlight {

// ---- RequestCard

RequestCard::RequestCard(const QString &name, RowActions &actions, QWidget *parent)
    : Row(actions, parent)
    , m_icon(new QLabel(this))
    , m_title(new QLabel(this))
    , m_outcome(new QLabel(this))
    , m_body(new QWidget(this))
    , m_answerBox(new QWidget(this))
    , m_answers(new QHBoxLayout(m_answerBox))
{
    setObjectName(name);
    m_title->setObjectName(name + QStringLiteral("Title"));
    m_title->setFont(Theme::font(0, true));
    m_title->setWordWrap(true);
    m_title->setTextFormat(Qt::PlainText);
    m_outcome->setObjectName(name + QStringLiteral("Outcome"));
    m_outcome->setTextFormat(Qt::PlainText);
    m_body->setObjectName(name + QStringLiteral("Body"));
    m_answerBox->setObjectName(name + QStringLiteral("Answers"));
    column()->setContentsMargins(Theme::space(3), Theme::space(3), Theme::space(3),
                                 Theme::space(3));
    auto *head = new QHBoxLayout;
    head->setSpacing(Theme::space(2));
    head->addWidget(m_icon, 0, Qt::AlignTop);
    head->addWidget(m_title, 1);
    head->addWidget(m_outcome, 0, Qt::AlignTop);
    column()->addLayout(head);
    auto *layout = new QVBoxLayout(m_body);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(Theme::space(2));
    column()->addWidget(m_body);
    m_answers->setContentsMargins(0, Theme::space(1), 0, 0);
    m_answers->setSpacing(Theme::space(2));
    column()->addWidget(m_answerBox);
}

QVBoxLayout *RequestCard::body() const
{
    return static_cast<QVBoxLayout *>(m_body->layout());
}

void RequestCard::setHead(const QString &icon, const QString &title)
{
    m_iconName = icon;
    m_title->setText(title);
    setAccessibleName(title);
}

void RequestCard::setLook(Look look, const QString &outcome)
{
    const Theme &theme = Theme::instance();
    m_waiting = look == Look::Waiting || look == Look::Answering;
    const ColorRole ink = look == Look::Good ? ColorRole::Ok
        : look == Look::Bad                  ? ColorRole::Error
        : look == Look::Gone                 ? ColorRole::Muted
                                             : ColorRole::Warning;
    setCard(theme.color(ColorRole::Surface), theme.color(ColorRole::Border),
            m_waiting ? theme.color(ColorRole::Warning) : QColor());
    m_icon->setPixmap(Theme::pixmap(m_iconName, 18,
                                    theme.color(m_waiting ? ColorRole::Warning : ColorRole::Muted),
                                    devicePixelRatioF()));
    setInk(m_title, theme.color(m_waiting ? ColorRole::Text : ColorRole::Muted));
    m_outcome->setText(outcome);
    m_outcome->setVisible(!outcome.isEmpty());
    setInk(m_outcome, theme.color(ink));
    m_answerBox->setVisible(m_waiting);
    // An empty body would still take the space between two rows.
    bool any = false;
    for (int i = 0; i < body()->count(); ++i)
        any = any || !body()->itemAt(i)->isEmpty();
    m_body->setVisible(any);
    m_answerBox->setEnabled(look == Look::Waiting);
    const int margin = Theme::space(m_waiting ? 3 : 2);
    column()->setContentsMargins(Theme::space(3), margin, Theme::space(3), margin);
}

QPushButton *RequestCard::makeButton(const char *name, const QString &text, const char *kind)
{
    auto *button = new QPushButton(text, this);
    button->setObjectName(QString::fromLatin1(name));
    // Enter presses the button that has the focus, as Space does.
    button->setAutoDefault(true);
    if (kind)
        button->setProperty("kind", QString::fromLatin1(kind));
    return button;
}

bool RequestCard::mustStay() const
{
    return m_waiting || Row::mustStay();
}

// ---- PermissionCard

namespace {

QString permissionTitle(PermissionRequested::Kind kind)
{
    using Kind = PermissionRequested::Kind;
    switch (kind) {
    case Kind::Commands:
        return PermissionCard::tr("Run this command?");
    case Kind::Read:
        return PermissionCard::tr("Read this file?");
    case Kind::Write:
        return PermissionCard::tr("Change this file?");
    case Kind::Url:
        return PermissionCard::tr("Open this address?");
    case Kind::Mcp:
    case Kind::CustomTool:
        return PermissionCard::tr("Use this tool?");
    case Kind::Other:
        break;
    }
    return PermissionCard::tr("Allow this?");
}

QString permissionIcon(PermissionRequested::Kind kind)
{
    using Kind = PermissionRequested::Kind;
    switch (kind) {
    case Kind::Commands:
        return QStringLiteral("terminal");
    case Kind::Read:
        return QStringLiteral("file");
    case Kind::Write:
        return QStringLiteral("file-edit");
    case Kind::Url:
        return QStringLiteral("globe");
    case Kind::Mcp:
    case Kind::CustomTool:
        return QStringLiteral("tool");
    case Kind::Other:
        break;
    }
    return QStringLiteral("shield");
}

} // namespace

PermissionCard::PermissionCard(RowActions &actions, QWidget *parent)
    : RequestCard(QStringLiteral("permissionCard"), actions, parent)
    , m_intention(new QLabel(this))
    , m_subject(new CodeBox(this))
    , m_diff(new CodeBox(this))
    , m_once(makeButton("allowOnce", tr("&Allow once"), "primary"))
    , m_session(makeButton("allowSession", tr("Allow for this &session")))
    , m_reject(makeButton("reject", tr("&Reject"), "danger"))
    , m_feedback(new QLineEdit(this))
{
    m_intention->setObjectName(QStringLiteral("permissionIntention"));
    m_intention->setWordWrap(true);
    m_intention->setTextFormat(Qt::PlainText);
    setInk(m_intention, Theme::instance().color(ColorRole::Muted));
    m_subject->setBare(true);
    m_subject->setWrap(true);
    m_subject->setProperty("part", QStringLiteral("subject"));
    m_diff->setCaption(tr("Changes"));
    m_diff->setDiff(true);
    m_diff->setMaxLines(20);
    body()->addWidget(m_intention);
    body()->addWidget(m_subject);
    body()->addWidget(m_diff);
    m_once->setAccessibleDescription(tr("Allows only this one"));
    m_session->setAccessibleDescription(tr("Does not ask again for the same in this session"));
    m_session->setToolTip(m_session->accessibleDescription());
    m_feedback->setObjectName(QStringLiteral("rejectFeedback"));
    m_feedback->setPlaceholderText(tr("What to do instead (optional, sent with Reject)"));
    m_feedback->setAccessibleName(tr("What the agent shall do instead"));
    answers()->addWidget(m_once);
    answers()->addWidget(m_session);
    answers()->addWidget(m_reject);
    answers()->addWidget(m_feedback, 1);
    const auto answer = [this](PermissionDecision decision) {
        if (m_item.state != PermissionItem::State::Waiting)
            return;
        Q_EMIT this->actions().permissionAnswered(
            m_item.request.requestId, decision,
            decision == PermissionDecision::Reject ? m_feedback->text().trimmed() : QString());
    };
    connect(m_once, &QPushButton::clicked, this,
            [answer] { answer(PermissionDecision::ApproveOnce); });
    connect(m_session, &QPushButton::clicked, this,
            [answer] { answer(PermissionDecision::ApproveForSession); });
    connect(m_reject, &QPushButton::clicked, this,
            [answer] { answer(PermissionDecision::Reject); });
    connect(m_feedback, &QLineEdit::returnPressed, this, [this, answer] {
        if (!m_feedback->text().trimmed().isEmpty())
            answer(PermissionDecision::Reject);
    });
}

void PermissionCard::setItem(const TranscriptItem &item)
{
    m_item = std::get<PermissionItem>(item.data);
    const PermissionRequested &request = m_item.request;
    using State = PermissionItem::State;
    const bool waiting = m_item.state == State::Waiting || m_item.state == State::Answering;
    setHead(permissionIcon(request.kind),
            waiting ? permissionTitle(request.kind) : request.subject.simplified());
    setAccessibleDescription(request.subject);
    m_intention->setText(request.intention);
    m_intention->setVisible(waiting && !request.intention.isEmpty());
    m_subject->setText(request.subject);
    m_subject->setVisible(waiting && !request.subject.isEmpty());
    m_diff->setText(request.diff);
    m_diff->setVisible(waiting && !request.diff.isEmpty());
    m_session->setVisible(request.canApproveForSession);
    switch (m_item.state) {
    case State::Waiting:
        setLook(Look::Waiting, {});
        break;
    case State::Answering:
        setLook(Look::Answering, tr("Sending your answer…"));
        break;
    case State::Approved:
        setLook(Look::Good, tr("Allowed"));
        break;
    case State::Rejected:
        setLook(Look::Bad, tr("Rejected"));
        break;
    case State::Cancelled:
        setLook(Look::Gone, tr("No longer asked"));
        break;
    }
}

QVariant PermissionCard::viewState() const
{
    return m_feedback->text();
}

void PermissionCard::setViewState(const QVariant &state)
{
    m_feedback->setText(state.toString());
}

QWidget *PermissionCard::answerWidget() const
{
    return m_item.state == PermissionItem::State::Waiting ? m_once : nullptr;
}

// ---- QuestionCard

QuestionCard::QuestionCard(RowActions &actions, QWidget *parent)
    : RequestCard(QStringLiteral("questionCard"), actions, parent)
    , m_question(new MarkdownView(this))
    , m_choices(new QWidget(this))
    , m_free(new QLineEdit(this))
    , m_send(makeButton("questionSend", tr("Answer"), "primary"))
{
    m_question->setObjectName(QStringLiteral("questionText"));
    m_question->setAccessibleName(tr("The agent's question"));
    m_choices->setObjectName(QStringLiteral("questionChoices"));
    auto *layout = new QVBoxLayout(m_choices);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(Theme::space(1));
    body()->addWidget(m_question);
    body()->addWidget(m_choices);
    m_free->setObjectName(QStringLiteral("questionFree"));
    m_free->setAccessibleName(tr("Your own answer"));
    answers()->addWidget(m_free, 1);
    answers()->addWidget(m_send);
    const auto sendFree = [this] {
        const QString answer = m_free->text().trimmed();
        if (!answer.isEmpty() && m_item.state == QuestionItem::State::Waiting)
            Q_EMIT this->actions().questionAnswered(m_item.request.requestId, answer, true);
    };
    connect(m_send, &QPushButton::clicked, this, sendFree);
    connect(m_free, &QLineEdit::returnPressed, this, sendFree);
    connect(m_free, &QLineEdit::textChanged, m_send,
            [this](const QString &text) { m_send->setEnabled(!text.trimmed().isEmpty()); });
    connect(m_question, &MarkdownView::linkActivated, &actions, &RowActions::linkActivated);
    m_send->setEnabled(false);
}

void QuestionCard::setItem(const TranscriptItem &item)
{
    const QStringList before = m_item.request.choices;
    m_item = std::get<QuestionItem>(item.data);
    const QuestionRequested &request = m_item.request;
    using State = QuestionItem::State;
    const bool waiting = m_item.state == State::Waiting || m_item.state == State::Answering;
    setHead(QStringLiteral("question"), waiting ? tr("The agent asks") : tr("Question"));
    setAccessibleDescription(request.question);
    m_question->setMarkdownText(request.question);
    if (before != request.choices || m_choiceButtons.size() != request.choices.size()) {
        qDeleteAll(m_choiceButtons);
        m_choiceButtons.clear();
        for (int i = 0; i < request.choices.size(); ++i) {
            QString text = request.choices.at(i);
            text.replace(QLatin1Char('&'), QLatin1String("&&"));
            auto *button = makeButton("questionChoice", text);
            button->setStyleSheet(QStringLiteral("text-align: left;"));
            m_choices->layout()->addWidget(button);
            m_choiceButtons.append(button);
            connect(button, &QPushButton::clicked, this, [this, i] {
                if (m_item.state == State::Waiting)
                    Q_EMIT actions().questionAnswered(m_item.request.requestId,
                                                      m_item.request.choices.at(i), false);
            });
        }
    }
    m_choices->setVisible(waiting && !request.choices.isEmpty());
    m_choices->setEnabled(m_item.state == State::Waiting);
    m_free->setPlaceholderText(request.choices.isEmpty() ? tr("Your answer")
                                                         : tr("Or answer in your own words"));
    const bool free = request.allowFreeform || request.choices.isEmpty();
    m_free->setVisible(free);
    m_send->setVisible(free);
    switch (m_item.state) {
    case State::Waiting:
        setLook(Look::Waiting, {});
        break;
    case State::Answering:
        setLook(Look::Answering, tr("Sending your answer…"));
        break;
    case State::Answered:
        setLook(Look::Good,
                m_item.answer.isEmpty() ? tr("Answered") : m_item.answer.simplified().left(60));
        break;
    case State::Cancelled:
        setLook(Look::Gone, tr("No longer asked"));
        break;
    }
    if (!free)
        answerBox()->hide();
}

QVariant QuestionCard::viewState() const
{
    return m_free->text();
}

void QuestionCard::setViewState(const QVariant &state)
{
    m_free->setText(state.toString());
}

QWidget *QuestionCard::answerWidget() const
{
    if (m_item.state != QuestionItem::State::Waiting)
        return nullptr;
    return m_choiceButtons.isEmpty() ? static_cast<QWidget *>(m_free) : m_choiceButtons.first();
}

// ---- PlanCard

namespace {

//! The server's names of what follows a plan, as buttons. Unknown ones keep their name.
QString actionText(const QString &action)
{
    if (action == QLatin1String("autopilot"))
        return PlanCard::tr("Approve and work on autopilot");
    if (action == QLatin1String("interactive"))
        return PlanCard::tr("Approve and go step by step");
    if (action == QLatin1String("exit_only"))
        return PlanCard::tr("Approve, start later");
    if (action.startsWith(QLatin1String("autopilot_fleet")))
        return PlanCard::tr("Approve and work with several agents");
    QString text = action;
    text.replace(QLatin1Char('_'), QLatin1Char(' ')).replace(QLatin1Char('&'), QLatin1String("&&"));
    return text;
}

} // namespace

PlanCard::PlanCard(RowActions &actions, QWidget *parent)
    : RequestCard(QStringLiteral("planCard"), actions, parent)
    , m_summary(new MarkdownView(this))
    , m_fold(new FoldButton(this))
    , m_plan(new MarkdownView(this))
    , m_reject(makeButton("planReject", tr("Keep planning")))
{
    m_summary->setObjectName(QStringLiteral("planSummary"));
    m_summary->setAccessibleName(tr("Summary of the plan"));
    m_fold->setObjectName(QStringLiteral("planFold"));
    m_fold->setTitleMuted(true);
    m_fold->setTitle(tr("The whole plan"));
    m_plan->setObjectName(QStringLiteral("planText"));
    m_plan->setAccessibleName(tr("The plan"));
    body()->addWidget(m_summary);
    body()->addWidget(m_fold);
    body()->addWidget(m_plan);
    answers()->addWidget(m_reject);
    answers()->addStretch(1);
    connect(m_fold, &QAbstractButton::toggled, this, [this](bool open) {
        m_plan->setVisible(open);
        Q_EMIT heightChanged();
    });
    connect(m_reject, &QPushButton::clicked, this, [this] {
        if (m_item.state == PlanItem::State::Waiting)
            Q_EMIT this->actions().planAnswered(m_item.request.requestId, false, {});
    });
    connect(m_summary, &MarkdownView::linkActivated, &actions, &RowActions::linkActivated);
    connect(m_plan, &MarkdownView::linkActivated, &actions, &RowActions::linkActivated);
    m_fold->setChecked(true);
}

void PlanCard::setItem(const TranscriptItem &item)
{
    const PlanItem before = m_item;
    m_item = std::get<PlanItem>(item.data);
    const PlanApprovalRequested &request = m_item.request;
    using State = PlanItem::State;
    const bool waiting = m_item.state == State::Waiting || m_item.state == State::Answering;
    setHead(QStringLiteral("plan"),
            waiting ? tr("The plan is ready. Shall it begin?") : tr("Plan"));
    setAccessibleDescription(request.summary);
    m_summary->setMarkdownText(request.summary);
    m_summary->setVisible(!request.summary.isEmpty());
    m_plan->setMarkdownText(request.plan);
    m_fold->setVisible(!request.plan.isEmpty());
    if (m_actions.isEmpty() || before.request.actions != request.actions) {
        qDeleteAll(m_actions);
        m_actions.clear();
        QStringList names = request.actions;
        if (names.isEmpty())
            names << QString();
        for (const QString &name : names) {
            const bool best = name == request.recommendedAction || names.size() == 1;
            auto *button =
                makeButton("planApprove", name.isEmpty() ? tr("Approve") : actionText(name),
                           best ? "primary" : nullptr);
            const int position = best ? 0 : static_cast<int>(m_actions.size());
            answers()->insertWidget(position, button);
            m_actions.insert(best ? 0 : m_actions.size(), button);
            connect(button, &QPushButton::clicked, this, [this, name] {
                if (m_item.state == State::Waiting)
                    Q_EMIT actions().planAnswered(m_item.request.requestId, true, name);
            });
        }
    }
    if (!waiting && (before.state == State::Waiting || before.state == State::Answering))
        m_fold->setChecked(false);
    m_plan->setVisible(m_fold->isChecked() && !request.plan.isEmpty());
    switch (m_item.state) {
    case State::Waiting:
        setLook(Look::Waiting, {});
        break;
    case State::Answering:
        setLook(Look::Answering, tr("Sending your answer…"));
        break;
    case State::Approved:
        setLook(Look::Good, tr("Approved"));
        break;
    case State::Rejected:
        setLook(Look::Bad, tr("Sent back"));
        break;
    case State::Cancelled:
        setLook(Look::Gone, tr("No longer asked"));
        break;
    }
}

QVariant PlanCard::viewState() const
{
    return m_fold->isChecked();
}

void PlanCard::setViewState(const QVariant &state)
{
    m_fold->setChecked(state.toBool());
}

QWidget *PlanCard::answerWidget() const
{
    return m_item.state == PlanItem::State::Waiting && !m_actions.isEmpty() ? m_actions.first()
                                                                            : nullptr;
}

} // namespace pilotlight
