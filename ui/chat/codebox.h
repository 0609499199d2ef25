// SPDX-License-Identifier: MIT
#pragma once

#include <QFrame>

class QLabel;
class QPlainTextEdit;
class QToolButton;

namespace pilotlight {

//! A framed block of monospace text with a caption and a copy button: code, commands, output,
//! diffs. Long lines scroll sideways (or wrap); more than maxLines scroll inside, once the block
//! has the focus.
class CodeBox : public QFrame
{
    Q_OBJECT
public:
    explicit CodeBox(QWidget *parent = nullptr);

    //! "cpp", "Command", "Output"; empty hides nothing but the word.
    void setCaption(const QString &caption);
    //! Appends where \a text continues the present one, so that streaming stays cheap.
    void setText(const QString &text);
    QString text() const;
    //! Colours lines that begin with + - @@ as a unified diff.
    void setDiff(bool diff);
    //! 0: as high as the text.
    void setMaxLines(int lines);
    void setWrap(bool wrap);
    //! Without caption and buttons, for a command in a card.
    void setBare(bool bare);

    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {80, 20}; }

protected:
    void resizeEvent(QResizeEvent *event) override;
    void paintEvent(QPaintEvent *event) override;
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    int headerHeight() const;
    int lineCountFor(int width) const;

    QLabel *m_caption;
    QToolButton *m_copy;
    QPlainTextEdit *m_edit;
    QString m_text;
    int m_maxLines = 0;
    int m_longest = 0; //!< characters of the longest line
    bool m_wrap = false;
    bool m_bare = false;
    bool m_diff = false;
};

} // namespace pilotlight
