#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what the tests and benchmarks on the real Copilot CLI need below build/npm, each version in
# a folder of its own, with npm and its configured registry. Does nothing for what is there.
#   install-cli.sh [newest] [VERSION]... [sdk]      default: newest 1.0.40
#   install-cli.sh survival                         all versions of the tests with label real-survival
# "newest" has a fixed version, so that a run can be repeated. A version takes about 10 s and 190 to
# 280 MB of disk; the SDK, which the benchmarks compare with, 135 MB.
set -euo pipefail
newest=1.0.102 sdk=1.0.14
root=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -gt 0 ] || set -- newest 1.0.40
[ "$*" != survival ] || set -- 0.0.420 1.0.6 1.0.40 1.0.69 newest
for which in "$@"; do
    folder=$root/build/npm/$which
    case $which in
        newest) packages=("@github/copilot@$newest") ;;
        sdk)
            folder=$root/build/npm/newest # beside the CLI that it is compared with
            packages=("@github/copilot@$newest" "@github/copilot-sdk@$sdk") # brings vscode-jsonrpc
            ;;
        [0-9]*.[0-9]*.[0-9]*) packages=("@github/copilot@$which") ;;
        *) echo "unknown version: $which" >&2; exit 2 ;;
    esac
    there=true
    compgen -G "$folder/node_modules/@github/copilot-*/copilot*" >/dev/null || there=false
    if [ "$which" = sdk ]; then
        for part in @github/copilot-sdk vscode-jsonrpc; do [ -d "$folder/node_modules/$part" ] || there=false; done
    fi
    if $there; then
        continue
    fi
    command -v npm >/dev/null || { echo "npm is needed to install the Copilot CLI" >&2; exit 1; }
    mkdir -p "$folder"
    # No lock file: it would record the address of the registry.
    npm install --prefix "$folder" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts \
        "${packages[@]}"
done
