#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Draws the icons of the packages anew from resources/icons/pilotlight.svg; the results are committed.
# Needs rsvg-convert (librsvg2-bin), convert (imagemagick) and png2icns (icnsutils).
set -euo pipefail
cd "$(dirname "$0")"
for size in 16 22 24 32 48 64 128 256 512; do
    rsvg-convert -w $size -h $size -o "pilotlight-$size.png" ../../resources/icons/pilotlight.svg
done
convert pilotlight-{16,24,32,48,64,256}.png -define icon:auto-resize=256,64,48,32,24,16 pilotlight.ico
png2icns pilotlight.icns pilotlight-{16,32,48,128,256,512}.png >/dev/null
