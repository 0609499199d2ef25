// SPDX-License-Identifier: MIT
#pragma once

#include "chaos/user.h"
#include "support/realserver.h"

#include <QEventLoop>
#include <QTemporaryDir>

namespace pilotlight::chaos {

struct RigOptions
{
    bool real = false; //!< the real CLI with a stub model, else the demo server
    int servers = 1;
    int sessions = 1;
    int timeScale = 1;
    quint64 seed = 1;
    std::chrono::seconds idleLimit{0}; //!< of the demo servers; zero: none
};

//! A folder with everything of one run in it, the servers' programs, the product and its user.
class Rig
{
public:
    explicit Rig(const RigOptions &options);
    //! False, with a reason in problem(), where something is missing.
    bool start();
    const QString &problem() const { return m_problem; }

    World &world() { return m_world; }
    std::unique_ptr<Product> &product() { return m_product; }
    User &user() { return *m_user; }
    const QTemporaryDir &folder() const { return m_folder; }
    //! Ends the product and its servers; what is left of them, for people.
    QStringList shutDown();

    //! Runs the event loop, with \a tick every 40 ms, until \a until holds; false where that does
    //! not come in time.
    static bool turn(Milliseconds atMost, const std::function<bool()> &until,
                     const std::function<void()> &tick = {});

private:
    void makeHost(int number);

    const RigOptions m_options;
    QTemporaryDir m_folder;
    World m_world;
    RealServer m_model;
    std::unique_ptr<Product> m_product;
    std::unique_ptr<User> m_user;
    QString m_problem;
};

} // namespace pilotlight::chaos
