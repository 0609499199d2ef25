#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The installer and the portable archive for Windows, cross-built, into build/packages. Without WebSockets, keychain and Qt SVG:
# their sources cannot be had from Debian 12. For public releases the workflow builds with a current Qt on Windows.
set -euo pipefail
cd "$(dirname "$0")/../.."
umask 022
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
packaging/windows/libraries.sh build/windows-libraries
PILOTLIGHT_WINDOWS_ROOT=$PWD/build/windows-libraries/root
export PILOTLIGHT_WINDOWS_ROOT
cmake --preset windows -DZLIB_LIBRARY=/usr/x86_64-w64-mingw32/lib/libz.a "-DCMAKE_PREFIX_PATH=$PILOTLIGHT_WINDOWS_ROOT" \
    "-DQT_HOST_PATH_CMAKE_DIR=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/cmake" \
    "-DBUILD_TESTING=${PILOTLIGHT_WINDOWS_TESTS:-OFF}" >/dev/null
targets=(pilotlight pilotlightctl pilotlight-keeper pilotlight-demo-server)
[ "${PILOTLIGHT_WINDOWS_TESTS:-OFF}" = OFF ] || targets+=(tests_unit) # for tests/package/windows-unit.sh
cmake --build --preset windows --target "${targets[@]}"
payload=build/windows/payload
rm -rf "$payload"
cmake --install build/windows --prefix "$PWD/$payload" --strip >/dev/null
find "$payload" -name '*.dll' -exec x86_64-w64-mingw32-strip --strip-unneeded {} +
mkdir -p build/packages
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' build/windows/CMakeCache.txt)
rm -f build/packages/*windows*
packaging/windows/package.sh "$payload" "$version" build/packages
packaging/sbom.py --build build/windows --programs "$payload/bin" --shipped "$payload" \
    --output build/packages/pilotlight-windows.cdx.json
