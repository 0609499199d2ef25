// SPDX-License-Identifier: MIT
#include "ui/shell/helpdialogs.h"

#include "ui/shell/connectiontext.h"
#include "ui/theme/theme.h"

#include <QAction>
#include <QBoxLayout>
#include <QClipboard>
#include <QDialogButtonBox>
#include <QGridLayout>
#include <QGuiApplication>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QSysInfo>

namespace pilotlight {

QString AboutDialog::versions(const ConnectionStatus &status)
{
    QStringList lines{QStringLiteral("Pilotlight %1").arg(QStringLiteral(PILOTLIGHT_VERSION)),
                      QStringLiteral("Qt %1").arg(QString::fromLatin1(qVersion())),
                      QSysInfo::prettyProductName() + QLatin1Char(' ')
                          + QSysInfo::currentCpuArchitecture()};
    if (status.server) {
        lines.append(QStringLiteral("%1, protocol %2")
                         .arg(ConnectionText(status, {}).server())
                         .arg(status.server->protocolVersion));
    } else {
        lines.append(tr("No server connected"));
    }
    lines.append(tr("Mode: %1").arg(connectionModeName(status.mode)));
    return lines.join(QLatin1Char('\n'));
}

AboutDialog::AboutDialog(const ConnectionStatus &status, QWidget *parent)
    : QDialog(parent)
{
    setObjectName(QStringLiteral("aboutDialog"));
    setWindowTitle(tr("About Pilotlight"));
    auto *const logo = new QLabel(this);
    logo->setPixmap(Theme::applicationPicture(64, devicePixelRatioF()));
    auto *const title = new QLabel(tr("Pilotlight"), this);
    title->setFont(Theme::font(6, true));
    auto *const claim = new QLabel(tr("Keeps your agent sessions alive."), this);
    claim->setProperty("muted", true);
    const QString text = versions(status);
    auto *const facts = new QLabel(text, this);
    facts->setObjectName(QStringLiteral("aboutVersions"));
    facts->setTextFormat(Qt::PlainText);
    facts->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    auto *const licence = new QLabel(
        tr("Free software under the MIT licence. Uses Qt, simdjson and QtKeychain."), this);
    licence->setProperty("muted", true);
    licence->setWordWrap(true);
    auto *const buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    buttons->setObjectName(QStringLiteral("aboutButtons"));
    QPushButton *const copy = buttons->addButton(tr("Copy versions"), QDialogButtonBox::ActionRole);
    copy->setObjectName(QStringLiteral("aboutCopy"));
    copy->setIcon(Theme::icon(QStringLiteral("copy")));
    connect(copy, &QPushButton::clicked, this,
            [text] { QGuiApplication::clipboard()->setText(text); });
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);

    auto *const words = new QVBoxLayout;
    words->addWidget(title);
    words->addWidget(claim);
    auto *const head = new QHBoxLayout;
    head->setSpacing(Theme::space(4));
    head->addWidget(logo);
    head->addLayout(words, 1);
    auto *const layout = new QVBoxLayout(this);
    layout->setContentsMargins(Theme::space(6), Theme::space(6), Theme::space(6), Theme::space(4));
    layout->setSpacing(Theme::space(4));
    layout->addLayout(head);
    layout->addWidget(facts);
    layout->addWidget(licence);
    layout->addWidget(buttons);
    setMinimumWidth(420);
}

ShortcutsDialog::ShortcutsDialog(const QList<QAction *> &actions, QWidget *parent)
    : QDialog(parent)
{
    setObjectName(QStringLiteral("shortcutsDialog"));
    setWindowTitle(tr("Keyboard shortcuts"));
    auto *const page = new QWidget(this);
    auto *const grid = new QGridLayout(page);
    grid->setHorizontalSpacing(Theme::space(6));
    grid->setVerticalSpacing(Theme::space(2));
    int row = 0;
    const auto heading = [&](const QString &text) {
        auto *const label = new QLabel(text, page);
        label->setFont(Theme::font(0, true));
        label->setContentsMargins(0, row ? Theme::space(3) : 0, 0, 0);
        grid->addWidget(label, row++, 0, 1, 2);
    };
    const auto line = [&](const QString &what, const QString &keys) {
        grid->addWidget(new QLabel(what, page), row, 0);
        auto *const label = new QLabel(keys, page);
        label->setFont(Theme::monospace());
        label->setProperty("muted", true);
        grid->addWidget(label, row++, 1);
    };
    heading(tr("Window"));
    for (const QAction *action : actions) {
        if (action->shortcuts().isEmpty())
            continue;
        QStringList keys;
        for (const QKeySequence &sequence : action->shortcuts())
            keys.append(sequence.toString(QKeySequence::NativeText));
        QString text = action->text();
        text.remove(QLatin1Char('&')).remove(QChar(0x2026));
        line(text, keys.join(tr(" or ")));
    }
    heading(tr("Sessions"));
    line(tr("Next / previous session"), tr("Ctrl+Tab / Ctrl+Shift+Tab"));
    line(tr("One of the first nine"), tr("Ctrl+1 to Ctrl+9"));
    line(tr("Rename / delete the chosen one"), tr("F2 / Delete"));
    line(tr("The request that waits in this session"), tr("F6"));
    heading(tr("Writing"));
    line(tr("Send, or queue while the agent works"), tr("Enter"));
    line(tr("New line"), tr("Shift+Enter"));
    line(tr("Earlier prompts"), tr("Up / Down in an empty field"));
    heading(tr("Log"));
    line(tr("Filter text"), QKeySequence(QKeySequence::Find).toString(QKeySequence::NativeText));
    line(tr("Next / previous warning"), QStringLiteral("F8 / Shift+F8"));
    line(tr("Only this tag / hide it (on its chip)"), tr("Enter / Delete"));
    line(tr("Newest line, and follow"), tr("End"));
    line(tr("Copy lines"), QKeySequence(QKeySequence::Copy).toString(QKeySequence::NativeText));
    grid->setColumnStretch(0, 1);
    grid->setRowStretch(row, 1);

    auto *const scroll = new QScrollArea(this);
    scroll->setObjectName(QStringLiteral("shortcutsScroll"));
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setWidget(page);
    auto *const buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
    auto *const layout = new QVBoxLayout(this);
    layout->setContentsMargins(Theme::space(5), Theme::space(5), Theme::space(5), Theme::space(4));
    layout->addWidget(scroll, 1);
    layout->addWidget(buttons);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    resize(600, 680);
}

} // namespace pilotlight
