// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"

#include <QWidget>

class QFrame;
class QLabel;
class QToolButton;
class QVBoxLayout;

namespace pilotlight {

class PromptEdit;

//! Where the next message is written: queued prompts above it, attachments, the field, and the
//! buttons Attach, Stop and Send. Knows no session: it shows what it is told and says what the user
//! wants.
class InputBar : public QWidget
{
    Q_OBJECT
public:
    explicit InputBar(QWidget *parent = nullptr);

    QString text() const;
    void setText(const QString &text);
    void setHistory(const QStringList &history);
    //! \a canSend: one of them may be sent now.
    void setQueue(const QList<Prompt> &queue, bool canSend);
    //! Why a message waits or cannot be sent; empty for nothing to say.
    void setNote(const QString &note, const QString &icon = QStringLiteral("info"));
    //! The agent is working: Stop is there, and Enter queues.
    void setBusy(bool busy);
    //! Nothing can be written (no session).
    void setInputEnabled(bool enabled);
    const QList<Attachment> &attachments() const { return m_attachments; }
    void setAttachments(const QList<Attachment> &attachments);
    void focusInput();

Q_SIGNALS:
    void sendRequested(const pilotlight::Prompt &prompt);
    void stopRequested();
    void removeQueuedRequested(int index);
    void sendQueuedRequested(int index);
    void editQueuedRequested(int index); //!< it is to come back into the field
    void moveQueuedRequested(int from, int to);
    void textEdited(const QString &text);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    void send(Delivery delivery);
    void attach();
    void addFiles(const QStringList &paths);
    void showAttachments();
    void refresh();
    void retheme();

    QLabel *m_noteIcon;
    QLabel *m_note;
    QWidget *m_noteRow;
    QWidget *m_queueBox;
    QVBoxLayout *m_queueLayout;
    QFrame *m_frame;
    QWidget *m_attachmentBox;
    PromptEdit *m_edit;
    QToolButton *m_attach;
    QLabel *m_hint;
    QToolButton *m_stop;
    QToolButton *m_send;
    QList<Attachment> m_attachments;
    QList<Prompt> m_queue;
    bool m_canSendQueued = false;
    bool m_busy = false;
    bool m_enabled = true;
    bool m_filling = false;
};

} // namespace pilotlight
