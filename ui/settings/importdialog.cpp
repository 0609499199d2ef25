// SPDX-License-Identifier: MIT
#include "ui/settings/importdialog.h"

#include "ui/theme/theme.h"
#include "ui/widgets/plural.h"

#include <QBoxLayout>
#include <QDialogButtonBox>
#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QTreeWidget>

namespace pilotlight {

namespace {

constexpr int KindRole = Qt::UserRole;

QLabel *wrapped(const QString &text, const char *name, QWidget *parent)
{
    auto *const label = new QLabel(text, parent);
    label->setObjectName(QLatin1String(name));
    label->setTextFormat(Qt::PlainText);
    label->setWordWrap(true);
    return label;
}

} // namespace

QString ImportDialog::problem(const Error &error, const QString &file)
{
    switch (error.code) {
    case ErrorCode::Unsupported:
        return tr("%1 was written by a newer Pilotlight. Nothing was changed.").arg(file);
    case ErrorCode::InvalidJson:
        return tr("%1 is damaged or cut short (%2). Nothing was changed.").arg(file, error.detail);
    case ErrorCode::InvalidArgument:
        return error.detail == QStringLiteral("format")
            ? tr("%1 is not an export of Pilotlight. Nothing was changed.").arg(file)
            : tr("%1 makes no sense at %2. Nothing was changed.").arg(file, error.detail);
    case ErrorCode::StorageFailed:
        return tr("No copy could be made of %1, so nothing was changed.").arg(error.detail);
    default:
        return tr("%1 cannot be read: %2").arg(file, error.detail);
    }
}

ImportDialog::ImportDialog(const ProfilePlan &plan, const QString &file, QWidget *parent)
    : QDialog(parent)
    , m_plan(plan)
    , m_list(new QTreeWidget(this))
{
    setObjectName(QStringLiteral("importDialog"));
    setWindowTitle(tr("Import settings and sessions"));
    resize(640, 460);
    m_list->setObjectName(QStringLiteral("importChanges"));
    m_list->setAccessibleName(tr("What the import changes"));
    m_list->setHeaderLabels({tr("What"), tr("Now"), tr("After the import")});
    m_list->setSelectionMode(QAbstractItemView::NoSelection);
    m_list->setRootIsDecorated(true);

    auto *const buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    m_import = buttons->addButton(tr("&Import"), QDialogButtonBox::AcceptRole);
    m_import->setObjectName(QStringLiteral("importConfirm"));
    m_import->setDefault(true);
    buttons->button(QDialogButtonBox::Cancel)->setObjectName(QStringLiteral("cancel"));
    connect(buttons, &QDialogButtonBox::accepted, this, &QDialog::accept);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);

    auto *const layout = new QVBoxLayout(this);
    layout->setSpacing(Theme::space(3));
    layout->setContentsMargins(Theme::space(5), Theme::space(5), Theme::space(5), Theme::space(4));
    QString summary = plan.changes.isEmpty()
        ? tr("Everything in %1 is here already. There is nothing to import.").arg(file)
        : tr("From %1. Nothing is removed, and the files of now are kept as copies.").arg(file);
    if (plan.unchanged > 0 && !plan.changes.isEmpty())
        summary += QLatin1Char(' ')
            + plural(plan.unchanged, tr("One server or session is here already and stays."),
                     tr("%1 servers and sessions are here already and stay."));
    layout->addWidget(wrapped(summary, "importSummary", this));
    layout->addWidget(m_list, 1);
    if (!plan.result.leftOut.isEmpty()) {
        QLabel *const note =
            wrapped(tr("Not in the file, because it is or looks like a secret; where it is not "
                       "here already it has to be entered again: %1")
                        .arg(plan.result.leftOut.join(QStringLiteral(", "))),
                    "importLeftOut", this);
        note->setProperty("muted", true);
        layout->addWidget(note);
    }
    layout->addWidget(buttons);
    fill();
    connect(m_list, &QTreeWidget::itemChanged, this, &ImportDialog::updateButton);
    updateButton();
}

void ImportDialog::fill()
{
    const std::pair<ProfileChange::Kind, QString> groups[] = {
        {ProfileChange::Kind::Setting, tr("Settings")},
        {ProfileChange::Kind::Backend, tr("Servers")},
        {ProfileChange::Kind::Session, tr("Sessions")},
    };
    for (const auto &[kind, title] : groups) {
        QTreeWidgetItem *group = nullptr;
        for (const ProfileChange &change : std::as_const(m_plan.changes)) {
            if (change.kind != kind)
                continue;
            if (!group) {
                group = new QTreeWidgetItem(m_list, {title});
                group->setData(0, KindRole, static_cast<int>(kind));
                group->setFlags(Qt::ItemIsEnabled | Qt::ItemIsUserCheckable);
                group->setCheckState(0, Qt::Checked);
                group->setFont(0, Theme::font(0, true));
                group->setExpanded(true);
            }
            const QString now = change.added ? tr("not here") : change.before;
            auto *const row = new QTreeWidgetItem(group,
                                                  {change.added ? change.after : change.name,
                                                   now.isEmpty() ? tr("–") : now,
                                                   change.added                 ? tr("added")
                                                       : change.after.isEmpty() ? tr("–")
                                                                                : change.after});
            row->setFlags(Qt::ItemIsEnabled);
            for (int column = 0; column < 3; ++column)
                row->setToolTip(column, row->text(column));
        }
    }
    m_list->header()->setStretchLastSection(true);
    m_list->header()->resizeSection(0, 260);
    m_list->header()->resizeSection(1, 150);
}

bool ImportDialog::wants(ProfileChange::Kind kind) const
{
    for (int i = 0; i < m_list->topLevelItemCount(); ++i) {
        const QTreeWidgetItem *const group = m_list->topLevelItem(i);
        if (group->data(0, KindRole).toInt() == static_cast<int>(kind))
            return group->checkState(0) == Qt::Checked;
    }
    return false;
}

void ImportDialog::updateButton()
{
    m_import->setEnabled(wants(ProfileChange::Kind::Setting) || wants(ProfileChange::Kind::Backend)
                         || wants(ProfileChange::Kind::Session));
}

ProfilePlan ImportDialog::chosen() const
{
    ProfilePlan plan = m_plan;
    if (!wants(ProfileChange::Kind::Setting))
        plan.result.settings.reset();
    if (!wants(ProfileChange::Kind::Backend))
        plan.result.backends.clear();
    if (!wants(ProfileChange::Kind::Session))
        plan.result.sessions.clear();
    plan.changes.removeIf([this](const ProfileChange &change) { return !wants(change.kind); });
    return plan;
}

} // namespace pilotlight
