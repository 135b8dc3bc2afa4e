# What `cmake --install` puts where, and the package that find_package(candor) finds.
include(CMakePackageConfigHelpers)

install(TARGETS candor candor-upload EXPORT candor-targets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/core/include/candor
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_SOURCE_DIR}/schema/catalog.meta.json
  DESTINATION ${CMAKE_INSTALL_DATADIR}/candor OPTIONAL)

set(candor_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/candor)
install(EXPORT candor-targets NAMESPACE candor:: DESTINATION ${candor_package_dir})
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/candor-config.cmake.in
  ${PROJECT_BINARY_DIR}/candor-config.cmake
  INSTALL_DESTINATION ${candor_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/candor-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/candor-config.cmake ${PROJECT_BINARY_DIR}/candor-config-version.cmake
  ${PROJECT_SOURCE_DIR}/cmake/mbedcrypto.cmake DESTINATION ${candor_package_dir})
