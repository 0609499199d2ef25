// SPDX-License-Identifier: MIT
#include "ui/chat/phaseline.h"

#include "ui/sessions/explanationtext.h"
#include "ui/widgets/elidedlabel.h"

#include <QAccessible>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

namespace pilotlight {

namespace {

constexpr int kPhaseIcon = 18;
constexpr int kPhaseColumn = 860; //!< as wide as the input below

//! Where the header, the input or its note says the same already.
bool saidElsewhere(Explanation::Cause cause)
{
    using Cause = Explanation::Cause;
    return cause == Cause::Idle || cause == Cause::Attaching || cause == Cause::BeingResumed
        || cause == Cause::CannotOpen || cause == Cause::Parked;
}

} // namespace

PhaseLine::PhaseLine(QWidget *parent)
    : QWidget(parent)
    , m_picture(new QLabel(this))
    , m_sentence(new ElidedLabel(this))
    , m_evidence(new ElidedLabel(this))
    , m_action(new QPushButton(this))
{
    setObjectName(QStringLiteral("phaseLine"));
    auto *outer = new QHBoxLayout(this);
    outer->setContentsMargins(24, Theme::space(1), 24 + 12, Theme::space(1));
    auto *column = new QWidget(this);
    column->setObjectName(QStringLiteral("phaseColumn"));
    column->setMaximumWidth(kPhaseColumn);
    outer->addStretch(1);
    outer->addWidget(column, 1000);
    outer->addStretch(1);
    auto *row = new QHBoxLayout(column);
    row->setContentsMargins(Theme::space(1), 0, 0, 0);
    row->setSpacing(Theme::space(2));
    m_picture->setObjectName(QStringLiteral("phaseIcon"));
    m_picture->setFixedSize(kPhaseIcon, kPhaseIcon);
    row->addWidget(m_picture);
    auto *words = new QVBoxLayout;
    words->setSpacing(0);
    m_sentence->setObjectName(QStringLiteral("phaseSentence"));
    m_sentence->setTextFormat(Qt::PlainText);
    m_sentence->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    m_evidence->setObjectName(QStringLiteral("phaseEvidence"));
    m_evidence->setProperty("muted", true);
    m_evidence->setFont(Theme::font(-1));
    m_evidence->setTextFormat(Qt::PlainText);
    m_evidence->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    words->addWidget(m_sentence);
    words->addWidget(m_evidence);
    row->addLayout(words, 1);
    m_action->setObjectName(QStringLiteral("phaseAction"));
    m_action->setAutoDefault(true);
    row->addWidget(m_action);
    connect(m_action, &QPushButton::clicked, this,
            [this] { Q_EMIT actionRequested(m_why.action); });
    connect(&Theme::instance(), &Theme::changed, this, [this] {
        m_icon.clear();
        show(m_why);
    });
    show({});
}

void PhaseLine::show(const Explanation &why)
{
    const bool sameCause = why.cause == m_why.cause && why.subject == m_why.subject;
    m_why = why;
    const bool shown = !saidElsewhere(why.cause);
    const ExplanationText text(why);
    m_ticks = shown && text.ticks;
    setVisible(shown);
    if (!shown)
        return;
    m_sentence->setText(text.sentence);
    m_sentence->setToolTip(text.sentence.toHtmlEscaped());
    m_evidence->setText(text.evidence);
    m_evidence->setVisible(!text.evidence.isEmpty());
    const QString icon = text.icon + Theme::instance().hex(text.color);
    if (icon != m_icon) {
        m_icon = icon;
        m_picture->setPixmap(Theme::pixmap(
            text.icon, kPhaseIcon, Theme::instance().color(text.color), devicePixelRatioF()));
    }
    m_action->setText(text.action);
    // The input below has a Stop of its own while a turn runs.
    m_action->setVisible(!text.action.isEmpty()
                         && (why.action != Explanation::Action::Stop
                             || why.cause == Explanation::Cause::Background));
    m_action->setToolTip(why.action == Explanation::Action::Answer ? tr("F6") : QString());
    setAccessibleName(text.sentence);
    setAccessibleDescription(text.evidence);
    if (!sameCause) { // a screen reader hears of causes, not of every second
        QAccessibleEvent event(this, QAccessible::NameChanged);
        QAccessible::updateAccessibility(&event);
    }
}

} // namespace pilotlight
