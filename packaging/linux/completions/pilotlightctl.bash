# SPDX-License-Identifier: MIT
# Completion of pilotlightctl for bash.
_pilotlightctl()
{
    local cur prev words cword command='' i
    _init_completion -s 2>/dev/null || { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; }
    case $prev in
        --cli|--provider) _filedir 2>/dev/null || mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
        --cwd|--profile-dir) _filedir -d 2>/dev/null || mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
        --method) mapfile -t COMPREPLY < <(compgen -W 'ping none' -- "$cur"); return ;;
        --mode) mapfile -t COMPREPLY < <(compgen -W 'interactive plan autopilot' -- "$cur"); return ;;
        --allow) mapfile -t COMPREPLY < <(compgen -W 'none once session' -- "$cur"); return ;;
        --tag) mapfile -t COMPREPLY < <(compgen -W 'KEEPALIVE' -- "$cur"); return ;;
        --token-env) mapfile -t COMPREPLY < <(compgen -v -- "$cur"); return ;;
    esac
    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
            --connect|--token-env|--cli|--profile|--profile-dir|--timeout|--interval|--probe-timeout|--method) ((i++)) ;;
            -*) ;;
            *) command=${words[i]}; break ;;
        esac
    done
    local common='--connect --token-env --spawn --demo --cli --profile --profile-dir --timeout --method --interval
        --probe-timeout --json --verbose --version --help'
    if [[ $cur == -* ]]; then
        local own=''
        case $command in
            ping) own='--count --tool' ;;
            new) own='--name --model --cwd --system --mode --provider' ;;
            send) own='--immediate --allow --answer' ;;
            guard) own='--sessions --idle-limit --always-loaded --park-after' ;;
            prove) own='--limit' ;;
            settings) own='--yes --servers' ;;
            sessions) own='--yes' ;;
            bundle) own='--list' ;;
            keeper) own='--stop' ;;
            log) own='--tag --follow --since' ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$own $common" -- "$cur")
        return
    fi
    case $command in
        '') mapfile -t COMPREPLY < <(compgen -W 'status ping sessions new send resume abort delete guard prove settings bundle
                keeper drill log' -- "$cur") ;;
        settings) mapfile -t COMPREPLY < <(compgen -f -W 'export import reset' -- "$cur") ;;
        sessions) mapfile -t COMPREPLY < <(compgen -f -W 'export import' -- "$cur") ;;
        bundle) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    esac
}
complete -F _pilotlightctl pilotlightctl
