# SPDX-License-Identifier: MIT
# Read by cpack for each kind of package. An archive has its files at its top, not below usr/.
if(CPACK_GENERATOR STREQUAL "TGZ")
    set(CPACK_PACKAGING_INSTALL_PREFIX "/")
endif()
