#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The .deb in a fresh Debian: installs with what it declares and nothing else, runs, replaces an older one with the user's data
# kept, and goes without a trace.
. "$(dirname "$0")/common.sh" "$@"
deb=$(one '*.deb')
[ "$(stat -c %s "$deb")" -le $((6 * 1024 * 1024)) ] || fail "larger than 6 MB"
root=$work/root
new_root "$root"
apt() { inside apt-get -qq -y -o APT::Install-Recommends=false -o Dpkg::Use-Pty=0 "$@" >"$work/apt" 2>&1 || { cat "$work/apt" >&2; fail "apt-get $*"; }; }
system_files() {  # what a package may have left behind
    (cd "$root" && find etc usr var opt srv lib bin sbin -xdev \
        ! -path 'var/lib/dpkg/*' ! -path 'var/lib/apt/*' ! -path 'var/cache/*' ! -path 'var/log/*' | LC_ALL=C sort)
}

# An older one: PILOTLIGHT_OLDER_DEB, else the same files; both under a lower version.
mkdir "$work/older"
dpkg-deb -R "${PILOTLIGHT_OLDER_DEB:-$deb}" "$work/older/tree"
sed -i 's/^Version: .*/Version: 0.0.1/' "$work/older/tree/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/older/tree" "$work/older/older.deb" >/dev/null
cp "$deb" "$root/new.deb"
cp "$work/older/older.deb" "$root/older.deb"
apt update
# What it needs is there before: what is left after it went is then its own.
inside apt-get -qq -s install -o APT::Install-Recommends=false /older.deb >/dev/null || fail "its dependencies cannot be met"
needed=$(inside apt-get -s install -o APT::Install-Recommends=false /older.deb | sed -n 's/^Inst \([^ ]*\).*/\1/p' | grep -v '^pilotlight')
# shellcheck disable=SC2086
apt install $needed
mkdir -p "$root/home/u" "$root/run/user/1000"
chown 1000:1000 "$root/home/u" "$root/run/user/1000"
chmod 700 "$root/run/user/1000"
system_files > "$work/before"

apt install /older.deb
[ "$(inside dpkg-query -W -f '${Version}' pilotlight)" = 0.0.1 ] || fail "the older one is not installed"
inside dpkg -V pilotlight | grep . && fail "files differ from the package"
as_user timeout 60 pilotlight --demo --exit-after-first-paint | tee "$work/paint"
grep -q '^first paint ' "$work/paint" || fail "the window is not painted"
as_user timeout 60 pilotlightctl status --demo --json > "$work/status" || fail "pilotlightctl status: $?"
grep -q '"event":"status"' "$work/status" || fail "no status: $(cat "$work/status")"
# A session of the user's, and a setting.
id=$(as_user timeout 60 pilotlightctl --profile-dir /home/u/p new --demo --name kept --cwd /tmp | tail -n 1)
[ -n "$id" ] || fail "no session was made"
as_user timeout 60 pilotlightctl --profile-dir /home/u/p send --demo "$id" "Remember the kettle" >/dev/null || fail "a prompt: $?"
(cd "$root/home/u" && find . -type f ! -name '*.log' ! -path '*/log/*' -exec sha256sum {} + | sort) > "$work/data-before"

apt install /new.deb
[ "$(inside dpkg-query -W -f '${Version}' pilotlight)" != 0.0.1 ] || fail "not upgraded"
(cd "$root/home/u" && find . -type f ! -name '*.log' ! -path '*/log/*' -exec sha256sum {} + | sort) > "$work/data-after"
cmp "$work/data-before" "$work/data-after" || fail "the upgrade changed the user's data"
as_user timeout 60 pilotlightctl --profile-dir /home/u/p resume --demo "$id" | grep -q kettle || fail "the session is not there after the upgrade"

apt purge pilotlight
system_files > "$work/after"
diff "$work/before" "$work/after" || fail "purging left something, or took something along"
[ -f "$root/home/u/p/state/demo-ctl-sessions.json" ] || fail "purging took the user's data"
