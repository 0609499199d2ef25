#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds what Pilotlight for Windows links, from Debian's own source packages, with mingw-w64:
#   libraries.sh FOLDER
# FOLDER/root is the result: Qt (Core, Gui, Widgets, Network, Test), simdjson, tl-expected; zlib comes from libz-mingw-w64-dev.
# Nothing is done where FOLDER/root is of the same versions already. About 18 minutes on two cores.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# = 1 ] || { echo "usage: $0 FOLDER" >&2; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
root=$folder/root
toolchain=$here/../../cmake/mingw.cmake
qt=$(dpkg-query -W -f='${source:Version}' qt6-base-dev)
stamp="$(cksum < "$0" | cut -d' ' -f1) $(cksum < "$toolchain" | cut -d' ' -f1) qt $qt gcc $(x86_64-w64-mingw32-g++-posix -dumpfullversion)"
[ "$(cat "$root/.stamp" 2>/dev/null)" != "$stamp" ] || exit 0

# The sources come from where this machine's packages come from; lists of our own, so that nothing of the system is changed.
src=$folder/src
rm -rf "$src" "$root"
mkdir -p "$src/lists/partial" "$src/parts" "$root"
file=/etc/apt/sources.list.d/debian.sources
[ ! -f $file ] || sed 's/^Types:.*/Types: deb-src/' $file > "$src/parts/debian.sources"
[ ! -s /etc/apt/sources.list ] || sed -n 's/^deb /deb-src /p' /etc/apt/sources.list > "$src/parts/sources.list"
apt=(-o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$src/parts" -o "Dir::State::lists=$src/lists"
    -o APT::Sandbox::User="$(id -un)")
apt-get "${apt[@]}" -qq update
cd "$src"
apt-get "${apt[@]}" -qq source --download-only "qt6-base=$qt" simdjson
for name in qt6-base simdjson; do dpkg-source --no-check -x "$name"_*.dsc "$name" >/dev/null; done

common=(-G Ninja "-DCMAKE_TOOLCHAIN_FILE=$toolchain" "-DPILOTLIGHT_WINDOWS_ROOT=$root" "-DCMAKE_INSTALL_PREFIX=$root"
    -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS=-ffile-prefix-map=$src=." "-DCMAKE_C_FLAGS=-ffile-prefix-map=$src=.")
command -v ccache >/dev/null && common+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_C_COMPILER_LAUNCHER=ccache)

# Off: what Pilotlight does not use. Tablet events: Debian's source has no wintab. Direct2D: without it the platform plugin
# does not link (DirectWrite).
cmake -S qt6-base -B qt6-base-build "${common[@]}" \
    -DQT_HOST_PATH=/usr "-DQT_HOST_PATH_CMAKE_DIR=/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)/cmake" \
    -DBUILD_SHARED_LIBS=ON -DQT_BUILD_EXAMPLES=OFF -DQT_BUILD_TESTS=OFF -DQT_GENERATE_SBOM=OFF \
    -DFEATURE_pkg_config=OFF -DFEATURE_dbus=OFF -DFEATURE_sql=OFF -DFEATURE_printsupport=OFF -DFEATURE_xml=OFF \
    -DFEATURE_concurrent=OFF -DFEATURE_tabletevent=OFF -DFEATURE_direct2d=ON -DINPUT_openssl=no -DFEATURE_schannel=ON
cmake --build qt6-base-build
cmake --install qt6-base-build --strip

cmake -S simdjson -B simdjson-build "${common[@]}" -DBUILD_SHARED_LIBS=OFF -DSIMDJSON_DEVELOPER_MODE=OFF
cmake --build simdjson-build
cmake --install simdjson-build

# Header only: Debian's package is for every architecture.
dpkg-query -L libexpected-dev | grep -E '\.(hpp|cmake)$' | while read -r file; do
    install -D -m 644 "$file" "$root/${file#/usr/}"
done
rm -rf "$src"
echo "$stamp" > "$root/.stamp"
