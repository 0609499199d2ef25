#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The Windows installer under Wine: silent installation for this user, a status, pings and a turn on the demo server, an upgrade with the
# user's data kept, start at login, removal that leaves the user's data and nothing else.
. "$(dirname "$0")/common.sh" "$@"
installer=("$packages"/*windows*.exe)
[ -f "${installer[0]}" ] || skip "no Windows installer: ./dev package windows"
new_windows
# Where a user's programs and data go.
local_app=$(timeout 60 "$wine" cmd /c 'echo %LOCALAPPDATA%' 2>/dev/null | tr -d '\r' | tail -n 1)
place=$(WINEPREFIX=$WINEPREFIX timeout 60 "$wine" winepath -u "$local_app" 2>/dev/null | tr -d '\r' | tail -n 1)
[ -d "$place" ] || fail "no folder for a user's programs: $local_app"
programs=$place/Programs/Pilotlight
seconds_of() { local start=$EPOCHREALTIME; "$@" || return 1; awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN {printf "%.1f", b - a}'; }

took=$(seconds_of timeout 300 "$wine" "${installer[0]}" /S /CurrentUser /AtLogin=1) || fail "the installer: $?"
[ -d "$programs" ] || programs=$place/Pilotlight
[ -f "$programs/bin/pilotlight.exe" ] || { find "$WINEPREFIX/drive_c" -name 'pilotlight.exe'; fail "not installed"; }
echo "installed in $took s, $(du -sk "$programs" | cut -f1) KiB; the installer has $(stat -c %s "${installer[0]}") bytes"
registry() { timeout 60 "$wine" reg query "$@" 2>/dev/null | tr -d '\r'; }
registry 'HKCU\Software\Classes\pilotlight\shell\open\command' | grep -q 'pilotlight.exe' || fail "pilotlight:// leads nowhere"
registry 'HKCU\Software\Microsoft\Windows\CurrentVersion\Run' | grep -q -- '--minimized' || fail "no start at login"
registry 'HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Pilotlight' | grep -q DisplayVersion || fail "not on the list of programs"

ctl() { timeout 120 "$wine" "$programs/bin/pilotlightctl.exe" "$@" 2>"$work/ctl.err" | tr -d '\r'; }
ctl status --demo --json > "$work/status" || { cat "$work/ctl.err" >&2; fail "pilotlightctl status: $?"; }
grep -q '"event":"status"' "$work/status" || fail "no status: $(cat "$work/status" "$work/ctl.err")"
# A server of its own, so that a session outlives a command.
timeout 600 "$wine" "$programs/bin/pilotlight-demo-server.exe" --headless --port 45917 --speed 20 --state-dir 'C:\demo' >"$work/server" 2>&1 &
for _ in $(seq 100); do grep -q 'listening on port' "$work/server" && break; sleep 0.2; done
there=(--connect tcp://127.0.0.1:45917)
ctl ping "${there[@]}" --count 3 --interval 0.2 --json > "$work/ping" || fail "ping: $?"
[ "$(grep -c '"outcome":"ok"' "$work/ping")" -ge 3 ] || fail "not three pings: $(cat "$work/ping")"
id=$(ctl new "${there[@]}" --name kept --cwd 'C:\' | tail -n 1)
[ -n "$id" ] || fail "no session: $(cat "$work/ctl.err")"
ctl send "${there[@]}" "$id" 'Tell me a story' > "$work/turn" || fail "a turn: $(cat "$work/ctl.err")"
[ -s "$work/turn" ] || fail "the turn said nothing"
timeout 120 "$wine" "$programs/bin/pilotlight.exe" --demo --exit-after-first-paint > "$work/paint" 2>&1 || fail "the window: $(cat "$work/paint")"
tr -d '\r' < "$work/paint" | grep 'painted\|first paint' || echo "(a program of the desktop prints nothing here)"

# An upgrade while a program runs (the demo server): nothing is ended, the data stays.
data() { (cd "$place" && find pilotlight -type f ! -path '*/log/*' -exec sha256sum {} + | LC_ALL=C sort); }
data > "$work/before"
[ -s "$work/before" ] || fail "no data of the user is found"
timeout 300 "$wine" "${installer[0]}" /S /CurrentUser || fail "the upgrade: $?"
grep -q . <(ctl ping "${there[@]}" --count 1 --json) || fail "the upgrade ended a program that ran"
data > "$work/after"
cmp "$work/before" "$work/after" || fail "the upgrade changed the user's data"
registry 'HKCU\Software\Microsoft\Windows\CurrentVersion\Run' | grep -q -- '--minimized' || fail "the upgrade took the start at login"

timeout 60 "$wine" taskkill /f /im pilotlight-demo-server.exe >/dev/null 2>&1 || true
cp "$programs/uninstall.exe" "$work/uninstall.exe"
timeout 300 "$wine" "$programs/uninstall.exe" /CurrentUser /S "_?=$(timeout 60 "$wine" winepath -w "$programs" 2>/dev/null | tr -d '\r')" || fail "the removal: $?"
rm -f "$programs/uninstall.exe" # with _?= it runs from its own place, and cannot go
left=$(find "$programs" -type f 2>/dev/null | grep -v '\.old$' || true)
[ -z "$left" ] || fail "left: $left"
registry 'HKCU\Software\Classes\pilotlight' | grep -q . && fail "the address is still registered"
registry 'HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Pilotlight' | grep -q . && fail "still on the list of programs"
registry 'HKCU\Software\Microsoft\Windows\CurrentVersion\Run' | grep -q Pilotlight && fail "still started at login"
data > "$work/after"
cmp "$work/before" "$work/after" || fail "the removal took the user's data"
