// SPDX-License-Identifier: MIT
#include "app/gui/profilecontroller.h"

#include "app/wiring/appcontext.h"
#include "app/wiring/supportbundle.h"
#include "base/keptfile.h"
#include "ui/settings/importdialog.h"
#include "ui/shell/bundledialog.h"
#include "ui/shell/mainwindow.h"
#include "ui/widgets/plural.h"

#include <QCheckBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>
#include <QSaveFile>

namespace pilotlight {

ProfileController::ProfileController(AppContext &context, MainWindow &window, QObject *parent)
    : QObject(parent)
    , m_context(context)
    , m_window(window)
{
    connect(&window, &MainWindow::exportProfileRequested, this, &ProfileController::askExport);
    connect(&window, &MainWindow::importProfileRequested, this, &ProfileController::askImport);
    connect(&window, &MainWindow::resetSettingsRequested, this, &ProfileController::askReset);
    connect(&window, &MainWindow::supportBundleRequested, this, &ProfileController::showBundle);
}

void ProfileController::askExport()
{
    auto *const dialog = new QFileDialog(&m_window, tr("Export settings and sessions"));
    dialog->setObjectName(QStringLiteral("exportProfileDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setNameFilter(tr("Pilotlight settings (*.json)"));
    dialog->setDefaultSuffix(QStringLiteral("json"));
    dialog->selectFile(
        QStringLiteral("pilotlight-%1.json")
            .arg(m_context.clock().wallNow().toLocalTime().date().toString(Qt::ISODate)));
    connect(dialog, &QFileDialog::fileSelected, this, &ProfileController::exportTo);
    dialog->open();
}

void ProfileController::exportTo(const QString &path)
{
    const ProfileContent content = m_context.profile();
    const QByteArray bytes = writeProfile(content, m_context.clock().wallNow());
    QSaveFile file(path);
    if (!file.open(QFile::WriteOnly) || !file.setPermissions(PrivateFile)
        || file.write(bytes) != bytes.size() || !commitWhole(file)) {
        tell(tr("Not exported"),
             tr("%1 could not be written: %2")
                 .arg(QDir::toNativeSeparators(path), file.errorString()));
        return;
    }
    QString text =
        plural(int(content.sessions.size()), tr("Settings, servers and one session are in %2."),
               tr("Settings, servers and %1 sessions are in %2."))
            .replace(QStringLiteral("%2"), QDir::toNativeSeparators(path));
    text += QStringLiteral("\n\n")
        + tr("Keys, tokens and passwords, drafts and prompts are not in it.");
    const QStringList leftOut = portable(content).leftOut;
    if (!leftOut.isEmpty())
        text += QLatin1Char(' ')
            + tr("Left out because it looks like a secret: %1")
                  .arg(leftOut.join(QStringLiteral(", ")));
    tell(tr("Exported"), text);
}

void ProfileController::askImport()
{
    auto *const dialog = new QFileDialog(&m_window, tr("Import settings and sessions"));
    dialog->setObjectName(QStringLiteral("importProfileDialog"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    dialog->setNameFilters({tr("Pilotlight settings (*.json)"), tr("All files (*)")});
    connect(dialog, &QFileDialog::fileSelected, this, &ProfileController::importFrom);
    dialog->open();
}

void ProfileController::importFrom(const QString &path)
{
    const QString name = QFileInfo(path).fileName();
    QFile file(path);
    if (!file.open(QFile::ReadOnly)) {
        tell(tr("Not imported"), tr("%1 cannot be read: %2").arg(name, file.errorString()));
        return;
    }
    const Result<ProfileContent> content = readProfile(file.readAll());
    if (!content) {
        tell(tr("Not imported"), ImportDialog::problem(content.error(), name));
        return;
    }
    auto *const dialog =
        new ImportDialog(planImport(*content, m_context.profile()), name, &m_window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &QDialog::accepted, this, [this, dialog, name] {
        const ProfilePlan plan = dialog->chosen();
        const Result<QStringList> copies = m_context.importProfile(plan);
        if (!copies) {
            tell(tr("Not imported"), ImportDialog::problem(copies.error(), name));
            return;
        }
        if (plan.result.settings)
            m_window.applyTheme(plan.result.settings->theme);
        m_window.say(
            plural(int(plan.changes.size()), tr("Imported one change"), tr("Imported %1 changes")));
    });
    dialog->open();
}

void ProfileController::askReset()
{
    int servers = 0;
    const QList<BackendSettings> &backends = m_context.backends().values();
    for (const BackendSettings &backend : backends)
        servers += backend.id == DefaultBackendId ? 0 : 1;
    auto *const box = new QMessageBox(
        QMessageBox::Question, tr("Reset the settings"),
        tr("Put every setting back to its default? Sessions stay, and the settings of now are kept "
           "as a copy."),
        QMessageBox::Cancel, &m_window);
    box->setObjectName(QStringLiteral("resetQuestion"));
    box->setAttribute(Qt::WA_DeleteOnClose);
    QCheckBox *also = nullptr;
    if (servers > 0) {
        also = new QCheckBox(plural(servers, tr("Also remove the other server and its token"),
                                    tr("Also remove the %1 other servers and their tokens")));
        also->setObjectName(QStringLiteral("resetServers"));
        box->setCheckBox(also); // the box owns it
    }
    QPushButton *const reset = box->addButton(tr("Reset"), QMessageBox::DestructiveRole);
    reset->setObjectName(QStringLiteral("resetConfirm"));
    connect(reset, &QPushButton::clicked, this, [this, also] {
        const Result<QStringList> copies = m_context.resetSettings(also && also->isChecked());
        if (!copies) {
            tell(tr("Not reset"), ImportDialog::problem(copies.error(), {}));
            return;
        }
        m_window.applyTheme(m_context.settingsStore().values().theme);
        m_window.say(tr("The settings have their defaults"));
    });
    box->open();
}

void ProfileController::showBundle()
{
    const QList<ArchiveFile> files = SupportBundle(m_context, true).files();
    auto *const dialog = new BundleDialog(files, &m_window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &BundleDialog::saveRequested, this, [this, dialog, files] {
        auto *const ask = new QFileDialog(dialog, tr("Save the support bundle"));
        ask->setObjectName(QStringLiteral("bundleFileDialog"));
        ask->setAttribute(Qt::WA_DeleteOnClose);
        ask->setAcceptMode(QFileDialog::AcceptSave);
        ask->setNameFilter(tr("ZIP archive (*.zip)"));
        ask->setDefaultSuffix(QStringLiteral("zip"));
        ask->selectFile(SupportBundle::fileName(m_context.clock().wallNow()));
        connect(ask, &QFileDialog::fileSelected, dialog,
                [this, dialog, files](const QString &path) {
                    const auto written = writeZip(path, files, m_context.clock().wallNow());
                    if (written) {
                        dialog->accept();
                        tell(tr("Support bundle"),
                             tr("Saved as %1").arg(QDir::toNativeSeparators(path)));
                    } else {
                        tell(tr("Not saved"),
                             tr("%1 could not be written: %2")
                                 .arg(QDir::toNativeSeparators(path), written.error().detail));
                    }
                });
        ask->open();
    });
    dialog->open();
}

void ProfileController::tell(const QString &title, const QString &text)
{
    auto *const box =
        new QMessageBox(QMessageBox::NoIcon, title, text, QMessageBox::Close, &m_window);
    box->setObjectName(QStringLiteral("profileMessage"));
    box->setTextFormat(Qt::PlainText);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->open();
}

} // namespace pilotlight
