// SPDX-License-Identifier: MIT
#pragma once

#include "ui/chat/row.h"

#include <QAbstractScrollArea>
#include <QHash>
#include <QSet>
#include <QTimer>

#include <vector>

namespace pilotlight {

//! The conversation as a column of rows of any height.
//!
//! Why not QListView with a delegate: cards need real buttons and fields, text needs selection,
//! links and an accessible tree, and a delegate would have to imitate each. So each item has a real
//! widget, but only near the visible part; everything else is a number (its height, estimated until
//! it was seen). The first visible row is the anchor: when heights above it turn out different, it
//! stays where it is. Measured on two shared cores (tests/gui/tst_transcriptview.cpp prints it):
//! opening 2,000 items, scrolling a page and an update of a 200 KB streamed answer. Updates are
//! collected and applied at most 30 times a second, and less often where one costs more than a
//! quarter of that time, so that typing stays smooth.
class TranscriptView : public QAbstractScrollArea
{
    Q_OBJECT
public:
    explicit TranscriptView(QWidget *parent = nullptr);
    ~TranscriptView() override;

    //! Shows another conversation (or none). The place where each was left is remembered under \a
    //! key.
    void setTranscript(const Transcript *transcript, const QString &key);
    RowActions &actions() { return m_actions; }

    bool isAtBottom() const;
    void scrollToBottom();
    //! The oldest request that waits: scrolls there and puts the keyboard on its first answer.
    bool focusWaiting();
    //! Forgets the place and the folds of a conversation that is gone.
    void forget(const QString &key);

    // For tests.
    //! Rows: one for each item, several for a long answer.
    int rowCount() const { return static_cast<int>(m_rows.size()); }
    int liveRows() const;
    Row *rowWidget(int row) const; //!< null where it is out of sight
    void makeVisible(int row);
    int updates() const { return m_updates; } //!< passes of applied changes so far
    //! Applies what waits for the next update now.
    void flush();

Q_SIGNALS:
    void atBottomChanged(bool atBottom);
    //! Something new came in below what is visible.
    void newBelow();

protected:
    void resizeEvent(QResizeEvent *event) override;
    void scrollContentsBy(int dx, int dy) override;
    void paintEvent(QPaintEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;

private:
    struct Entry
    {
        int item = 0; //!< in the transcript
        int part = 0; //!< of a long answer, which has several rows
        Row *widget = nullptr;
        int height = 0;
        bool measured = false;
    };
    struct Place
    {
        bool bottom = true;
        int row = 0;
        int offset = 0; //!< of the viewport's top inside the row
    };
    struct Memory
    {
        Place place;
        QHash<QString, QVariant> states;
    };

    void rebuild();
    void relayout();
    void inserted(int first, int last);
    void removed(int first, int last);
    void updateItem(int item);
    int firstRowOf(int item) const;
    const TranscriptItem &itemAt(int row) const;
    std::vector<Entry> entriesFor(int item) const;
    void schedule();
    void apply();
    int gapBefore(int row) const;
    int indentOf(int row) const;
    int contentWidth() const;
    int contentLeft() const;
    std::vector<int> positions(int *total) const;
    void ensureWidget(int row);
    void dropWidget(int row);
    void updateTabOrder(int first, int last);
    void placeFromScroll();

    const Transcript *m_transcript = nullptr;
    QString m_key;
    RowActions m_actions;
    std::vector<Entry> m_rows;
    QSet<int> m_dirty; //!< items
    QHash<QString, Memory> m_memory;
    Place m_place;
    QWidget *m_canvas;
    QTimer m_timer;
    QTimer m_tick;
    bool m_inLayout = false;
    bool m_wasAtBottom = true;
    bool m_tabOrderStale = false;
    int m_width = 0;
    int m_updates = 0;
};

} // namespace pilotlight
