# SPDX-License-Identifier: MIT
# Completion of pilotlight for bash.
_pilotlight()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    case $prev in
        --profile-dir) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
        --screenshot) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
        *) mapfile -t COMPREPLY < <(compgen -W '--demo --connect --profile --profile-dir --no-keeper --minimized --screenshot
                --screenshot-delay --exit-after-first-paint --version --help --help-all' -- "$cur") ;;
    esac
}
complete -F _pilotlight pilotlight
