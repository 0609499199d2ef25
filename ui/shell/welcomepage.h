// SPDX-License-Identifier: MIT
#pragma once

#include "connection/status.h"

#include <QWidget>

class QLabel;
class QLayout;
class QPushButton;

namespace pilotlight {

//! What stands in place of a conversation while none is open: what is connected, and what to do
//! next.
class WelcomePage : public QWidget
{
    Q_OBJECT
public:
    explicit WelcomePage(QWidget *parent = nullptr);

    void setStatus(const ConnectionStatus &status);
    //! There are sessions in the list, only none is chosen.
    void setHasSessions(bool has);
    //! Its height does not depend on the layout around it: asking again and again, with every width
    //! that may come, makes a start slow.
    bool hasHeightForWidth() const override { return false; }

Q_SIGNALS:
    void newSessionRequested();
    void earlierSessionsRequested();
    void settingsRequested();
    void retryRequested();
    void demoRequested();

protected:
    void changeEvent(QEvent *event) override;

private:
    QLayout *makeHints();
    void refresh();
    void updateLogo();

    ConnectionStatus m_status;
    bool m_hasSessions = false;
    QLabel *m_logo;
    QLabel *m_title;
    QLabel *m_text;
    QWidget *m_install;
    QPushButton *m_new;
    QPushButton *m_earlier;
    QPushButton *m_settings;
    QPushButton *m_retry;
    QPushButton *m_demo;
};

} // namespace pilotlight
