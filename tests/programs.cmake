# SPDX-License-Identifier: Apache-2.0
# Small programs that tests in Python start.

add_executable(nbd_memory_server programs/nbd_memory_server.cc)
target_include_directories(nbd_memory_server PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(nbd_memory_server PRIVATE coffer_export)
