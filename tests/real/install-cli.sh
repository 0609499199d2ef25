#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs what the tests and benchmarks on real servers need below build/npm, each version in a folder of
# its own, with npm and its configured registry. Does nothing for what is there.
#   install-cli.sh [newest] [VERSION]... [sdk] [mcp]   default: newest 1.0.40 mcp
#   install-cli.sh survival                            all versions of the tests with label real-survival
# "newest" has a fixed version, so that a run can be repeated. A version takes about 10 s and 190 to
# 280 MB of disk; the SDK, which the benchmarks compare with, 135 MB.
set -euo pipefail
newest=1.0.102 sdk=1.0.14
root=$(cd "$(dirname "$0")/../.." && pwd)

install() {  # install PACKAGE...: into $folder
    command -v npm >/dev/null || { echo "npm is needed to install the servers" >&2; exit 1; }
    mkdir -p "$folder"
    # No lock file: it would record the address of the registry.
    npm install --prefix "$folder" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts "$@"
}
has() {  # has PACKAGE...: in $folder
    local package
    for package in "$@"; do [ -d "$folder/node_modules/$package" ] || return 1; done
}
has_cli() { compgen -G "$folder/node_modules/@github/copilot-*/copilot*" >/dev/null; }

[ $# -gt 0 ] || set -- newest 1.0.40 mcp
[ "$*" != survival ] || set -- 0.0.420 1.0.6 1.0.40 1.0.69 newest
for which in "$@"; do
    folder=$root/build/npm/$which
    case $which in
        newest) has_cli || install "@github/copilot@$newest" ;;
        sdk)
            folder=$root/build/npm/newest # beside the CLI that it is compared with
            { has_cli && has @github/copilot-sdk vscode-jsonrpc; } ||
                install "@github/copilot@$newest" "@github/copilot-sdk@$sdk" # brings vscode-jsonrpc
            ;;
        [0-9]*.[0-9]*.[0-9]*) has_cli || install "@github/copilot@$which" ;;
        mcp)
            has @modelcontextprotocol/server || install \
                @modelcontextprotocol/server-everything@2026.8.31 @modelcontextprotocol/server-memory@2026.8.31 \
                @modelcontextprotocol/sdk@1.32.2 @modelcontextprotocol/server@2.4.0
            ;;
        *) echo "unknown version: $which" >&2; exit 2 ;;
    esac
done
