# slipway_library(NAME SOURCES a.cpp b.cpp LINKS target… [BATCH size]): one folder of src/ as the static library slipway_NAME.
function(slipway_library name)
  cmake_parse_arguments(ARG "" "BATCH" "SOURCES;LINKS" ${ARGN})
  add_library(slipway_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(slipway_${name} PUBLIC slipway_options reconciler PRIVATE ${ARG_LINKS})
  if(Boost::headers IN_LIST ARG_LINKS)
    slipway_reuse(slipway_${name} net)
  else()
    slipway_reuse(slipway_${name} core)
  endif()
  slipway_batch(slipway_${name} ${ARG_BATCH})
endfunction()

# What can be built by its kind: everything that a generator writes, the benchmarks, the tests with one label.
foreach(group generated-code bench-programs tests-unit tests-contract tests-sim tests-e2e tests-tidy)
  add_custom_target(${group})
endforeach()

# slipway_test(NAME SOURCES a_test.cpp LINKS target… [LABEL unit|contract|sim|e2e] [TIMEOUT seconds]): a GoogleTest
# program, known to ctest.
function(slipway_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE slipway_options reconciler ${ARG_LINKS} GTest::gtest_main GTest::gmock)
  slipway_reuse(${name} test)
  slipway_batch(${name})
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  slipway_describe_test(${name} "${ARG_LABEL}" "${ARG_TIMEOUT}" ${name})
endfunction()

# slipway_pytest(NAME FILES a_test.py… [NEEDS target…] [LABEL unit|contract|sim|e2e|tidy] [TIMEOUT seconds]): Python
# tests, known to ctest. NEEDS names the programs that they run; SLIPWAY_BIN tells the tests where these are.
function(slipway_pytest name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "FILES;NEEDS" ${ARGN})
  list(TRANSFORM ARG_FILES PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  add_test(NAME ${name} COMMAND "${SLIPWAY_PYTHON}" -m pytest -q -p no:cacheprovider ${ARG_FILES})
  slipway_describe_test(${name} "${ARG_LABEL}" "${ARG_TIMEOUT}" ${ARG_NEEDS})
  set_tests_properties(${name} PROPERTIES ENVIRONMENT
    "PYTHONDONTWRITEBYTECODE=1;SLIPWAY_BIN=${CMAKE_RUNTIME_OUTPUT_DIRECTORY};SLIPWAY_BUILD=${CMAKE_BINARY_DIR}")
endfunction()

# What all kinds of tests have in common. The rest of the arguments: targets that the test needs.
function(slipway_describe_test name label timeout)
  if(NOT label)
    set(label unit)
  endif()
  if(NOT timeout)
    set(timeout 300)
  endif()
  if(SLIPWAY_SANITIZER)
    math(EXPR timeout "${timeout} * 4")
  endif()
  set_tests_properties(${name} PROPERTIES TIMEOUT ${timeout} LABELS ${label})
  if(ARGN)
    add_dependencies(tests-${label} ${ARGN})
  endif()
endfunction()

# What the core may link: pure code only. Everything that does I/O is refused here, at configure time.
set(SLIPWAY_CORE_MAY_LINK slipway_options nlohmann_json::nlohmann_json PkgConfig::NETTLE)
function(check_core_is_pure)
  foreach(property LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
    get_target_property(linked reconciler ${property})
    foreach(library IN LISTS linked)
      string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" library "${library}")
      if(library AND NOT library IN_LIST SLIPWAY_CORE_MAY_LINK)
        message(FATAL_ERROR "reconciler/ is the pure core and must not link ${library}. "
                            "Move the code that needs it to src/ and let it talk to the core in objects and effects.")
      endif()
    endforeach()
  endforeach()
endfunction()
