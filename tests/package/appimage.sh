#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The AppImage in a fresh Debian that has what every desktop has and none of Qt: mounted for a user, unpacked where it cannot be
# mounted, and nothing left behind either way.
. "$(dirname "$0")/common.sh" "$@"
image=$(one '*.AppImage')
[ "$(head -c 11 "$image" | tail -c 3 | od -An -tx1 | tr -d ' ')" = 414902 ] || fail "not marked as an AppImage of type 2"
unsquashfs -q -o "$("$image" --appimage-offset)" -d "$work/tree" "$image" >/dev/null || fail "no image where --appimage-offset says"
desktop-file-validate "$work/tree"/*.desktop || fail "desktop file"
for file in AppRun .DirIcon usr/share/metainfo/io.github.pilotlight.pilotlight.metainfo.xml usr/share/doc/pilotlight/licences/LGPL-3.0.txt; do
    [ -e "$work/tree/$file" ] || fail "no $file"
done
for library in "$work"/tree/usr/lib/*.so*; do
    [ "$(patchelf --print-rpath "$library")" = '$ORIGIN' ] || fail "$(basename "$library") would take the system's libraries"
done
"$image" --appimage-nothing 2>"$work/said" && fail "an unknown option is taken"
grep -q -- --appimage-help "$work/said" || fail "an unknown option is not explained"

root=$work/root
new_root "$root"
# Its own devices: /dev/fuse is everybody's, as on a desktop.
umount "$root/dev"
[ -c "$root/dev/fuse" ] || mknod "$root/dev/fuse" c 10 229
chmod 666 "$root/dev/fuse"
inside apt-get -qq update
inside apt-get -qq -y -o APT::Install-Recommends=false -o Dpkg::Use-Pty=0 install \
    fuse3 fonts-dejavu-core libegl1 libexpat1 libfontconfig1 libfreetype6 libfribidi0 libgl1 libglib2.0-0 libharfbuzz0b libopengl0 \
    libsm6 libice6 libstdc++6 libuuid1 libx11-6 libx11-xcb1 libxcb1 zlib1g >"$work/apt" 2>&1 || { cat "$work/apt" >&2; fail "apt-get"; }
inside dpkg-query -W 'libqt6*' >/dev/null 2>&1 && fail "Qt is there already"
# fusermount3 wants to know the user, and what is mounted.
inside useradd --uid 1000 --create-home u
ln -s ../proc/self/mounts "$root/etc/mtab"
mkdir -p "$root/run/user/1000"
chown 1000:1000 "$root/run/user/1000"
chmod 700 "$root/run/user/1000"
cp "$image" "$root/opt/Pilotlight.AppImage"
ln -s Pilotlight.AppImage "$root/opt/pilotlightctl"
nothing_left() {  # nothing_left WHAT: the folder goes once the last process has ended
    for _ in $(seq 100); do
        [ -n "$(find "$root/tmp" -mindepth 1 -maxdepth 1 \( -name '.mount_*' -o -name 'appimage_*' \))" ] || return 0
        sleep 0.1
    done
    ls -A "$root/tmp" >&2
    fail "$1: left a folder behind"
}
works() {  # works HOW
    as_user timeout 60 /opt/Pilotlight.AppImage --demo --exit-after-first-paint | tee "$work/paint"
    grep -q '^first paint ' "$work/paint" || fail "$1: the window is not painted"
    as_user timeout 60 /opt/pilotlightctl status --demo --json > "$work/status" || fail "$1: pilotlightctl: $?"
    grep -q '"event":"status"' "$work/status" || fail "$1: no status: $(cat "$work/status")"
    [ "$(as_user timeout 60 /opt/Pilotlight.AppImage pilotlightctl --version)" = "$(as_user /opt/pilotlightctl --version)" ] \
        || fail "$1: a program named first is not run"
    nothing_left "$1"
}

# What is mounted is seen by who mounted it, alone, and goes with the last process.
chroot "$root" setpriv --reuid=1000 --regid=1000 --clear-groups /opt/Pilotlight.AppImage --appimage-mount > "$work/mounted" &
mounter=$!
cleanups+=("kill $mounter 2>/dev/null")
for _ in $(seq 100); do [ ! -s "$work/mounted" ] || break; sleep 0.1; done
folder=$(cat "$work/mounted")
[ -n "$folder" ] || fail "not mounted"
as_user test -x "$folder/AppRun" || fail "nothing in what is mounted"
kill "$mounter"
wait "$mounter" 2>/dev/null || true
nothing_left "mounted"
works "mounted"

inside apt-get -qq -y -o Dpkg::Use-Pty=0 purge fuse3 >/dev/null 2>&1
as_user timeout 60 /opt/Pilotlight.AppImage --appimage-mount 2>"$work/said" && fail "mounted without FUSE"
grep -q fuse3 "$work/said" || fail "what is missing is not said: $(cat "$work/said")"
works "unpacked"
