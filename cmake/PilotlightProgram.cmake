# SPDX-License-Identifier: MIT
# pilotlight_program(<target>): what each program needs beyond its code, by platform, and that it is installed.
function(pilotlight_program target)
    if(WIN32)
        set(PILOTLIGHT_PROGRAM ${target})
        configure_file(${CMAKE_SOURCE_DIR}/packaging/windows/program.rc.in ${CMAKE_CURRENT_BINARY_DIR}/${target}.rc @ONLY)
        target_sources(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/${target}.rc)
    endif()
    set(place ${CMAKE_INSTALL_BINDIR})
    if(PILOTLIGHT_BUNDLE)
        set(place Pilotlight.app/Contents/MacOS)
    endif()
    install(TARGETS ${target} RUNTIME DESTINATION ${place} BUNDLE DESTINATION .)
endfunction()
