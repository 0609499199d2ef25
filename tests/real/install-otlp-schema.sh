#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fetches OTLP's published protobuf schema into build/npm/otlp, with npm and its configured registry: no
# Debian 12 package has it, and this is the last npm package that carried it as .proto files (metrics v1,
# stable since). Does nothing where it is there. Prints the folder.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=$root/build/npm/otlp
protos=$folder/package/build/protos
if [ ! -f "$protos/opentelemetry/proto/metrics/v1/metrics.proto" ]; then
    command -v npm >/dev/null || { echo "npm is needed to fetch the schema" >&2; exit 1; }
    mkdir -p "$folder"
    cd "$folder"
    npm pack --silent '@opentelemetry/otlp-grpc-exporter-base@0.38.0' >/dev/null
    tar xzf opentelemetry-otlp-grpc-exporter-base-0.38.0.tgz
fi
echo "$protos"
