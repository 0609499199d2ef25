// SPDX-License-Identifier: MIT
#pragma once

#include "chaos/product.h"

#include <QMap>

namespace pilotlight::chaos {

//! Does harm to the servers, to what lies between them and the product, to the product itself and
//! to the clock; never twice at the same place at the same time, always somewhere.
class Faults : public QObject
{
    Q_OBJECT
public:
    //! \a product is replaced when it is its turn to die. \a real: only what the real server knows.
    Faults(World &world, std::unique_ptr<Product> &product, bool real);
    ~Faults() override;

    //! Strikes where something is due.
    void act();
    //! No more: what is frozen goes on, what is cut heals.
    void stop();

    int count() const { return m_count; }
    //! How many of each kind there were, by name.
    const QMap<QString, int> &counts() const { return m_counts; }

private:
    struct Site
    {
        Host &host;
        Nanoseconds due{0};
        Nanoseconds armedSince{0};
        qint64 frozen = 0; //!< pid
        bool signedOut = false;
        TimerHandle thaw;
        TimerHandle mend;
    };
    void strike(Site &site);
    void armProxy(Site &site);
    void killServer(Site &site);
    void freeze(Site &site);
    void unfreeze(Site &site);
    void expire(Site &site);
    void haveStranger(Site &site);
    void signOut(Site &site);
    void signIn(Site &site);
    void counted(const QString &name);
    static bool signalServer(const Host &host, qint64 pid, int signal);
    Milliseconds between(Milliseconds low, Milliseconds high)
    {
        return m_world.random.between(low, high);
    }

    World &m_world;
    std::unique_ptr<Product> &m_product;
    const bool m_real;
    bool m_stopped = false;
    std::vector<Site> m_sites;
    Nanoseconds m_ownDue{0};
    int m_count = 0;
    QMap<QString, int> m_counts;
};

} // namespace pilotlight::chaos
