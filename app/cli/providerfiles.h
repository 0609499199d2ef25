// SPDX-License-Identifier: MIT
#pragma once

#include "base/paths.h"

namespace pilotlight {

//! Which provider file each session of pilotlightctl was made with: the path only, never what is in
//! it.
class ProviderFiles
{
public:
    explicit ProviderFiles(const AppPaths &paths);

    QString get(const QString &session) const;
    void set(const QString &session, const QString &file);
    void remove(const QString &session);

private:
    QString m_path;
};

} // namespace pilotlight
