#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The same commit, built in another place, by another user's umask and in another time zone, gives the same bytes.
. "$(dirname "$0")/common.sh" "$@"
git -C "$source_folder" diff --quiet HEAD || skip "uncommitted changes: the packages are not of a commit"
git clone -q --shared "$source_folder" "$work/elsewhere/a-longer-name/pilotlight"
cd "$work/elsewhere/a-longer-name/pilotlight"
(umask 077 && TZ=Pacific/Auckland LANG=C packaging/linux/build.sh >"$work/build.log" 2>&1) || { tail -n 30 "$work/build.log" >&2; fail "the second build"; }
different=0
for file in build/packages/*; do
    cmp "$file" "$packages/$(basename "$file")" && continue
    different=1
    ! command -v diffoscope >/dev/null || diffoscope --max-report-size 20000 "$packages/$(basename "$file")" "$file" || true
done
[ $different = 0 ] || fail "two builds of one commit differ"
