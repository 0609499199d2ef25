# SPDX-License-Identifier: MIT
# Programs, Qt and its plugins side by side, as Windows wants them. In the hosted workflow windeployqt does it;
# it is no cross tool, so a cross build names what is needed.
set(here ${CMAKE_CURRENT_LIST_DIR})
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION . RENAME LICENSE.txt)
install(FILES ${here}/../licences/NOTICE.txt ${here}/../licences/LGPL-3.0.txt ${here}/../licences/GPL-3.0.txt DESTINATION licences)

if(CMAKE_CROSSCOMPILING)
    set(libraries Qt6::Core Qt6::Gui Qt6::Widgets Qt6::Network)
    if(PILOTLIGHT_SVG)
        list(APPEND libraries Qt6::Svg)
    endif()
    if(PILOTLIGHT_WEBSOCKETS)
        list(APPEND libraries Qt6::WebSockets)
    endif()
    foreach(library ${libraries})
        install(FILES $<TARGET_FILE:${library}> DESTINATION ${CMAKE_INSTALL_BINDIR})
    endforeach()
    get_target_property(qt_core Qt6::Core IMPORTED_LOCATION_RELEASE)
    cmake_path(GET qt_core PARENT_PATH qt_bin)
    foreach(plugin platforms/qwindows styles/qwindowsvistastyle tls/qschannelbackend imageformats/qico
                   platforms/qoffscreen)
        cmake_path(GET plugin PARENT_PATH kind)
        install(FILES ${qt_bin}/../plugins/${plugin}.dll DESTINATION ${CMAKE_INSTALL_BINDIR}/plugins/${kind})
    endforeach()
    # gcc's own libraries.
    foreach(name libgcc_s_seh-1 libstdc++-6 libwinpthread-1)
        execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=${name}.dll OUTPUT_VARIABLE file
            OUTPUT_STRIP_TRAILING_WHITESPACE)
        if(NOT IS_ABSOLUTE "${file}")
            find_file(file_${name} ${name}.dll PATHS /usr/x86_64-w64-mingw32/lib REQUIRED NO_CMAKE_FIND_ROOT_PATH)
            set(file ${file_${name}})
        endif()
        list(APPEND runtime ${file})
    endforeach()
    install(FILES ${runtime} DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(CODE "file(WRITE \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/qt.conf\" \"[Paths]\nPrefix=.\n\")")
endif()

set(CPACK_GENERATOR ZIP)
set(CPACK_PACKAGE_FILE_NAME pilotlight-${PROJECT_VERSION}-windows-x86_64)
