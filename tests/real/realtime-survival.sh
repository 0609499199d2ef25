#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The survival test in real time: 20 minutes on the newest CLI with an idle limit of 5 minutes, which
# is 3 limits and the server's own delay. Hardly any CPU. Usage: realtime-survival.sh [BUILD_FOLDER]
# The table of docs/keepalive.md comes from its output.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "${1:-$root/build/dev}" && pwd)
"$root/tests/real/install-cli.sh" newest
export PILOTLIGHT_BIN=$build/bin PILOTLIGHT_SOURCE=$root QT_QPA_PLATFORM=offscreen
export PILOTLIGHT_SURVIVAL_FACTOR=1 QTEST_FUNCTION_TIMEOUT=2400000
exec "$build/tests/tst_survival" survives:newest
