# SPDX-License-Identifier: MIT
# Shared by the tests of the packages. Each is run with the folder of the packages as its argument.
set -euo pipefail
source_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
packages=$(cd "$1" && pwd)
work=$(mktemp -d)
cleanups=()
clean_up() {
    local i
    for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do eval "${cleanups[i]}" || true; done
    rm -rf --one-file-system "$work"
}
trap clean_up EXIT
fail() { echo "FAIL: $*" >&2; exit 1; }
skip() { echo "SKIP: $*"; exit 77; }
one() {  # one PATTERN: the only file of that kind
    local found=("$packages"/$1)
    { [ ${#found[@]} = 1 ] && [ -f "${found[0]}" ]; } || fail "not exactly one $1 in $packages"
    echo "${found[0]}"
}
# new_windows: a fresh Windows of Wine's; $wine runs programs in it.
new_windows() {
    wine=$source_folder/packaging/windows/wine.sh
    command -v wine64 >/dev/null || [ -x /usr/lib/wine/wine64 ] || skip "needs wine64"
    export HOME=$work/home WINEPREFIX=$work/prefix WINEDEBUG=-all
    mkdir -p "$HOME"
    cleanups+=("'$(command -v wineserver || echo /usr/lib/wine/wineserver)' -k")
    timeout 300 "$wine" wineboot --init >/dev/null 2>&1 || fail "Wine has no prefix"
}
# new_root FOLDER: a fresh Debian with nothing but its base; from where this machine's packages come.
new_root() {
    [ "$(id -u)" = 0 ] || skip "needs root for a fresh Debian"
    command -v debootstrap >/dev/null || skip "needs debootstrap"
    local mirror
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | grep -v security | head -n 1)
    debootstrap --variant=minbase bookworm "$1" "${mirror:?no mirror known}" >"$work/debootstrap.log" 2>&1 \
        || { tail -n 20 "$work/debootstrap.log" >&2; fail "debootstrap"; }
    # The programs find processes and devices there.
    mount --bind /proc "$1/proc"
    cleanups+=("umount '$1/proc'")
    mount --bind /dev "$1/dev"
    cleanups+=("umount '$1/dev'")
}
# In the fresh Debian at $root: inside COMMAND as root, as_user COMMAND as somebody without rights and without a screen.
inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"; }
as_user() {
    inside setpriv --reuid=1000 --regid=1000 --clear-groups \
        env HOME=/home/u XDG_RUNTIME_DIR=/run/user/1000 QT_QPA_PLATFORM=offscreen "$@"
}
