// SPDX-License-Identifier: MIT
#pragma once

#include "ui/chat/row.h"

class QLabel;

namespace pilotlight {

class CodeBox;
class FoldButton;

//! A tool call: one line of what, on what and how it went; the tail of its output while it runs;
//! its command, arguments, result and diff when opened.
class ToolCard : public Row
{
    Q_OBJECT
public:
    explicit ToolCard(RowActions &actions, QWidget *parent = nullptr);
    void setItem(const TranscriptItem &item) override;
    bool tick(const QDateTime &now) override;
    QVariant viewState() const override;
    void setViewState(const QVariant &state) override;

private:
    void refresh();
    CodeBox *box(CodeBox *&slot, const char *name, int position);

    ToolItem m_tool;
    FoldButton *m_fold;
    QWidget *m_body;
    QLabel *m_error;
    CodeBox *m_command = nullptr;
    CodeBox *m_arguments = nullptr;
    CodeBox *m_diff = nullptr;
    CodeBox *m_output = nullptr;
    bool m_open = false;
};

} // namespace pilotlight
