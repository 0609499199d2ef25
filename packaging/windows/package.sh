#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Makes the installer and the portable archive of an installed tree: package.sh PAYLOAD VERSION OUTPUT_FOLDER
# PAYLOAD is what `cmake --install BUILD --prefix PAYLOAD` (and windeployqt, on Windows) left. Two runs on the same
# payload make the same files.
set -euo pipefail
[ $# = 3 ] || { echo "usage: $0 PAYLOAD VERSION OUTPUT_FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
payload=$(cd "$1" && pwd) version=$2
mkdir -p "$3"
out=$(cd "$3" && pwd)
name=pilotlight-$version-windows-x86_64
: "${SOURCE_DATE_EPOCH:=$(git -C "$here" log -1 --format=%ct)}"
export SOURCE_DATE_EPOCH
find "$payload" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +

lists=$(mktemp -d)
trap 'rm -rf "$lists"' EXIT
folder=
find "$payload" -type f -printf '%P\n' | LC_ALL=C sort | while read -r file; do
    windows=${file//\//\\}
    if [ "$(dirname "$file")" != "$folder" ]; then
        folder=$(dirname "$file")
        place=${folder//\//\\}
        [ "$folder" = . ] && echo 'SetOutPath $INSTDIR' || echo "SetOutPath \"\$INSTDIR\\$place\""
    fi
    case $file in *.exe|*.dll) echo "!insertmacro OutOfTheWay \"$windows\"" ;; esac
    echo "File \"$payload/$file\""
done > "$lists/install.nsh"
{
    find "$payload" -type f -printf '%P\n' | LC_ALL=C sort | while read -r file; do
        echo "Delete /REBOOTOK \"\$INSTDIR\\${file//\//\\}\""
    done
    find "$payload" -mindepth 1 -type d -printf '%P\n' | LC_ALL=C sort -r | while read -r folder; do
        echo "RMDir \"\$INSTDIR\\${folder//\//\\}\""
    done
} > "$lists/uninstall.nsh"
makensis -V2 "-XTarget amd64-unicode" "-DVERSION=$version" "-DPAYLOAD=$payload" "-DLISTS=$lists" \
    "-DOUTPUT=$out/$name.exe" "$here/pilotlight.nsi"
python3 - "$payload" "$out/$name.zip" "$name" <<'PYTHON'
import os, sys, time, zipfile
payload, archive, name = sys.argv[1:]
moment = time.gmtime(max(int(os.environ["SOURCE_DATE_EPOCH"]), 315532800))[:6]
with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
    for folder, folders, files in os.walk(payload):
        folders.sort()
        for file in sorted(files):
            path = os.path.join(folder, file)
            entry = zipfile.ZipInfo(name + "/" + os.path.relpath(path, payload).replace(os.sep, "/"), moment)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            with open(path, "rb") as content:
                made.writestr(entry, content.read())
PYTHON
