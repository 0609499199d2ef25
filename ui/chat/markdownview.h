// SPDX-License-Identifier: MIT
#pragma once

#include <QTextBrowser>

namespace pilotlight {

//! A piece of formatted text that is as high as its content: selectable, with links that only
//! announce themselves. HTML and images in the Markdown are not interpreted: a model must not be
//! able to load anything.
class MarkdownView : public QTextBrowser
{
    Q_OBJECT
public:
    explicit MarkdownView(QWidget *parent = nullptr);

    void setMarkdownText(const QString &markdown);
    //! Text as it is, without formatting.
    void setLiteralText(const QString &text);

    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return {40, 10}; }
    //! The width that the text would like, up to \a limit.
    int idealWidth(int limit) const;

Q_SIGNALS:
    void linkActivated(const QUrl &target);

protected:
    QVariant loadResource(int type, const QUrl &name) override;
    void wheelEvent(QWheelEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    bool event(QEvent *event) override;

private:
    void style();

    mutable int m_measuredWidth = -1;
    mutable int m_measuredHeight = 0;
};

} // namespace pilotlight
