# SPDX-License-Identifier: Apache-2.0
# Compiler flags, the ccache launcher and the packages that rooms link with.

find_program(CCACHE ccache)
if(CCACHE)
  # The precompiled header changes nothing that ccache must look at by time.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE})
endif()

add_compile_options(-Wall -Wextra -Wshadow -Wnon-virtual-dtor -fno-strict-aliasing
                    -fstack-protector-strong -fPIE)
# Assertions that guard data stay on in Release: a stopped daemon is better than a wrong byte.
add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2> _GLIBCXX_ASSERTIONS
                        BOOST_ERROR_CODE_HEADER_ONLY)
add_link_options(-pie -Wl,-z,relro,-z,now)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fpch-preprocess -Wno-psabi)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1")
if(COFFER_SANITIZE)
  add_compile_options(-fsanitize=${COFFER_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${COFFER_SANITIZE})
  add_compile_definitions(COFFER_SANITIZED=1)
endif()
if(COFFER_FUZZ)
  # Without the check of function pointers' types: clang 14 cannot emit it for coroutines.
  add_compile_options(-fsanitize=fuzzer-no-link,${COFFER_FUZZ_SANITIZERS} -fno-sanitize=function
                      -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${COFFER_FUZZ_SANITIZERS})
  add_compile_definitions(COFFER_SANITIZED=1)
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
