// SPDX-License-Identifier: MIT
#pragma once

#include <QAbstractButton>

namespace pilotlight {

//! A flat line of icon, title, summary and status with a chevron, that opens and closes what is
//! under it: by mouse, Space or Enter. checked = open.
class FoldButton : public QAbstractButton
{
    Q_OBJECT
public:
    explicit FoldButton(QWidget *parent = nullptr);

    void setIconName(const QString &name, int role);
    void setTitle(const QString &title);
    //! Shown after the title, elided at its end.
    void setSummary(const QString &summary);
    //! At the right end, in the colour of \a role.
    void setStatus(const QString &status, int role);
    void setSummaryMonospace(bool monospace);
    void setTitleMuted(bool muted);
    //! Without a chevron there is nothing to open.
    void setFoldable(bool foldable);
    QString title() const { return m_title; }
    QString summary() const { return m_summary; }
    QString status() const { return m_status; }

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {60, sizeHint().height()}; }

protected:
    void paintEvent(QPaintEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void enterEvent(QEnterEvent *event) override;
    void leaveEvent(QEvent *event) override;

private:
    void updateAccessible();

    QString m_icon;
    int m_iconRole;
    QString m_title;
    QString m_summary;
    QString m_status;
    int m_statusRole;
    bool m_monospace = true;
    bool m_muted = false;
    bool m_foldable = true;
};

} // namespace pilotlight
