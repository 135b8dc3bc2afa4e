# Hashes: sha256 and its kin for the emitting part. Used by the build and by
# find_package(candor). Static, so that an emitting program loads nothing more
# than itself.
if(NOT TARGET candor::mbedcrypto)
  find_path(CANDOR_MBEDCRYPTO_INCLUDE_DIR mbedtls/sha256.h)
  find_library(CANDOR_MBEDCRYPTO_LIBRARY NAMES libmbedcrypto.a)
  mark_as_advanced(CANDOR_MBEDCRYPTO_INCLUDE_DIR CANDOR_MBEDCRYPTO_LIBRARY)
  if(NOT CANDOR_MBEDCRYPTO_INCLUDE_DIR OR NOT CANDOR_MBEDCRYPTO_LIBRARY)
    message(FATAL_ERROR "candor needs the static library of mbedcrypto (Debian: libmbedtls-dev)")
  endif()
  add_library(candor::mbedcrypto STATIC IMPORTED)
  set_target_properties(candor::mbedcrypto PROPERTIES
    IMPORTED_LOCATION ${CANDOR_MBEDCRYPTO_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${CANDOR_MBEDCRYPTO_INCLUDE_DIR})
endif()
