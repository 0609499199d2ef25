#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the Copilot CLIs that the tests with label "real" run against below build/npm, with npm and
# its configured registry. Does nothing for a version that is there. Usage: install-cli.sh [newest] [1.0.40]
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -gt 0 ] || set -- newest 1.0.40
for which in "$@"; do
    case $which in
        newest) range='>=1.0.102 <2' ;;
        1.0.40) range='1.0.40' ;;
        *) echo "unknown version: $which" >&2; exit 2 ;;
    esac
    folder=$root/build/npm/$which
    if compgen -G "$folder/node_modules/@github/copilot-*/copilot*" >/dev/null; then
        continue
    fi
    command -v npm >/dev/null || { echo "npm is needed to install the Copilot CLI" >&2; exit 1; }
    mkdir -p "$folder"
    # No lock file: it would record the address of the registry.
    npm install --prefix "$folder" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts \
        "@github/copilot@$range"
done
