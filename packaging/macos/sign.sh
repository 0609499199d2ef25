#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Signs everything in an .app from the inside out, with the hardened runtime: sign.sh Pilotlight.app
# IDENTITY: "Developer ID Application: …"; CERTIFICATE: its .p12 in base64; PASSWORD: the .p12's.
set -euo pipefail
app=$1
here=$(cd "$(dirname "$0")" && pwd)
keychain=$(mktemp -d)/sign.keychain-db
secret=$(uuidgen)
trap 'security delete-keychain "$keychain"' EXIT
security create-keychain -p "$secret" "$keychain"
security unlock-keychain -p "$secret" "$keychain"
base64 --decode <<<"$CERTIFICATE" > "$keychain.p12"
security import "$keychain.p12" -k "$keychain" -P "$PASSWORD" -T /usr/bin/codesign
rm -f "$keychain.p12"
security set-key-partition-list -S apple-tool:,apple: -k "$secret" "$keychain" >/dev/null
security list-keychains -d user -s "$keychain"
sign() { codesign --force --timestamp --options runtime --keychain "$keychain" --sign "$IDENTITY" "$@"; }
find "$app" -name '*.dylib' -print0 | while IFS= read -r -d '' file; do sign "$file"; done
find "$app/Contents/Frameworks" -maxdepth 1 -name '*.framework' -print0 | while IFS= read -r -d '' file; do sign "$file"; done
for program in "$app"/Contents/MacOS/*; do sign --entitlements "$here/entitlements.plist" "$program"; done
sign --entitlements "$here/entitlements.plist" "$app"
codesign --verify --deep --strict "$app"
