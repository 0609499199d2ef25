// SPDX-License-Identifier: MIT
#include "ui/shell/bundledialog.h"

#include "ui/theme/theme.h"

#include <QBoxLayout>
#include <QDialogButtonBox>
#include <QLabel>
#include <QListWidget>
#include <QLocale>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSplitter>

namespace pilotlight {

namespace {

// A megabyte of log in one widget takes a second to lay out; its end is what matters.
constexpr qsizetype MostShown = 200'000;

} // namespace

BundleDialog::BundleDialog(const QList<ArchiveFile> &files, QWidget *parent)
    : QDialog(parent)
    , m_files(files)
    , m_list(new QListWidget(this))
    , m_text(new QPlainTextEdit(this))
{
    setObjectName(QStringLiteral("bundleDialog"));
    setWindowTitle(tr("Support bundle"));
    resize(860, 560);

    auto *const intro = new QLabel(
        tr("These files go into one ZIP archive on this computer; nothing is sent. Keys, tokens, "
           "names of sessions, prompts and your home folder were replaced. Look through it before "
           "you pass it on."),
        this);
    intro->setObjectName(QStringLiteral("bundleIntro"));
    intro->setWordWrap(true);

    m_list->setObjectName(QStringLiteral("bundleFiles"));
    m_list->setAccessibleName(tr("Files in the bundle"));
    m_list->setSpacing(Theme::space(1) / 2);
    for (const ArchiveFile &file : m_files) {
        m_list->addItem(QStringLiteral("%1\n%2").arg(
            file.name, QLocale().formattedDataSize(file.bytes.size(), 1)));
    }
    m_text->setObjectName(QStringLiteral("bundleText"));
    m_text->setAccessibleName(tr("Content of the chosen file"));
    m_text->setReadOnly(true);
    m_text->setFont(Theme::monospace());
    m_text->setLineWrapMode(QPlainTextEdit::NoWrap);
    connect(m_list, &QListWidget::currentRowChanged, this, &BundleDialog::showFile);

    auto *const columns = new QSplitter(Qt::Horizontal, this);
    columns->setChildrenCollapsible(false);
    columns->setHandleWidth(1);
    columns->addWidget(m_list);
    columns->addWidget(m_text);
    columns->setStretchFactor(1, 1);
    columns->setSizes({220, 620});

    auto *const buttons = new QDialogButtonBox(QDialogButtonBox::Cancel, this);
    QPushButton *const save = buttons->addButton(tr("&Save…"), QDialogButtonBox::AcceptRole);
    save->setObjectName(QStringLiteral("bundleSave"));
    save->setDefault(true);
    connect(save, &QPushButton::clicked, this, &BundleDialog::saveRequested);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);

    auto *const layout = new QVBoxLayout(this);
    layout->setSpacing(Theme::space(3));
    layout->setContentsMargins(Theme::space(5), Theme::space(5), Theme::space(5), Theme::space(4));
    layout->addWidget(intro);
    layout->addWidget(columns, 1);
    layout->addWidget(buttons);
    m_list->setCurrentRow(0);
}

void BundleDialog::showFile(int row)
{
    if (row < 0)
        return;
    const QByteArray &bytes = m_files.at(row).bytes;
    if (bytes.size() <= MostShown) {
        m_text->setPlainText(QString::fromUtf8(bytes));
        return;
    }
    const qsizetype cut = bytes.indexOf('\n', bytes.size() - MostShown) + 1;
    m_text->setPlainText(tr("… (the first %1 are in the file, but not shown here)")
                             .arg(QLocale().formattedDataSize(cut, 1))
                         + QLatin1Char('\n') + QString::fromUtf8(bytes.mid(cut)));
    m_text->moveCursor(QTextCursor::End);
}

} // namespace pilotlight
