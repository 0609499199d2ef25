// SPDX-License-Identifier: MIT
#pragma once

#include "ui/log/logmodel.h"

#include <QAbstractButton>
#include <QMap>

namespace pilotlight {

//! One tag of the log with its count: shown as usual, asked for (included) or hidden (excluded).
class TagChip : public QAbstractButton
{
    Q_OBJECT
public:
    enum class State
    {
        Neutral,
        Included,
        Excluded
    };
    Q_ENUM(State)

    explicit TagChip(const QString &tag, QWidget *parent = nullptr);

    QString tag() const { return m_tag; }
    State state() const { return m_state; }
    void setState(State state);
    void setCount(int total, int problems);

    QSize sizeHint() const override;

Q_SIGNALS:
    //! The user wants \a state.
    void stateRequested(pilotlight::TagChip::State state);

protected:
    void paintEvent(QPaintEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void enterEvent(QEnterEvent *event) override;
    void leaveEvent(QEvent *event) override;

private:
    void describe();
    void toggle(State wanted);

    QString m_tag;
    State m_state = State::Neutral;
    int m_total = 0;
    int m_problems = 0;
};

//! The row of chips for all tags that the log has.
class TagChips : public QWidget
{
    Q_OBJECT
public:
    explicit TagChips(QWidget *parent = nullptr);

    //! Adds chips for new tags and updates the counts; chips never go while the panel lives.
    void setCounts(const QList<LogModel::TagCount> &counts);
    void setSelection(const QSet<QString> &included, const QSet<QString> &excluded);
    QSet<QString> included() const { return m_included; }
    QSet<QString> excluded() const { return m_excluded; }
    TagChip *chip(const QString &tag) const { return m_chips.value(tag); }

Q_SIGNALS:
    //! The user chose other tags.
    void selectionChanged();

private:
    TagChip *ensure(const QString &tag);
    void apply();

    QMap<QString, TagChip *> m_chips;
    QSet<QString> m_included;
    QSet<QString> m_excluded;
};

} // namespace pilotlight
