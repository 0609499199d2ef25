// SPDX-License-Identifier: MIT
#pragma once

#include <QPlainTextEdit>

namespace pilotlight {

//! The field for the next message: grows with its text up to ten lines, Enter sends, Shift+Enter
//! makes a new line, Up and Down at the ends walk through earlier messages.
class PromptEdit : public QPlainTextEdit
{
    Q_OBJECT
public:
    explicit PromptEdit(QWidget *parent = nullptr);

    //! Earlier messages, oldest first.
    void setHistory(const QStringList &history);
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

Q_SIGNALS:
    void sendPressed(); //!< Enter
    void sendNowPressed(); //!< Ctrl+Enter
    void escapePressed();
    void filesDropped(const QStringList &paths);

protected:
    void keyPressEvent(QKeyEvent *event) override;
    bool canInsertFromMimeData(const QMimeData *source) const override;
    void insertFromMimeData(const QMimeData *source) override;

private:
    void recall(int direction);

    QStringList m_history;
    int m_position = -1; //!< in the history; -1: the user's own text
    QString m_own;
};

} // namespace pilotlight
