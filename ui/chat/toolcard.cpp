// SPDX-License-Identifier: MIT
#include "ui/chat/toolcard.h"

#include "ui/chat/codebox.h"
#include "ui/chat/foldbutton.h"
#include "ui/chat/tooltext.h"
#include "ui/theme/theme.h"

#include <QLabel>
#include <QVBoxLayout>

namespace pilotlight {

namespace {

constexpr int kTailLines = 6; //!< of a running tool, without opening the card
constexpr int kResultLines = 20; //!< of an opened one; more scroll inside
constexpr qsizetype kShownCharacters =
    200'000; //!< what nobody reads to the end need not be laid out

QString clipped(const QString &text)
{
    QString result = text.size() > kShownCharacters ? text.right(kShownCharacters) : text;
    while (result.endsWith(QLatin1Char('\n')))
        result.chop(1);
    return result;
}

} // namespace

ToolCard::ToolCard(RowActions &actions, QWidget *parent)
    : Row(actions, parent)
    , m_fold(new FoldButton(this))
    , m_body(new QWidget(this))
    , m_error(new QLabel(m_body))
{
    setObjectName(QStringLiteral("toolCard"));
    m_fold->setObjectName(QStringLiteral("toolFold"));
    m_body->setObjectName(QStringLiteral("toolBody"));
    m_error->setObjectName(QStringLiteral("toolError"));
    m_error->setWordWrap(true);
    m_error->setTextFormat(Qt::PlainText);
    m_error->setTextInteractionFlags(Qt::TextSelectableByMouse);
    column()->setContentsMargins(1, 1, 1, 1);
    column()->setSpacing(0);
    column()->addWidget(m_fold);
    auto *layout = new QVBoxLayout(m_body);
    layout->setContentsMargins(Theme::space(3), 0, Theme::space(3), Theme::space(3));
    layout->setSpacing(Theme::space(2));
    layout->addWidget(m_error);
    column()->addWidget(m_body);
    const Theme &theme = Theme::instance();
    setCard(theme.color(ColorRole::Surface), theme.color(ColorRole::Border));
    connect(m_fold, &QAbstractButton::toggled, this, [this](bool open) {
        m_open = open;
        refresh();
        Q_EMIT heightChanged();
    });
}

CodeBox *ToolCard::box(CodeBox *&slot, const char *name, int position)
{
    if (!slot) {
        slot = new CodeBox(m_body);
        slot->setProperty("part", QString::fromLatin1(name));
        static_cast<QVBoxLayout *>(m_body->layout())
            ->insertWidget(std::min(position, m_body->layout()->count()), slot);
    }
    return slot;
}

void ToolCard::setItem(const TranscriptItem &item)
{
    m_tool = std::get<ToolItem>(item.data);
    refresh();
}

void ToolCard::refresh()
{
    using State = ToolItem::State;
    const State state = m_tool.state;
    const bool badExit = m_tool.exitCode && *m_tool.exitCode != 0;
    ColorRole ink = ColorRole::Muted;
    if (state == State::Running)
        ink = m_tool.asking ? ColorRole::Warning : ColorRole::Accent;
    else if (state == State::Failed)
        ink = ColorRole::Error;
    else if (state == State::Denied || state == State::Cancelled || badExit)
        ink = ColorRole::Warning;
    m_fold->setIconName(
        toolIcon(m_tool.name),
        static_cast<int>(state == State::Succeeded && !badExit ? ColorRole::Muted : ink));
    m_fold->setTitle(m_tool.title.isEmpty() ? m_tool.name : m_tool.title);
    m_fold->setToolTip(m_tool.intention);
    m_fold->setSummary(toolSummary(m_tool));
    QString status = toolStatus(m_tool, QDateTime::currentDateTimeUtc());
    if (m_tool.subagentToolCalls > 0)
        status = (m_tool.subagentToolCalls == 1 ? tr("1 tool call")
                                                : tr("%1 tool calls").arg(m_tool.subagentToolCalls))
            + QStringLiteral(" · ") + status;
    m_fold->setStatus(status, static_cast<int>(ink));

    const bool running = state == State::Running;
    m_error->setText(m_tool.error);
    setInk(m_error,
           Theme::instance().color(state == State::Denied ? ColorRole::Warning : ColorRole::Error));
    m_error->setVisible(!m_tool.error.isEmpty());

    const auto show = [](CodeBox *slot, bool visible) {
        if (slot)
            slot->setVisible(visible);
    };
    const QString command = toolCommand(m_tool);
    const QString arguments = toolArguments(m_tool);
    const bool showCommand = m_open && !command.isEmpty();
    if (showCommand) {
        box(m_command, "command", 0)->setCaption(tr("Command"));
        m_command->setWrap(true);
        m_command->setText(command);
    }
    show(m_command, showCommand);
    const bool showArguments = m_open && !arguments.isEmpty();
    if (showArguments) {
        box(m_arguments, "arguments", m_command ? 1 : 0)->setCaption(tr("Arguments"));
        m_arguments->setWrap(true);
        m_arguments->setMaxLines(kResultLines);
        m_arguments->setText(clipped(arguments));
    }
    show(m_arguments, showArguments);
    const bool detailsAreDiff = isDiff(m_tool.details);
    const bool showDiff = m_open && detailsAreDiff;
    if (showDiff) {
        box(m_diff, "diff", 9)->setCaption(tr("Changes"));
        m_diff->setDiff(true);
        m_diff->setMaxLines(kResultLines);
        m_diff->setText(clipped(m_tool.details));
    }
    show(m_diff, showDiff);

    QString output = m_tool.output;
    if (output.isEmpty() && !detailsAreDiff)
        output = m_tool.details;
    const bool tail = running && !m_open;
    const bool showOutput = !output.isEmpty() && (m_open || tail);
    if (showOutput) {
        box(m_output, "output", 9)->setCaption(tail ? tr("Output so far") : tr("Output"));
        m_output->setMaxLines(tail ? kTailLines : kResultLines);
        m_output->setText(tail ? tailOf(output, kTailLines) : clipped(output));
    }
    show(m_output, showOutput);
    m_body->setVisible(m_error->isVisibleTo(m_body) || showCommand || showArguments || showDiff
                       || showOutput);
    m_fold->setFoldable(!command.isEmpty() || !arguments.isEmpty() || !output.isEmpty()
                        || detailsAreDiff);
}

bool ToolCard::tick(const QDateTime &now)
{
    if (m_tool.state == ToolItem::State::Running && !m_tool.asking)
        m_fold->setStatus(toolStatus(m_tool, now), static_cast<int>(ColorRole::Accent));
    return false;
}

QVariant ToolCard::viewState() const
{
    return m_open;
}

void ToolCard::setViewState(const QVariant &state)
{
    const QSignalBlocker block(m_fold);
    m_open = state.toBool();
    m_fold->setChecked(m_open);
    refresh();
}

} // namespace pilotlight
