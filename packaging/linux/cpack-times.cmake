# SPDX-License-Identifier: MIT
# All files have the commit's time: rpmbuild lowers later ones to it, but keeps earlier ones, of an older checkout.
if(DEFINED ENV{SOURCE_DATE_EPOCH})
    execute_process(COMMAND find ${CPACK_TEMPORARY_DIRECTORY} -exec touch -h -d @$ENV{SOURCE_DATE_EPOCH} {} +
        COMMAND_ERROR_IS_FATAL ANY)
endif()
