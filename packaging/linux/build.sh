#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# .deb, .rpm, tar.gz, AppImage and their lists of parts (SBOM), into build/packages.
# The same commit gives the same bytes, wherever it lies: times are those of the commit, paths are mapped away.
set -euo pipefail
cd "$(dirname "$0")/../.."
umask 022
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
cmake --preset package >/dev/null
cmake --build --preset package
rm -rf build/package/packages
mkdir -p build/packages
# cpack's -B is relative to nothing but itself.
(cd build/package && cpack -B "$PWD/packages" >/dev/null)
rm -rf build/package/packages/_CPack_Packages
rm -f build/packages/pilotlight*.{deb,rpm,tar.gz}
mv build/package/packages/pilotlight* build/packages/
packaging/sbom.py --build build/package --programs build/package/bin --output build/packages/pilotlight-linux.cdx.json
packaging/appimage/build.sh
