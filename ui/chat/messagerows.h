// SPDX-License-Identifier: MIT
#pragma once

#include "ui/chat/markdownsplit.h"
#include "ui/chat/row.h"

class QLabel;
class QPushButton;
class QToolButton;

namespace pilotlight {

class MarkdownView;

class FoldButton;

//! What the user wrote: a bubble at the right, its text as it was typed.
class UserRow : public Row
{
    Q_OBJECT
public:
    explicit UserRow(RowActions &actions, QWidget *parent = nullptr);
    void setItem(const TranscriptItem &item) override;
    int heightFor(int width) override;

protected:
    void resizeEvent(QResizeEvent *event) override;

private:
    QRect bubbleRect(int width) const;
    int noteHeight() const;

    QFrame *m_bubble;
    MarkdownView *m_text;
    QLabel *m_note;
    QPushButton *m_again = nullptr; //!< made for the few prompts that need it
    QString m_messageId;
};

//! What the agent wrote: formatted text and code blocks, one widget per segment (see
//! splitMarkdown).
class AssistantRow : public Row
{
    Q_OBJECT
public:
    explicit AssistantRow(RowActions &actions, QWidget *parent = nullptr);
    //! Into how many rows \a text is cut.
    static int partsOf(const QString &text);
    void setItem(const TranscriptItem &item) override;

protected:
    void contextMenuEvent(QContextMenuEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;

private:
    QWidget *makeSegment(const MarkdownSegment &segment);
    void fillSegment(QWidget *widget, const MarkdownSegment &segment);

    QString m_text;
    QList<MarkdownSegment> m_segments;
    QList<QWidget *> m_widgets;
    QLabel *m_note;
    QToolButton *m_copy;
};

//! The model's thinking, folded to one line.
class ReasoningRow : public Row
{
    Q_OBJECT
public:
    explicit ReasoningRow(RowActions &actions, QWidget *parent = nullptr);
    void setItem(const TranscriptItem &item) override;
    QVariant viewState() const override;
    void setViewState(const QVariant &state) override;

private:
    void setOpen(bool open);

    FoldButton *m_fold;
    MarkdownView *m_body;
    QString m_text;
    bool m_streaming = false;
    bool m_open = false;
};

//! Something around the conversation, in plain words.
class NoticeRow : public Row
{
    Q_OBJECT
public:
    explicit NoticeRow(RowActions &actions, QWidget *parent = nullptr);
    void setItem(const TranscriptItem &item) override;

private:
    void restyle();
    void showActions(bool shown);

    NoticeItem m_item;
    QLabel *m_icon;
    QLabel *m_text;
    QLabel *m_detail;
    QWidget *m_actions = nullptr; //!< made for the few notices that offer something
};

struct NoticeWords
{
    QString text;
    QString detail; //!< the server's own words, where text is ours
};
//! A notice in plain words.
NoticeWords noticeWords(const NoticeItem &notice);

} // namespace pilotlight
