#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What changed since the last version, from the history: changelog.sh [FROM [TO]]
# FROM: default the tag before TO; TO: default HEAD. Subjects are grouped by what they say they are about ("docs:", "tests:").
set -euo pipefail
cd "$(dirname "$0")/.."
to=${2:-HEAD}
from=${1:-$(git describe --tags --abbrev=0 --match 'v*' "$to^" 2>/dev/null || true)}
range=${from:+$from..}$to
list() {  # list TITLE PATTERN [-v]
    local found
    found=$(git log --no-merges --format=%s "$range" | grep -E ${3:+"$3"} "$2" || true)
    [ -z "$found" ] || printf '## %s\n\n%s\n\n' "$1" "$(sed 's/^/- /' <<<"$found")"
}
list Changes '^(docs|tests?|ci|bench|build|tst_[a-z]*):? ' -v
list Documentation '^docs: '
list "Tests and build" '^(tests?|ci|bench|build|tst_[a-z]*):? '
