# SPDX-License-Identifier: Apache-2.0
# Small programs that tests in Python start.

add_executable(nbd_memory_server programs/nbd_memory_server.cc)
target_include_directories(nbd_memory_server PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(nbd_memory_server PRIVATE coffer_export)

# The test-only path to a data key; no daemon offers it.
add_executable(open_data_key programs/open_data_key.cc)
target_link_libraries(open_data_key PRIVATE coffer_keys)

# keyd's client is tested against keyd's own server, in one process.
target_link_libraries(test_keyclient PRIVATE coffer_keys)
