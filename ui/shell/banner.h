// SPDX-License-Identifier: MIT
#pragma once

#include "ui/shell/connectiontext.h"

#include <QFrame>
#include <QMap>

#include <functional>

class QVBoxLayout;

namespace pilotlight {

//! What a banner says and offers.
struct BannerContent
{
    struct Action
    {
        QString text;
        std::function<void()> run;
        bool dismisses = false;
    };
    NoticeLevel level = NoticeLevel::Info;
    QString text; //!< plain
    QString output; //!< of a program: its last lines are shown in fixed-width type; may be empty
    QString command; //!< shown in fixed-width type with a copy button; may be empty
    QList<Action> actions;
    bool dismissable = true;
};

//! One message in a strip across the window.
class Banner : public QFrame
{
    Q_OBJECT
public:
    explicit Banner(const BannerContent &content, QWidget *parent = nullptr);

    QString text() const { return m_text; }
    //! Lines of the output that are shown.
    static constexpr int OutputLines = 6;

Q_SIGNALS:
    void dismissed();

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    NoticeLevel m_level;
    QString m_text;
};

//! The strips that are shown, by name; the same name replaces. Hidden while empty.
class BannerArea : public QWidget
{
    Q_OBJECT
public:
    explicit BannerArea(QWidget *parent = nullptr);

    void show(const QString &name, const BannerContent &content);
    void remove(const QString &name);
    bool contains(const QString &name) const { return m_banners.contains(name); }
    Banner *banner(const QString &name) const { return m_banners.value(name); }
    int count() const { return static_cast<int>(m_banners.size()); }

Q_SIGNALS:
    //! The user closed \a name.
    void dismissed(const QString &name);

private:
    QVBoxLayout *m_layout;
    QMap<QString, Banner *> m_banners;
    QStringList m_order; //!< oldest first
};

} // namespace pilotlight
