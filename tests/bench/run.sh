#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# All benchmarks in one run, each against its named peer: run.sh BUILD_FOLDER NPM_FOLDER
# Needs nothing but the build; with the CLI, its SDK (in NPM_FOLDER) and Node it measures the real thing.
set -uo pipefail
build=$(cd "$1" && pwd)
npm=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export QT_QPA_PLATFORM=${QT_QPA_PLATFORM:-offscreen}
failed=0
step() { "$@" || { echo "failed: $*" >&2; failed=1; }; }

# The node_modules folder that has the SDK, and the native CLI of the same folder.
modules='' cli=''
if [ -n "$npm" ] && [ -d "$npm" ]; then
    sdk=$(find "$npm" -maxdepth 4 -type d -path '*/node_modules/@github/copilot-sdk' 2>/dev/null | sort | tail -1)
    modules=${sdk:+$(cd "$sdk/../.." && pwd)}
    cli=$(find "${modules:-$npm}" -maxdepth 5 -type f -perm -u+x -path '*/@github/copilot-*/copilot' 2>/dev/null | sort | tail -1)
fi
node=$(command -v node || true)
[ -z "$modules" ] || export PILOTLIGHT_NODE_MODULES=$modules

echo "== round trips over TCP"
if [ -n "$cli" ]; then
    step "$build/bench/bench_ping" --server "$cli" ${node:+--sdk-script "$here/ping_sdk.mjs"}
elif [ -x "$build/bin/pilotlight-demo-server" ]; then
    step "$build/bench/bench_ping" --server "$build/bin/pilotlight-demo-server"
fi

echo "== a full-speed answer decoded"
input=()
if [ -n "$cli" ] && [ -n "$node" ] && [ -f "$here/../real/stub_model.mjs" ] &&
    node "$here/record.mjs" --cli "$cli" --stub "$here/../real/stub_model.mjs" --out "$work/recording"; then
    input=(--input "$work/recording")
    if [ -d "$modules/vscode-jsonrpc" ]; then
        peer=$(node "$here/decode_vscode.mjs" "$work/recording") && echo "$peer"
        rate=$(sed -n 's/.*"mbPerSecond":\([0-9.]*\).*/\1/p' <<<"$peer")
        input+=(--peer-mbps "${rate:-0}")
    fi
fi
step "$build/bench/bench_decode" "${input[@]}"

echo "== a day of keepalive for 1, 50 and 1,000 sessions, counted"
step "$build/bench/bench_keepalive"

if [ -n "$node" ]; then
    echo "== kill -9 of the server until all sessions are usable, against a bare script"
    if [ -n "$cli" ]; then
        step "$build/bench/bench_recovery" --server "$cli" --model "$here/../real/stub_model.mjs" --bare "$here/recover_bare.mjs"
    else
        step "$build/bench/bench_recovery" --server "$build/bin/pilotlight-demo-server" --bare "$here/recover_bare.mjs"
    fi
fi

if [ -x "$build/bin/pilotlight" ]; then
    echo "== start-up and idle"
    step "$build/bench/bench_startup" "$build/bin/pilotlight" "$build/bench/empty_window"
    step "$build/bench/bench_idle" "$build/bin/pilotlight"

    echo "== start-up with sixty sessions"
    step env PILOTLIGHT_BIN="$build/bin" "$build/bench/bench_restore"
fi

deb=$(ls "$here"/../../build/packages/*.deb 2>/dev/null | tail -n 1)
if [ -n "$deb" ] && command -v dpkg-deb >/dev/null; then
    echo "== the package (goals: .deb at most 6 MB without Qt, first paint within 300 ms)"
    printf '{"bench":"package","deb":%s,"debMb":%s,"installedKiB":%s}\n' "\"$(basename "$deb")\"" \
        "$(stat -c %s "$deb" | awk '{printf "%.2f", $1 / 1e6}')" "$(dpkg-deb -f "$deb" Installed-Size)"
    dpkg-deb -x "$deb" "$work/installed"
    for _ in 1 2 3 4 5; do
        HOME=$work/home XDG_CONFIG_HOME=$work/home XDG_STATE_HOME=$work/home QT_QPA_PLATFORM=offscreen \
            "$work/installed/usr/bin/pilotlight" --demo --profile-dir "$work/home/p" --exit-after-first-paint || failed=1
    done
fi
exit $failed
