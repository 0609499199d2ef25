// SPDX-License-Identifier: MIT
#pragma once

#include "ui/chat/row.h"

class QHBoxLayout;
class QLabel;
class QLineEdit;
class QPushButton;

namespace pilotlight {

class CodeBox;
class FoldButton;
class MarkdownView;

//! What the three cards have in common: an icon and a headline, a body, and a row of answers that
//! is there only while the card waits; afterwards one line says how it ended.
class RequestCard : public Row
{
    Q_OBJECT
public:
    bool mustStay() const override;

protected:
    enum class Look
    {
        Waiting,
        Answering,
        Good,
        Bad,
        Gone
    };

    RequestCard(const QString &name, RowActions &actions, QWidget *parent);
    void setHead(const QString &icon, const QString &title);
    void setLook(Look look, const QString &outcome);
    QVBoxLayout *body() const;
    QHBoxLayout *answers() const { return m_answers; }
    QPushButton *makeButton(const char *name, const QString &text, const char *kind = nullptr);
    QWidget *answerBox() const { return m_answerBox; }

private:
    QLabel *m_icon;
    QLabel *m_title;
    QLabel *m_outcome;
    QWidget *m_body;
    QWidget *m_answerBox;
    QHBoxLayout *m_answers;
    QString m_iconName;
    bool m_waiting = false;
};

//! The agent asks to be allowed something; the whole command is shown.
class PermissionCard : public RequestCard
{
    Q_OBJECT
public:
    explicit PermissionCard(RowActions &actions, QWidget *parent = nullptr);
    void setItem(const TranscriptItem &item) override;
    QVariant viewState() const override;
    void setViewState(const QVariant &state) override;
    QWidget *answerWidget() const override;

private:
    PermissionItem m_item;
    QLabel *m_intention;
    CodeBox *m_subject;
    CodeBox *m_diff;
    QPushButton *m_once;
    QPushButton *m_session;
    QPushButton *m_reject;
    QLineEdit *m_feedback;
};

//! The agent asks the user something.
class QuestionCard : public RequestCard
{
    Q_OBJECT
public:
    explicit QuestionCard(RowActions &actions, QWidget *parent = nullptr);
    void setItem(const TranscriptItem &item) override;
    QVariant viewState() const override;
    void setViewState(const QVariant &state) override;
    QWidget *answerWidget() const override;

private:
    QuestionItem m_item;
    MarkdownView *m_question;
    QWidget *m_choices;
    QList<QPushButton *> m_choiceButtons;
    QLineEdit *m_free;
    QPushButton *m_send;
};

//! The agent shows its plan and asks whether it may begin.
class PlanCard : public RequestCard
{
    Q_OBJECT
public:
    explicit PlanCard(RowActions &actions, QWidget *parent = nullptr);
    void setItem(const TranscriptItem &item) override;
    QVariant viewState() const override;
    void setViewState(const QVariant &state) override;
    QWidget *answerWidget() const override;

private:
    PlanItem m_item;
    MarkdownView *m_summary;
    FoldButton *m_fold;
    MarkdownView *m_plan;
    QPushButton *m_reject;
    QList<QPushButton *> m_actions;
};

} // namespace pilotlight
