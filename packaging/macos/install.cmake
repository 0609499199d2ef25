# SPDX-License-Identifier: MIT
# Pilotlight.app with the other programs beside its own; macdeployqt adds Qt (.github/workflows/release.yml).
set(here ${CMAKE_CURRENT_LIST_DIR})
set_target_properties(pilotlight PROPERTIES MACOSX_BUNDLE ON OUTPUT_NAME Pilotlight
    MACOSX_BUNDLE_INFO_PLIST ${here}/Info.plist.in)
set(icon ${here}/../icons/pilotlight.icns)
set_source_files_properties(${icon} PROPERTIES MACOSX_PACKAGE_LOCATION Resources)
target_sources(pilotlight PRIVATE ${icon})
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE ${here}/../licences/NOTICE.txt ${here}/../licences/LGPL-3.0.txt
    ${here}/../licences/GPL-3.0.txt DESTINATION Pilotlight.app/Contents/Resources/licences)

set(CPACK_GENERATOR DragNDrop)
set(CPACK_DMG_VOLUME_NAME Pilotlight)
set(CPACK_PACKAGE_FILE_NAME pilotlight-${PROJECT_VERSION}-macos)
