#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# words.sh PROGRAMS: manual pages and completions name every option and every command of the programs.
set -euo pipefail
here=$(cd "$(dirname "$0")/../../packaging/linux" && pwd)
programs=$1
export QT_QPA_PLATFORM=offscreen
missing=0
miss() { echo "missing in $1: $2"; missing=1; }
for program in pilotlight pilotlightctl pilotlight-keeper pilotlight-demo-server; do
    page=$(sed 's/\\-/-/g; s/\\f[A-Z]//g' "$here/man/$program.1")
    options=$("$programs/$program" --help | grep -oE -- '(^|[ ,])--[a-z][a-z-]+' | tr -d ' ,' | sort -u)
    [ -n "$options" ] || { echo "$program --help names no options"; exit 1; }
    for option in $options; do
        grep -qE -- "(^|[^a-z-])$option([^a-z-]|\$)" <<<"$page" || miss "$program.1" "$option"
        case $program in
            pilotlight) files=(pilotlight.bash _pilotlightctl) ;;
            pilotlightctl) files=(pilotlightctl.bash _pilotlightctl pilotlightctl.fish) ;;
            *) files=() ;;
        esac
        for file in "${files[@]}"; do
            word=$option
            [[ $file == *.fish ]] && word="-l ${option#--}"
            grep -qE -- "(^|[^a-z-])$word([^a-z-]|\$)" "$here/completions/$file" || miss "$file" "$option"
        done
    done
done
for command in $("$programs/pilotlightctl" --help | sed -n '/^Commands:/,/^Where/p' | grep -oE '^  [a-z]+' | sort -u); do
    for file in man/pilotlightctl.1 completions/pilotlightctl.bash completions/_pilotlightctl completions/pilotlightctl.fish; do
        grep -qE "(^|[^a-z])$command([^a-z]|\$)" "$here/$file" || miss "$file" "$command"
    done
done
# The shells take them.
bash -n "$here/completions/pilotlightctl.bash" "$here/completions/pilotlight.bash"
! command -v zsh >/dev/null || zsh -n "$here/completions/_pilotlightctl"
! command -v fish >/dev/null || fish -n "$here/completions/pilotlightctl.fish"
exit $missing
