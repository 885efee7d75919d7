# SPDX-License-Identifier: Apache-2.0
# Small programs that tests in Python start.

add_executable(nbd_test_server programs/nbd_test_server.cc)
target_include_directories(nbd_test_server PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(nbd_test_server PRIVATE coffer_export)

add_executable(volume_server programs/volume_server.cc)
target_link_libraries(volume_server PRIVATE coffer_export)

# For guests that open a volume by a table which names keys.
add_executable(add_kernel_key programs/add_kernel_key.cc)
target_link_options(add_kernel_key PRIVATE -static-pie)

# A log of a client's writes, replayed with power cuts.
add_executable(replay_write_log programs/replay_write_log.cc)
target_include_directories(replay_write_log PRIVATE ${CMAKE_SOURCE_DIR})
target_link_libraries(replay_write_log PRIVATE coffer_volume)

# The test-only path to a data key; no daemon offers it.
add_executable(open_data_key programs/open_data_key.cc)
target_link_libraries(open_data_key PRIVATE coffer_keys)

# keyd's client is tested against keyd's own server, in one process; tokens are opened by processes of their own.
target_link_libraries(test_keyclient PRIVATE coffer_keys)
target_compile_definitions(test_keyclient PRIVATE COFFER_BUILD_DIR="${CMAKE_BINARY_DIR}")
add_dependencies(test_keyclient coffer-sealer)

# volumed as a process, between a real keyd and an apid that the test plays.
add_executable(test_volumed_process crash/volumed_process_test.cc)
target_include_directories(test_volumed_process PRIVATE ${CMAKE_SOURCE_DIR})
target_compile_definitions(test_volumed_process PRIVATE COFFER_BUILD_DIR="${CMAKE_BINARY_DIR}")
target_link_libraries(test_volumed_process PRIVATE coffer_cli coffer_control coffer_keyclient GTest::gtest_main)
add_dependencies(test_volumed_process coffer-keyd coffer-volumed)
add_test(NAME volumed_process COMMAND test_volumed_process)

# The pipeline is tested with keyd's own server, in one process.
target_link_libraries(test_api PRIVATE coffer_keys)

# Both derivations of a device-mapper table, of the same volumes.
target_link_libraries(test_volume PRIVATE coffer_cli)

# Decisions of the policy engine, for the comparison with the one in tests/policy_oracle.
add_executable(decide_policies programs/decide_policies.cc)
target_link_libraries(decide_policies PRIVATE coffer_policy)

# A PKCS#11 module that fails when it is told to, loaded by the tests of what uses tokens.
add_library(failing_token MODULE support/failing_token.cc)
pkg_check_modules(P11KIT REQUIRED IMPORTED_TARGET p11-kit-1)
target_link_libraries(failing_token PRIVATE PkgConfig::P11KIT dl)
target_compile_definitions(test_sealer PRIVATE COFFER_FAILING_TOKEN="$<TARGET_FILE:failing_token>")
add_dependencies(test_sealer failing_token)
