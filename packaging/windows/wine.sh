#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs a Windows program under Wine, for the tests: wine.sh PROGRAM [ARGUMENTS]. WINEPREFIX says in which Windows.
# Wine keeps QT_* variables from programs; WINEQT_* arrive as those.
export WINEDEBUG=${WINEDEBUG:--all} WINEQT_QPA_PLATFORM=offscreen QT_FORCE_STDERR_LOGGING=1
export WINEQT_FORCE_STDERR_LOGGING=1 WINEQT_QPA_FONTDIR='Z:\usr\share\fonts\truetype\dejavu'
export WINEQT_PLUGIN_PATH=${PILOTLIGHT_WINE_PLUGINS:-}
exec "$(command -v wine64 || echo /usr/lib/wine/wine64)" "$@"
