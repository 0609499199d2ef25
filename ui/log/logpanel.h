// SPDX-License-Identifier: MIT
#pragma once

#include "ui/log/logexport.h"
#include "ui/log/logmodel.h"

#include <QWidget>

class QComboBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QTimer;
class QToolButton;

namespace pilotlight {

class LogStore;
class LogView;
class TagChips;

//! The diagnostic log in the window: filters on top, the lines, and the whole text of the current
//! line. It shows what the store holds; the file keeps everything, whatever is filtered here.
class LogPanel : public QWidget
{
    Q_OBJECT
public:
    //! \a store must outlive the panel.
    explicit LogPanel(LogStore &store, QWidget *parent = nullptr);

    LogModel &model() { return *m_model; }
    LogView &view() { return *m_view; }

    //! Shows only \a tag ("KEEPALIVE"), at any level and with \a text in it, and goes to the end.
    void showTag(const QString &tag, const QString &text = {});
    //! No filter at all.
    void resetFilter();
    void setLocalTime(bool local);
    //! Puts the cursor into the text filter.
    void focusSearch();

    //! The next (1) or previous (-1) warning or error from the current line; false where there is
    //! none.
    bool goToProblem(int direction);
    void copyLines();
    void copyMarkdown();
    //! Writes the shown lines; the ending of \a path decides: .jsonl, else the lines of the log
    //! file.
    Result<int> exportTo(const QString &path);

Q_SIGNALS:
    void localTimeChanged(bool local);
    void closeRequested();

protected:
    void keyPressEvent(QKeyEvent *event) override;

private:
    void buildToolBar(QWidget *bar);
    void buildDetails(QWidget *details);
    void applyFilter();
    void showError(const QString &error);
    void updateCounts();
    void updateDetails();
    void closeDetails();
    void paintAgain();
    void askExport();
    void say(const QString &text);

    LogModel *m_model;
    LogView *m_view;
    TagChips *m_chips;
    QComboBox *m_level;
    QLineEdit *m_search;
    QToolButton *m_regex;
    QToolButton *m_case;
    QToolButton *m_follow;
    QToolButton *m_reset;
    QLabel *m_error;
    QLabel *m_counts;
    QLabel *m_empty;
    QWidget *m_details;
    QLabel *m_detailsHead;
    QPlainTextEdit *m_detailsText;
    QTimer *m_searchDelay;
    QTimer *m_sayTimer;
    quint64 m_detailsId = 0;
};

} // namespace pilotlight
