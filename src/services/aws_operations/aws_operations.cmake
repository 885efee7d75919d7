# SPDX-License-Identifier: Apache-2.0
# The names of AWS's operations, from botocore's models, for explanations (asked_actions.h).
set(generator ${CMAKE_CURRENT_LIST_DIR}/generate.py)
set(table ${CMAKE_BINARY_DIR}/generated/aws_operations.cc)
add_custom_command(
  OUTPUT ${table}
  COMMAND ${CMAKE_COMMAND} -E env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 ${generator} ${table}
          ebs ec2 iam kms organizations sts
  DEPENDS ${generator}
  COMMENT "Generating the names of AWS's operations"
  VERBATIM)
target_sources(coffer_services PRIVATE ${table})
