# Headers that most files of a kind include, compiled once. They only save time: each file still includes what it uses, and
# clang-tidy, which reads the files without them, complains where one does not.
function(slipway_precompiled_headers name)
  cmake_parse_arguments(ARG "" "" "LINKS;HEADERS" ${ARGN})
  file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/precompiled/${name}.cpp" CONTENT "// Nothing: its precompiled header is what others use.\n")
  add_library(${name} STATIC "${CMAKE_BINARY_DIR}/precompiled/${name}.cpp")
  target_link_libraries(${name} PRIVATE slipway_options ${ARG_LINKS})
  target_precompile_headers(${name} PRIVATE ${ARG_HEADERS})
  target_compile_options(${name} PRIVATE -fpch-preprocess)
endfunction()

# slipway_use_precompiled(TARGET NAME). -fpch-preprocess lets ccache see the precompiled header.
function(slipway_use_precompiled target name)
  target_precompile_headers(${target} REUSE_FROM ${name})
  target_compile_options(${target} PRIVATE -fpch-preprocess)
endfunction()

set(SLIPWAY_STANDARD_HEADERS <utility> <algorithm> <chrono> <cstdint> <functional> <map> <memory> <optional> <set> <span>
    <sstream> <string> <string_view> <variant> <vector>)
slipway_precompiled_headers(precompiled_json LINKS nlohmann_json::nlohmann_json
  HEADERS ${SLIPWAY_STANDARD_HEADERS} <nlohmann/json.hpp>)
slipway_precompiled_headers(precompiled_net LINKS nlohmann_json::nlohmann_json Boost::headers OpenSSL::SSL Threads::Threads
  HEADERS ${SLIPWAY_STANDARD_HEADERS} <nlohmann/json.hpp> <boost/asio/co_spawn.hpp> <boost/asio/io_context.hpp>
          <boost/asio/ip/tcp.hpp> <boost/asio/redirect_error.hpp> <boost/asio/ssl/stream.hpp> <boost/asio/steady_timer.hpp>
          <boost/asio/use_awaitable.hpp>)
slipway_precompiled_headers(precompiled_test LINKS nlohmann_json::nlohmann_json GTest::gmock
  HEADERS ${SLIPWAY_STANDARD_HEADERS} <nlohmann/json.hpp> <gmock/gmock.h> <gtest/gtest.h>)
