// SPDX-License-Identifier: MIT
#include "ui/log/logpanel.h"

#include "ui/log/logdelegate.h"
#include "ui/log/logview.h"
#include "ui/log/tagchips.h"
#include "ui/theme/theme.h"
#include "ui/widgets/plural.h"

#include <QAction>
#include <QBoxLayout>
#include <QClipboard>
#include <QComboBox>
#include <QFileDialog>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMenu>
#include <QPlainTextEdit>
#include <QSplitter>
#include <QTimer>
#include <QToolButton>

namespace pilotlight {

using namespace std::chrono_literals;

namespace {

constexpr auto SearchDelay =
    150ms; // a pause of a fast typist; a regular expression over 100,000 lines takes 60 ms

QToolButton *toolButton(QWidget *parent, const char *name, const QString &icon, const QString &text,
                        const QKeySequence &shortcut = {})
{
    auto *const button = new QToolButton(parent);
    button->setObjectName(QLatin1String(name));
    if (!icon.isEmpty())
        button->setIcon(Theme::icon(icon));
    button->setIconSize({16, 16});
    button->setAutoRaise(true);
    button->setFocusPolicy(Qt::TabFocus);
    button->setAccessibleName(text);
    button->setToolTip(shortcut.isEmpty() ? text
                                          : QStringLiteral("%1 (%2)").arg(
                                                text, shortcut.toString(QKeySequence::NativeText)));
    return button;
}

} // namespace

LogPanel::LogPanel(LogStore &store, QWidget *parent)
    : QWidget(parent)
    , m_model(new LogModel(&store, this))
    , m_view(new LogView(m_model, this))
    , m_chips(new TagChips(this))
    , m_searchDelay(new QTimer(this))
    , m_sayTimer(new QTimer(this))
{
    setObjectName(QStringLiteral("logPanel"));
    setAccessibleName(tr("Diagnostic log"));
    m_searchDelay->setSingleShot(true);
    m_searchDelay->setInterval(SearchDelay);
    m_sayTimer->setSingleShot(true);
    m_sayTimer->setInterval(4s);

    auto *const bar = new QWidget(this);
    bar->setObjectName(QStringLiteral("logBar"));
    bar->setProperty("area", QStringLiteral("bar"));
    bar->setAttribute(Qt::WA_StyledBackground);
    buildToolBar(bar);

    auto *const lines = new QWidget(this);
    auto *const linesLayout = new QVBoxLayout(lines);
    linesLayout->setContentsMargins(0, 0, 0, 0);
    linesLayout->addWidget(m_view);
    m_empty = new QLabel(m_view);
    m_empty->setObjectName(QStringLiteral("logEmpty"));
    m_empty->setProperty("muted", true);
    m_empty->setAlignment(Qt::AlignCenter);
    m_empty->setAttribute(Qt::WA_TransparentForMouseEvents);
    auto *const overlay = new QVBoxLayout(m_view->viewport());
    overlay->addWidget(m_empty);

    m_details = new QWidget(this);
    buildDetails(m_details);
    auto *const splitter = new QSplitter(Qt::Horizontal, this);
    splitter->setObjectName(QStringLiteral("logSplitter"));
    splitter->setHandleWidth(1);
    splitter->setChildrenCollapsible(false);
    splitter->addWidget(lines);
    splitter->addWidget(m_details);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 1);
    splitter->setSizes({700, 300});
    m_details->hide();

    auto *const layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(bar);
    layout->addWidget(splitter, 1);

    connect(m_searchDelay, &QTimer::timeout, this, &LogPanel::applyFilter);
    connect(m_sayTimer, &QTimer::timeout, this, &LogPanel::updateCounts);
    connect(m_chips, &TagChips::selectionChanged, this, &LogPanel::applyFilter);
    connect(m_model, &LogModel::countsChanged, this, &LogPanel::updateCounts);
    connect(m_model, &QAbstractItemModel::modelReset, this, &LogPanel::updateCounts);
    connect(m_view, &LogView::followingChanged, m_follow, &QToolButton::setChecked);
    connect(m_view, &LogView::currentRecordChanged, this, &LogPanel::updateDetails);
    connect(m_view, &LogView::copyRequested, this, &LogPanel::copyLines);
    connect(&Theme::instance(), &Theme::changed, this, &LogPanel::paintAgain);
    m_view->setContextMenuPolicy(Qt::ActionsContextMenu);
    const auto action = [this](const char *name, const QString &icon, const QString &text,
                               auto slot) {
        auto *const made = new QAction(Theme::icon(icon), text, m_view);
        made->setObjectName(QLatin1String(name));
        connect(made, &QAction::triggered, this, slot);
        m_view->addAction(made);
        return made;
    };
    action("logCopy", QStringLiteral("copy"), tr("&Copy lines"), [this] { copyLines(); });
    action("logCopyMarkdown", QStringLiteral("copy"), tr("Copy as &Markdown"),
           [this] { copyMarkdown(); });
    action("logOnlyTag", QStringLiteral("filter"), tr("Show only this &tag"), [this] {
        if (const LogRecord *const record = m_model->record(m_view->currentIndex().row())) {
            m_chips->setSelection({record->tag}, {});
            applyFilter();
        }
    });
    action("logHideTag", QStringLiteral("filter"), tr("&Hide this tag"), [this] {
        if (const LogRecord *const record = m_model->record(m_view->currentIndex().row())) {
            m_chips->setSelection(m_chips->included() - QSet<QString>{record->tag},
                                  m_chips->excluded() + QSet<QString>{record->tag});
            applyFilter();
        }
    });
    action("logReveal", QStringLiteral("log"), tr("&Reset filter, stay at this line"),
           [this] { resetFilter(); });
    updateCounts();
}

void LogPanel::buildToolBar(QWidget *bar)
{
    m_level = new QComboBox(bar);
    m_level->setObjectName(QStringLiteral("logLevel"));
    m_level->setAccessibleName(tr("Lowest level shown"));
    m_level->setToolTip(tr("Lowest level shown; the log file always keeps everything"));
    const auto addLevel = [this](LogLevel level, const QString &text) {
        const LevelLook look = levelLook(level);
        m_level->addItem(Theme::icon(look.icon, look.color), text, static_cast<int>(level));
    };
    addLevel(LogLevel::Debug, tr("All levels"));
    addLevel(LogLevel::Info, tr("Info and above"));
    addLevel(LogLevel::Warning, tr("Warnings and errors"));
    addLevel(LogLevel::Error, tr("Errors only"));
    connect(m_level, &QComboBox::currentIndexChanged, this, [this] { applyFilter(); });

    m_search = new QLineEdit(bar);
    m_search->setObjectName(QStringLiteral("logSearch"));
    m_search->setPlaceholderText(tr("Filter text"));
    m_search->setAccessibleName(tr("Text filter"));
    m_search->setClearButtonEnabled(true);
    m_search->setMinimumWidth(160);
    m_search->setMaximumWidth(420);
    m_search->addAction(Theme::icon(QStringLiteral("search"), ColorRole::Muted),
                        QLineEdit::LeadingPosition);
    connect(m_search, &QLineEdit::textChanged, m_searchDelay, qOverload<>(&QTimer::start));
    connect(m_search, &QLineEdit::returnPressed, this, &LogPanel::applyFilter);

    const auto toggle = [&](const char *name, const QString &label, const QString &text) {
        QToolButton *const button = toolButton(bar, name, {}, text);
        button->setText(label);
        button->setCheckable(true);
        connect(button, &QToolButton::toggled, this, &LogPanel::applyFilter);
        return button;
    };
    m_regex = toggle("logRegex", QStringLiteral(".*"), tr("Regular expression"));
    m_case = toggle("logCase", QStringLiteral("Aa"), tr("Match case"));
    m_reset = toolButton(bar, "logReset", QStringLiteral("close"), tr("Reset all filters"));
    connect(m_reset, &QToolButton::clicked, this, &LogPanel::resetFilter);

    QToolButton *const previous =
        toolButton(bar, "logPrevious", QStringLiteral("chevron-up"),
                   tr("Previous warning or error"), QKeySequence(Qt::SHIFT | Qt::Key_F8));
    QToolButton *const next = toolButton(bar, "logNext", QStringLiteral("chevron-down"),
                                         tr("Next warning or error"), QKeySequence(Qt::Key_F8));
    connect(previous, &QToolButton::clicked, this, [this] { goToProblem(-1); });
    connect(next, &QToolButton::clicked, this, [this] { goToProblem(1); });
    m_follow =
        toolButton(bar, "logFollow", QStringLiteral("arrow-down"), tr("Follow the newest line"));
    m_follow->setCheckable(true);
    m_follow->setChecked(true);
    connect(m_follow, &QToolButton::clicked, m_view, &LogView::setFollowing);

    QToolButton *const more = toolButton(bar, "logMore", QStringLiteral("more"), tr("More"));
    more->setPopupMode(QToolButton::InstantPopup);
    auto *const menu = new QMenu(more);
    menu->setObjectName(QStringLiteral("logMenu"));
    const auto add = [&](const char *name, const QString &icon, const QString &text, auto slot) {
        QAction *const action = menu->addAction(Theme::icon(icon), text, this, slot);
        action->setObjectName(QLatin1String(name));
        return action;
    };
    add("logMenuCopy", QStringLiteral("copy"), tr("&Copy lines"), [this] { copyLines(); });
    add("logMenuMarkdown", QStringLiteral("copy"), tr("Copy as &Markdown"),
        [this] { copyMarkdown(); });
    add("logMenuExport", QStringLiteral("export"), tr("&Export shown lines…"),
        [this] { askExport(); });
    menu->addSeparator();
    add("logMenuClear", QStringLiteral("trash"), tr("C&lear view"), [this] {
        m_model->clearView();
    })->setToolTip(tr("Hides the lines up to now; the log file keeps them"));
    QAction *const showAll =
        add("logMenuShowAll", QStringLiteral("history"), tr("Show cleared &lines again"),
            [this] { m_view->keepPlace([this] { m_model->showAll(); }); });
    menu->addSeparator();
    QAction *const local = menu->addAction(tr("Times in &local time"));
    local->setObjectName(QStringLiteral("logLocalTime"));
    local->setCheckable(true);
    connect(local, &QAction::toggled, this, [this](bool on) {
        setLocalTime(on);
        Q_EMIT localTimeChanged(on);
    });
    connect(menu, &QMenu::aboutToShow, this, [this, showAll, local] {
        showAll->setEnabled(m_model->isCleared());
        const QSignalBlocker blocker(local);
        local->setChecked(m_model->localTime());
    });
    more->setMenu(menu);
    QToolButton *const close =
        toolButton(bar, "logClose", QStringLiteral("chevron-down"), tr("Hide the log"));
    connect(close, &QToolButton::clicked, this, &LogPanel::closeRequested);
    close->setIcon(Theme::icon(QStringLiteral("close")));

    m_counts = new QLabel(bar);
    m_counts->setObjectName(QStringLiteral("logCounts"));
    m_counts->setProperty("muted", true);
    m_error = new QLabel(bar);
    m_error->setObjectName(QStringLiteral("logSearchError"));
    m_error->setTextFormat(Qt::PlainText);
    m_error->hide();

    auto *const title = new QLabel(tr("Log"), bar);
    title->setFont(Theme::font(0, true));
    auto *const first = new QHBoxLayout;
    first->setSpacing(Theme::space(1));
    first->addWidget(title);
    first->addSpacing(Theme::space(2));
    first->addWidget(m_level);
    first->addSpacing(Theme::space(1));
    first->addWidget(m_search, 1);
    first->addWidget(m_regex);
    first->addWidget(m_case);
    first->addWidget(m_reset);
    first->addStretch(1);
    first->addWidget(m_counts);
    first->addSpacing(Theme::space(1));
    first->addWidget(previous);
    first->addWidget(next);
    first->addWidget(m_follow);
    first->addWidget(more);
    first->addWidget(close);
    auto *const layout = new QVBoxLayout(bar);
    layout->setContentsMargins(Theme::space(3), Theme::space(2), Theme::space(2), Theme::space(2));
    layout->setSpacing(Theme::space(2));
    layout->addLayout(first);
    layout->addWidget(m_error);
    layout->addWidget(m_chips);
}

void LogPanel::buildDetails(QWidget *details)
{
    details->setObjectName(QStringLiteral("logDetails"));
    details->setProperty("area", QStringLiteral("sidebar"));
    details->setAttribute(Qt::WA_StyledBackground);
    m_detailsHead = new QLabel(details);
    m_detailsHead->setObjectName(QStringLiteral("logDetailsHead"));
    m_detailsHead->setTextFormat(Qt::RichText);
    m_detailsHead->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_detailsHead->setWordWrap(true);
    m_detailsText = new QPlainTextEdit(details);
    m_detailsText->setObjectName(QStringLiteral("logDetailsText"));
    m_detailsText->setAccessibleName(tr("Whole text of the line"));
    m_detailsText->setReadOnly(true);
    m_detailsText->setFrameShape(QFrame::NoFrame);
    m_detailsText->setTabChangesFocus(true);
    m_detailsText->setFont(Theme::monospace());
    m_detailsText->viewport()->setAutoFillBackground(false);
    QToolButton *const copy =
        toolButton(details, "logDetailsCopy", QStringLiteral("copy"), tr("Copy this line"));
    connect(copy, &QToolButton::clicked, this, &LogPanel::copyLines);
    QToolButton *const close = toolButton(details, "logDetailsClose", QStringLiteral("close"),
                                          tr("Close the details"), QKeySequence(Qt::Key_Escape));
    connect(close, &QToolButton::clicked, this, &LogPanel::closeDetails);
    auto *const head = new QHBoxLayout;
    head->addWidget(m_detailsHead, 1);
    head->addWidget(copy, 0, Qt::AlignTop);
    head->addWidget(close, 0, Qt::AlignTop);
    auto *const layout = new QVBoxLayout(details);
    layout->setContentsMargins(Theme::space(3), Theme::space(2), Theme::space(2), Theme::space(2));
    layout->addLayout(head);
    layout->addWidget(m_detailsText, 1);
    details->setMinimumWidth(220);
}

void LogPanel::applyFilter()
{
    m_searchDelay->stop();
    LogFilter filter;
    filter.minimum = static_cast<LogLevel>(m_level->currentData().toInt());
    filter.included = m_chips->included();
    filter.excluded = m_chips->excluded();
    filter.text = m_search->text();
    filter.regex = m_regex->isChecked();
    filter.caseSensitive = m_case->isChecked();
    QString error;
    if (!(filter == m_model->filter()))
        m_view->keepPlace([&] { error = m_model->setFilter(filter); });
    showError(error);
    updateCounts();
}

void LogPanel::showError(const QString &error)
{
    const bool invalid = !error.isEmpty();
    if (m_search->property("invalid").toBool() != invalid) {
        m_search->setProperty("invalid", invalid);
        m_search->setStyleSheet(m_search->styleSheet()); // makes the property count
    }
    m_error->setVisible(invalid);
    if (!invalid)
        return;
    m_error->setText(
        tr("Not a regular expression: %1. The lines below are those of the last valid filter.")
            .arg(error));
    paintAgain();
}

void LogPanel::paintAgain()
{
    QPalette palette = m_error->palette();
    palette.setColor(QPalette::WindowText, Theme::instance().color(ColorRole::Error));
    m_error->setPalette(palette);
    m_detailsId = 0; // its head has colours in its text
    if (!m_details->isHidden())
        updateDetails();
}

void LogPanel::updateCounts()
{
    m_chips->setCounts(m_model->tagCounts());
    const QLocale locale;
    const int shown = m_model->rowCount();
    const int total = m_model->totalCount();
    if (!m_sayTimer->isActive()) {
        m_counts->setText(
            shown == total
                ? plural(total, tr("%1 line"), tr("%1 lines"))
                : tr("%1 of %2 lines").arg(locale.toString(shown), locale.toString(total)));
    }
    m_reset->setEnabled(!(m_model->filter() == LogFilter()) || !m_search->text().isEmpty());
    m_empty->setVisible(shown == 0);
    if (shown == 0)
        m_empty->setText(
            total == 0 ? tr("Nothing was logged yet.")
                       : tr("None of the %1 lines passes the filter.").arg(locale.toString(total)));
}

void LogPanel::say(const QString &text)
{
    m_counts->setText(text);
    m_sayTimer->start();
}

void LogPanel::updateDetails()
{
    const LogRecord *const record = m_model->record(m_view->currentIndex().row());
    if (!record) {
        closeDetails();
        return;
    }
    if (record->id == m_detailsId)
        return;
    m_detailsId = record->id;
    const LevelLook look = levelLook(record->level);
    const QDateTime time = m_model->localTime() ? record->time.toLocalTime() : record->time.toUTC();
    m_detailsHead->setText(
        QStringLiteral(
            "<b><span style='color:%1'>%2</span> · %3</b><br><span style='color:%4'>%5</span>")
            .arg(Theme::instance().hex(look.color), LogModel::levelName(record->level),
                 record->tag.toHtmlEscaped(), Theme::instance().hex(ColorRole::Muted),
                 time.toString(Qt::ISODateWithMs)));
    m_detailsText->setPlainText(record->text);
    m_details->show();
}

void LogPanel::closeDetails()
{
    m_detailsId = 0;
    m_details->hide();
}

void LogPanel::showTag(const QString &tag, const QString &text)
{
    const QSignalBlocker level(m_level);
    const QSignalBlocker search(m_search);
    const QSignalBlocker regex(m_regex);
    m_level->setCurrentIndex(0);
    m_search->setText(text);
    m_regex->setChecked(false);
    m_chips->setSelection({tag}, {});
    applyFilter();
    m_view->setFollowing(true);
}

void LogPanel::resetFilter()
{
    const QSignalBlocker level(m_level);
    const QSignalBlocker search(m_search);
    const QSignalBlocker regex(m_regex);
    const QSignalBlocker sensitive(m_case);
    m_level->setCurrentIndex(0);
    m_search->clear();
    m_regex->setChecked(false);
    m_case->setChecked(false);
    m_chips->setSelection({}, {});
    applyFilter();
}

void LogPanel::setLocalTime(bool local)
{
    m_model->setLocalTime(local);
    m_detailsId = 0;
    if (!m_details->isHidden())
        updateDetails();
}

void LogPanel::focusSearch()
{
    m_search->setFocus(Qt::ShortcutFocusReason);
    m_search->selectAll();
}

bool LogPanel::goToProblem(int direction)
{
    const int from = m_view->currentIndex().isValid() ? m_view->currentIndex().row()
        : direction > 0                               ? -1
                                                      : m_model->rowCount();
    const auto row = m_model->findProblem(from, direction);
    if (row)
        m_view->goTo(m_model->idAt(*row));
    else
        say(direction > 0 ? tr("No later warning") : tr("No earlier warning"));
    return row.has_value();
}

void LogPanel::copyLines()
{
    const QList<int> rows = m_view->chosenRows();
    if (rows.isEmpty())
        return;
    QGuiApplication::clipboard()->setText(logAsText(*m_model, rows));
    say(plural(rows.size(), tr("%1 line copied"), tr("%1 lines copied")));
}

void LogPanel::copyMarkdown()
{
    const QList<int> rows = m_view->chosenRows();
    if (rows.isEmpty())
        return;
    QGuiApplication::clipboard()->setText(logAsMarkdown(*m_model, rows));
    say(plural(rows.size(), tr("%1 line copied as Markdown"), tr("%1 lines copied as Markdown")));
}

Result<int> LogPanel::exportTo(const QString &path)
{
    const bool json = path.endsWith(QStringLiteral(".jsonl"), Qt::CaseInsensitive);
    Result<int> lines =
        exportLog(*m_model, path, json ? LogExportFormat::JsonLines : LogExportFormat::Text);
    say(lines ? plural(*lines, tr("%1 line exported"), tr("%1 lines exported"))
              : tr("Not exported: %1").arg(lines.error().detail));
    return lines;
}

void LogPanel::askExport()
{
    auto *const dialog = new QFileDialog(this, tr("Export the shown lines"));
    dialog->setObjectName(QStringLiteral("logExportDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setNameFilters({tr("Log (*.log)"), tr("JSON lines (*.jsonl)")});
    dialog->setDefaultSuffix(QStringLiteral("log"));
    connect(dialog, &QFileDialog::filterSelected, dialog, [dialog](const QString &filter) {
        dialog->setDefaultSuffix(filter.contains(QStringLiteral("jsonl")) ? QStringLiteral("jsonl")
                                                                          : QStringLiteral("log"));
    });
    dialog->selectFile(QStringLiteral("pilotlight"));
    connect(dialog, &QFileDialog::fileSelected, this,
            [this](const QString &path) { exportTo(path); });
    dialog->open();
}

void LogPanel::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_F8)
        goToProblem(event->modifiers().testFlag(Qt::ShiftModifier) ? -1 : 1);
    else if (event->matches(QKeySequence::Find))
        focusSearch();
    else if (event->key() == Qt::Key_Escape && !m_details->isHidden())
        closeDetails();
    else
        QWidget::keyPressEvent(event);
}

} // namespace pilotlight
