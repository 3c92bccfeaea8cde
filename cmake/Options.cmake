# How everything is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

option(SLIPWAY_WERROR "Warnings are errors" ON)
set(SLIPWAY_SANITIZER "" CACHE STRING "address or thread: instrument everything")

add_library(slipway_options INTERFACE)
target_include_directories(slipway_options INTERFACE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}/generated")
target_compile_options(slipway_options INTERFACE -pthread -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
                       # Designated initialisers leave out what has a default on purpose.
                       -Wno-missing-field-initializers
                       # False alarms of GCC 12 inside std::string, once it comes out of a precompiled header.
                       -Wno-array-bounds -Wno-stringop-overread
                       # A batch includes files with anonymous namespaces, as if they were headers.
                       -Wno-subobject-linkage)
if(SLIPWAY_WERROR)
  target_compile_options(slipway_options INTERFACE -Werror)
endif()
if(SLIPWAY_SANITIZER STREQUAL "address")
  # False alarms of GCC 12 when instrumented: -Wno-mismatched-new-delete on coroutine frames, -Wno-maybe-uninitialized in variants.
  target_compile_options(slipway_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                         -fno-omit-frame-pointer -Wno-mismatched-new-delete -Wno-maybe-uninitialized)
  target_link_options(slipway_options INTERFACE -fsanitize=address,undefined)
elseif(SLIPWAY_SANITIZER STREQUAL "thread")
  # -Wno-tsan: the fences inside Asio cannot be instrumented; its atomics can. -Wno-stringop-overflow: false alarms of GCC 12
  # inside std::string when instrumented.
  target_compile_options(slipway_options INTERFACE -fsanitize=thread -fno-omit-frame-pointer -Wno-tsan
                         -Wno-stringop-overflow)
  target_link_options(slipway_options INTERFACE -fsanitize=thread)
endif()

# A program holds, and needs, only what it calls, whatever was compiled together with that.
target_compile_options(slipway_options INTERFACE -ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections,--as-needed)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  # Without it ccache cannot tell which precompiled header a file was compiled with.
  target_compile_options(slipway_options INTERFACE -fpch-preprocess)
endif()
# lld, and not Debian 12's mold (1.10.1): where .tbss happened to end at a page, its programs did not start ("cannot
# apply additional memory protection after relocation", rui314/mold#1151).
find_program(LLD_PROGRAM ld.lld)
if(LLD_PROGRAM)
  add_link_options(-fuse-ld=lld)
endif()
