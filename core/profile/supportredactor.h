// SPDX-License-Identifier: MIT
#pragma once

#include <QHash>
#include <QString>
#include <QStringList>

namespace pilotlight {

//! Makes text fit for strangers: what is known to be private goes wherever it occurs, and what
//! looks like a credential, too. Stricter than redacted(), which must leave a log readable for its
//! owner: here a harmless word too much costs nothing.
class SupportRedactor
{
public:
    //! Knows the user's home folder and name, the machine's name and the secrets of the environment
    //! (by the names of the variables).
    SupportRedactor();

    //! \a text, each longer line of it, and what it looks like inside JSON and inside an address,
    //! become \a mark. Of fewer than 4 characters nothing happens: that would blank ordinary words.
    void hide(const QString &text, const QString &mark = QStringLiteral("******"));
    //! Likewise, only as a whole word.
    void hideWord(const QString &word, const QString &mark);

    QString clean(const QString &text) const;

private:
    void add(const QString &text, const QString &mark);

    QHash<QString, QString> m_marks; //!< by text
    QStringList m_order; //!< the longest first: a part must not be replaced before the whole
    QHash<QString, QString> m_words;
};

} // namespace pilotlight
