#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What the .rpm holds, needs and runs; it installs into an empty root and goes from it (dependencies are Fedora's, so not resolved here).
. "$(dirname "$0")/common.sh" "$@"
command -v rpm >/dev/null || skip "needs rpm"
rpm=$(one '*.rpm') deb=$(one '*.deb')
query() { rpm -qp --nosignature "$@" "$rpm" 2>/dev/null; }
# The same files as the .deb.
query --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' | sed -n 's/^[^d][^ ]* //p' | LC_ALL=C sort > "$work/rpm-files"
dpkg-deb -c "$deb" | awk '!/^d/ {sub(/^\./, "", $6); print $6}' | LC_ALL=C sort > "$work/deb-files"
diff "$work/deb-files" "$work/rpm-files" || fail ".deb and .rpm hold different files"
query --dump | awk '$5 !~ /^(0100(644|755)|040755)$/ {print; bad = 1} $6 != "root" || $7 != "root" {print; bad = 1} END {exit bad}' \
    || fail "modes or owners"
# No folder but its own.
query --qf '[%{FILEMODES:perms} %{FILENAMES}\n]' | grep '^d' | grep -v ' /usr/share/doc/pilotlight$' && fail "it owns folders"
[ -z "$(query --scripts)" ] || fail "it runs scripts: $(query --scripts)"
query --requires > "$work/requires"
for library in libQt6Core.so.6 libQt6Widgets.so.6 libQt6Network.so.6 libQt6Svg.so.6 libc.so.6; do
    grep -q "^$library" "$work/requires" || fail "it does not ask for $library"
done
grep -E 'debian|abi' "$work/requires" && fail "it asks for something of Debian's"
[ "$(query --qf '%{LICENSE}')" = MIT ] || fail "licence"
[ "$(query --qf '%{BUILDHOST}')" = reproducible ] || fail "the build machine's name is in it"

root=$work/root
mkdir -p "$root"
rpm --root "$root" --dbpath /db --initdb
rpm --root "$root" --dbpath /db --nodeps --nosignature --force-debian -i "$rpm" || fail "does not install"
rpm --root "$root" --dbpath /db -V --nodeps pilotlight || fail "installed files differ"
rpm --root "$root" --dbpath /db --force-debian -e pilotlight || fail "does not go"
find "$root" -type f ! -path "$root/db/*" ! -path "$root/usr/lib/sysimage/*" | grep . && fail "files are left"
exit 0
