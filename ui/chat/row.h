// SPDX-License-Identifier: MIT
#pragma once

#include "agent/types.h"
#include "session/transcript.h"

#include <QColor>
#include <QFrame>
#include <QVariant>

class QVBoxLayout;

namespace pilotlight {

//! What rows ask for. One object for a whole conversation, so that rows need no further wiring.
class RowActions : public QObject
{
    Q_OBJECT
public:
    using QObject::QObject;

Q_SIGNALS:
    void permissionAnswered(const QString &requestId, pilotlight::PermissionDecision decision,
                            const QString &feedback);
    void questionAnswered(const QString &requestId, const QString &answer, bool freeform);
    void planAnswered(const QString &requestId, bool approved, const QString &action);
    //! A prompt of the user that the server has dropped shall go out again.
    void sendAgainRequested(const QString &messageId);
    //! An interrupted turn shall go on, or its prompt shall be asked once more.
    void continueRequested();
    void askAgainRequested();
    //! The user clicked a link; whoever listens decides whether it may be opened.
    void linkActivated(const QUrl &target);
};

//! The widget of one transcript item. Made when the item comes into view, gone when it is far away:
//! what the user changed in it (folds, typed words) is carried over by viewState().
class Row : public QFrame
{
    Q_OBJECT
public:
    explicit Row(RowActions &actions, QWidget *parent = nullptr);

    //! Shows \a item, which has the same kind as the one that this row was made for.
    virtual void setItem(const TranscriptItem &item) = 0;
    //! A long answer is shown by several rows: this is number \a part of \a parts. Before
    //! setItem().
    void setPart(int part, int parts);
    virtual int heightFor(int width);
    //! A second has passed: durations move on. True where the height may have changed.
    virtual bool tick(const QDateTime &now);
    virtual QVariant viewState() const { return {}; }
    virtual void setViewState(const QVariant &) { }
    //! A row that waits for the user or holds a selection is not thrown away.
    virtual bool mustStay() const;
    //! Where the keyboard goes to answer it; null where there is nothing to answer.
    virtual QWidget *answerWidget() const { return nullptr; }

Q_SIGNALS:
    void heightChanged();

protected:
    QVBoxLayout *column() const { return m_column; }
    RowActions &actions() const { return m_actions; }
    //! A rounded card in the colours of the theme; a valid \a stripe colours its left edge.
    void setCard(const QColor &background, const QColor &border, const QColor &stripe = {});
    int part() const { return m_part; }
    int parts() const { return m_parts; }
    void paintEvent(QPaintEvent *event) override;

private:
    int m_part = 0;
    int m_parts = 1;
    QColor m_background; // painted: a style sheet for each card would cost a millisecond each
    QColor m_border;
    QColor m_stripe;
    RowActions &m_actions;
    QVBoxLayout *m_column;
};

//! Makes the row for \a part of \a item and fills it.
Row *makeRow(const TranscriptItem &item, int part, int parts, RowActions &actions, QWidget *parent);
//! Into how many rows \a item is cut, so that none grows without bounds.
int partsOf(const TranscriptItem &item);
//! The colour of a label's or text's own words.
void setInk(QWidget *widget, const QColor &color);
//! Names an item over its life, for remembering what the user did to its row. Empty: nothing to
//! remember.
QString rowKey(const TranscriptItem &item);
//! A height for an item that no widget was made for yet.
int estimatedHeight(const TranscriptItem &item, int parts, int width);

} // namespace pilotlight
