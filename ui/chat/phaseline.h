// SPDX-License-Identifier: MIT
#pragma once

#include "session/explanation.h"

#include <QWidget>

class QLabel;
class QPushButton;

namespace pilotlight {

//! The line above the input: what the session does or why it does not answer, for how long, how we
//! know, and the one thing to do about it. Hidden where there is nothing to say.
class PhaseLine : public QWidget
{
    Q_OBJECT
public:
    explicit PhaseLine(QWidget *parent = nullptr);

    void show(const Explanation &why);
    //! The line is shown and its text changes by itself: it is to be shown anew each second.
    bool ticks() const { return m_ticks; }

Q_SIGNALS:
    void actionRequested(pilotlight::Explanation::Action action);

private:
    Explanation m_why;
    bool m_ticks = false;
    QString m_icon; //!< shown, with its colour
    QLabel *m_picture;
    QLabel *m_sentence;
    QLabel *m_evidence;
    QPushButton *m_action;
};

} // namespace pilotlight
