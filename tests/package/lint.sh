#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The distributions' own checkers find no error in the packages.
. "$(dirname "$0")/common.sh" "$@"
deb=$(one '*.deb') rpm=$(one '*.rpm') tar=$(one '*.tar.gz')
lintian --allow-root --fail-on error,warning "$deb" || fail "lintian"
rpmlint "$rpm" >"$work/rpmlint" 2>&1 || true
cat "$work/rpmlint"
# Signed by who releases it.
! grep ': E: ' "$work/rpmlint" | grep -v 'E: no-signature$' || fail "rpmlint"
mkdir "$work/tar"
tar -xf "$tar" -C "$work/tar"
top=("$work/tar"/*)
[ ${#top[@]} = 1 ] || fail "the archive has not one folder at its top"
share=${top[0]}/share
appstreamcli validate --no-net "$share"/metainfo/*.xml || fail "metainfo"
desktop-file-validate "$share"/applications/*.desktop || fail "desktop file"
for page in "$share"/man/man1/*.gz; do
    MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null | tee "$work/man"
    [ ! -s "$work/man" ] || fail "$page"
done
QT_QPA_PLATFORM=offscreen "${top[0]}/bin/pilotlightctl" --version | grep -q '^pilotlightctl ' || fail "does not run from the archive"
