#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The AppImage of what is built in build/package, into build/packages. One file for any distribution with glibc 2.36 and a
# desktop. Its first part is ours (runtime.cpp), since Debian has no tool that makes one.
set -euo pipefail
cd "$(dirname "$0")/../.."
umask 022
: "${SOURCE_DATE_EPOCH:=$(git log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH LC_ALL=C.UTF-8 TZ=UTC
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' build/package/CMakeCache.txt)
work=build/package/appimage
rm -rf "$work"
DESTDIR=$PWD/$work/AppDir cmake --install build/package >/dev/null
packaging/appimage/appdir.py "$work/AppDir"
packaging/sbom.py --build build/package --programs build/package/bin \
    --shipped "$work/AppDir/usr" --output build/packages/pilotlight-appimage.cdx.json

# Its own modules, which it does not use, are what libfuse opens at run time: the linker's word about that is left out.
g++ -std=c++20 -O2 -Wall -Wextra -Werror -D_FILE_OFFSET_BITS=64 -ffile-prefix-map="$PWD=." \
    -I/usr/include/squashfuse -I/usr/include/fuse3 -static -s -Wl,--build-id=none packaging/appimage/runtime.cpp -o "$work/runtime" \
    -lsquashfuse_ll -lsquashfuse -lfuse3 -lzstd 2>"$work/linker" || { cat "$work/linker" >&2; exit 1; }
[ "$("$work/runtime" --appimage-offset)" = "$(stat -c %s "$work/runtime")" ] || { echo "build.sh: the runtime's size is not where its headers end" >&2; exit 1; }
printf 'AI\002' | dd of="$work/runtime" bs=1 seek=8 conv=notrunc status=none

# mksquashfs takes its times from options or from SOURCE_DATE_EPOCH, not from both.
env -u SOURCE_DATE_EPOCH mksquashfs "$work/AppDir" "$work/image" -comp zstd -Xcompression-level 19 -b 256K -root-owned -no-xattrs \
    -mkfs-time "$SOURCE_DATE_EPOCH" -all-time "$SOURCE_DATE_EPOCH" -noappend -quiet -no-progress >/dev/null
made=build/packages/pilotlight-$version-x86_64.AppImage
rm -f build/packages/pilotlight-*.AppImage
cat "$work/runtime" "$work/image" > "$made"
chmod 755 "$made"
rm -rf "$work"
