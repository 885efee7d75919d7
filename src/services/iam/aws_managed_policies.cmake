# SPDX-License-Identifier: Apache-2.0
# The table of AWS's own managed policies, from the files in aws_managed_policies/; see README.md there.
set(policies ${CMAKE_CURRENT_LIST_DIR}/aws_managed_policies)
set(table ${CMAKE_BINARY_DIR}/generated/aws_managed_policies.cc)
file(GLOB policy_files CONFIGURE_DEPENDS ${policies}/*.json)
add_custom_command(
  OUTPUT ${table}
  COMMAND ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 ${policies}/generate.py ${table}
  DEPENDS ${policies}/generate.py ${policy_files}
  COMMENT "Generating the table of AWS's managed policies"
  VERBATIM)
target_sources(coffer_services PRIVATE ${table})
