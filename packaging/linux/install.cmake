# SPDX-License-Identifier: MIT
set(here ${CMAKE_CURRENT_LIST_DIR})
set(made ${CMAKE_CURRENT_BINARY_DIR})
set(doc ${CMAKE_INSTALL_DATAROOTDIR}/doc/pilotlight)

set(PILOTLIGHT_URL_ELEMENT "")
if(PROJECT_HOMEPAGE_URL)
    set(PILOTLIGHT_URL_ELEMENT "<url type=\"homepage\">${PROJECT_HOMEPAGE_URL}</url>")
endif()
configure_file(${here}/${PILOTLIGHT_APP_ID}.metainfo.xml.in ${made}/${PILOTLIGHT_APP_ID}.metainfo.xml @ONLY)
install(FILES ${made}/${PILOTLIGHT_APP_ID}.metainfo.xml DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/metainfo)
install(FILES ${here}/${PILOTLIGHT_APP_ID}.desktop DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/applications)

set(icons ${CMAKE_INSTALL_DATAROOTDIR}/icons/hicolor)
foreach(size 16 22 24 32 48 64 128 256 512)
    install(FILES ${here}/../icons/pilotlight-${size}.png DESTINATION ${icons}/${size}x${size}/apps
        RENAME ${PILOTLIGHT_APP_ID}.png)
endforeach()
install(FILES ${CMAKE_SOURCE_DIR}/resources/icons/pilotlight.svg DESTINATION ${icons}/scalable/apps
    RENAME ${PILOTLIGHT_APP_ID}.svg)
install(FILES ${here}/../icons/pilotlight-symbolic.svg DESTINATION ${icons}/symbolic/apps
    RENAME ${PILOTLIGHT_APP_ID}-symbolic.svg)

configure_file(${here}/pilotlight-guard.service ${made}/pilotlight-guard.service COPYONLY)
install(FILES ${made}/pilotlight-guard.service DESTINATION lib/systemd/user)
install(FILES ${here}/completions/pilotlightctl.bash RENAME pilotlightctl
    DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions)
install(FILES ${here}/completions/pilotlight.bash RENAME pilotlight
    DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/bash-completion/completions)
install(FILES ${here}/completions/_pilotlightctl DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/zsh/site-functions)
install(FILES ${here}/completions/pilotlightctl.fish DESTINATION ${CMAKE_INSTALL_DATAROOTDIR}/fish/vendor_completions.d)
install(FILES ${here}/copyright DESTINATION ${doc})

# Pages and changelog are shipped packed, without a time in them.
find_program(GZIP_PROGRAM gzip REQUIRED)
string(TIMESTAMP PILOTLIGHT_CHANGELOG_DATE "%a, %d %b %Y %H:%M:%S +0000" UTC)
configure_file(${here}/changelog.in ${made}/changelog @ONLY)
set(packed)
foreach(file ${here}/man/pilotlight.1 ${here}/man/pilotlightctl.1 ${here}/man/pilotlight-keeper.1
             ${here}/man/pilotlight-demo-server.1 ${made}/changelog)
    cmake_path(GET file FILENAME name)
    add_custom_command(OUTPUT ${made}/${name}.gz COMMAND ${GZIP_PROGRAM} -9nc ${file} > ${made}/${name}.gz
        DEPENDS ${file} VERBATIM)
    list(APPEND packed ${made}/${name}.gz)
    if(name STREQUAL "changelog")
        install(FILES ${made}/${name}.gz DESTINATION ${doc})
    else()
        install(FILES ${made}/${name}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
    endif()
endforeach()
add_custom_target(packaging_files ALL DEPENDS ${packed})

set(CPACK_GENERATOR "DEB;RPM;TGZ")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PROJECT_CONFIG_FILE ${here}/cpack-generator.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${here}/cpack-times.cmake)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PACKAGE_FILE_NAME pilotlight-${PROJECT_VERSION}-linux-${CMAKE_SYSTEM_PROCESSOR})

# The .deb is for the release that it is built on: Qt's WebSockets are bound to its exact version there.
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "qt6-wayland")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "gnome-keyring | kwalletmanager")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_SUMMARY "Window on AI-agent sessions that stay alive")
set(CPACK_RPM_PACKAGE_LICENSE MIT)
set(CPACK_RPM_PACKAGE_GROUP Development/Tools)
file(READ ${here}/../description.txt CPACK_RPM_PACKAGE_DESCRIPTION)
# The same on every machine, and its time that of the commit.
set(CPACK_RPM_SPEC_MORE_DEFINE "%define _buildhost reproducible
%define packager ${PILOTLIGHT_MAINTAINER}
%define use_source_date_epoch_as_buildtime 1
%define clamp_mtime_to_source_date_epoch 1
%define _build_id_links none")
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
    /usr/lib/systemd /usr/lib/systemd/user /usr/share/applications /usr/share/metainfo /usr/share/man /usr/share/man/man1
    /usr/share/doc /usr/share/bash-completion /usr/share/bash-completion/completions /usr/share/zsh
    /usr/share/zsh/site-functions /usr/share/fish /usr/share/fish/vendor_completions.d /usr/share/icons
    /usr/share/icons/hicolor)
foreach(size 16x16 22x22 24x24 32x32 48x48 64x64 128x128 256x256 512x512 scalable symbolic)
    list(APPEND CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
        /usr/share/icons/hicolor/${size} /usr/share/icons/hicolor/${size}/apps)
endforeach()
