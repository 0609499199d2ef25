# SPDX-License-Identifier: MIT
# Completion of pilotlightctl for fish.
set -l commands status ping sessions new send resume abort delete guard prove settings bundle keeper drill log
set -l none "not __fish_seen_subcommand_from $commands"
complete -c pilotlightctl -n $none -f
complete -c pilotlightctl -n $none -a status -d 'Connect and say what is there'
complete -c pilotlightctl -n $none -a ping -d 'Keepalive probes of the connection'
complete -c pilotlightctl -n $none -a sessions -d 'Sessions that the server lists'
complete -c pilotlightctl -n $none -a new -d 'A new session'
complete -c pilotlightctl -n $none -a send -d 'One prompt'
complete -c pilotlightctl -n $none -a resume -d 'Attach and print the conversation'
complete -c pilotlightctl -n $none -a abort -d 'End the turn'
complete -c pilotlightctl -n $none -a delete -d 'Delete the session and its history'
complete -c pilotlightctl -n $none -a guard -d 'Keep sessions alive until a signal'
complete -c pilotlightctl -n $none -a prove -d 'Find out what keeps sessions alive'
complete -c pilotlightctl -n $none -a settings -d 'Export, import or reset settings'
complete -c pilotlightctl -n $none -a bundle -d 'An archive for a report'
complete -c pilotlightctl -n $none -a keeper -d 'What goes on without the window'
complete -c pilotlightctl -n $none -a drill -d 'The recovery drill'
complete -c pilotlightctl -n $none -a log -d 'The diagnostic log'
complete -c pilotlightctl -l connect -x -d 'A server that runs'
complete -c pilotlightctl -l token-env -x -d 'Variable with the connection token'
complete -c pilotlightctl -l spawn -d 'A server of its own'
complete -c pilotlightctl -l demo -d 'The demo server'
complete -c pilotlightctl -l cli -r -d 'Program of the CLI'
complete -c pilotlightctl -l profile -x -d 'Another profile'
complete -c pilotlightctl -l profile-dir -r -d 'All files below this folder'
complete -c pilotlightctl -l timeout -x -d 'Seconds to get online'
complete -c pilotlightctl -l method -x -a 'ping none' -d 'How the connection is kept'
complete -c pilotlightctl -l interval -x -d 'Seconds between requests'
complete -c pilotlightctl -l probe-timeout -x -d 'Seconds'
complete -c pilotlightctl -l json -d 'One JSON object a line'
complete -c pilotlightctl -l verbose -d 'The log on standard error'
complete -c pilotlightctl -l version -d 'Print the version'
complete -c pilotlightctl -s h -l help -d 'Print commands and options'
complete -c pilotlightctl -n '__fish_seen_subcommand_from ping' -l count -x -d 'How many'
complete -c pilotlightctl -n '__fish_seen_subcommand_from ping' -l tool -x -d 'Call this tool instead'
complete -c pilotlightctl -n '__fish_seen_subcommand_from new' -l name -x
complete -c pilotlightctl -n '__fish_seen_subcommand_from new' -l model -x
complete -c pilotlightctl -n '__fish_seen_subcommand_from new' -l cwd -r
complete -c pilotlightctl -n '__fish_seen_subcommand_from new' -l system -x
complete -c pilotlightctl -n '__fish_seen_subcommand_from new' -l mode -x -a 'interactive plan autopilot'
complete -c pilotlightctl -n '__fish_seen_subcommand_from new' -l provider -r
complete -c pilotlightctl -n '__fish_seen_subcommand_from send' -l immediate -d 'Steer the turn that runs'
complete -c pilotlightctl -n '__fish_seen_subcommand_from send' -l allow -x -a 'none once session'
complete -c pilotlightctl -n '__fish_seen_subcommand_from send' -l answer -x
complete -c pilotlightctl -n '__fish_seen_subcommand_from guard' -l sessions -x -a all
complete -c pilotlightctl -n '__fish_seen_subcommand_from guard' -l idle-limit -x -a '300s 30m never'
complete -c pilotlightctl -n '__fish_seen_subcommand_from guard' -l always-loaded
complete -c pilotlightctl -n '__fish_seen_subcommand_from guard' -l park-after -x -a '30m off'
complete -c pilotlightctl -n '__fish_seen_subcommand_from prove' -l limit -x -a 12m
complete -c pilotlightctl -n '__fish_seen_subcommand_from settings sessions' -l yes -d 'Do it'
complete -c pilotlightctl -n '__fish_seen_subcommand_from settings' -l servers -d 'Remove the servers, too'
complete -c pilotlightctl -n '__fish_seen_subcommand_from settings' -a 'export import reset'
complete -c pilotlightctl -n '__fish_seen_subcommand_from sessions' -a 'export import'
complete -c pilotlightctl -n '__fish_seen_subcommand_from bundle' -l list -d 'Write nothing'
complete -c pilotlightctl -n '__fish_seen_subcommand_from keeper' -l stop -d 'End it'
complete -c pilotlightctl -n '__fish_seen_subcommand_from log' -l tag -x -a KEEPALIVE
complete -c pilotlightctl -n '__fish_seen_subcommand_from log' -l follow
complete -c pilotlightctl -n '__fish_seen_subcommand_from log' -l since -x -a '2h 30m'
