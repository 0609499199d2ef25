#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Signs programs with the Windows SDK's signtool: sign.sh FILE...
# CERTIFICATE: a .pfx in base64; PASSWORD: its password.
set -euo pipefail
pfx=$(mktemp --suffix=.pfx)
trap 'rm -f "$pfx"' EXIT
base64 --decode <<<"$CERTIFICATE" > "$pfx"
signtool sign //f "$(cygpath -w "$pfx")" //p "$PASSWORD" //fd sha256 //tr http://timestamp.digicert.com //td sha256 "$@"
