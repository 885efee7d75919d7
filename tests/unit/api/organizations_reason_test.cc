// SPDX-License-Identifier: Apache-2.0
// Is the reason that of the first violation, whatever the values say?
#include "api/organizations_reason.h"

#include <gtest/gtest.h>

namespace coffer::api {
namespace {

std::string reason(const std::string& violations) {
  return organizations_reason("2 validation errors detected: " + violations).reason;
}

TEST(OrganizationsReason, IsOfTheFirstViolation) {
  const std::string missing =
      "Value null at 'accountId' failed to satisfy constraint: Member must not be null";
  const std::string pattern =
      "Value 'x' at 'targetId' failed to satisfy constraint: Member must satisfy regular expression pattern: "
      "^y$";
  EXPECT_EQ(reason(missing + "; " + pattern), "INPUT_REQUIRED");
  EXPECT_EQ(reason(pattern + "; " + missing), "INVALID_PATTERN_TARGET_ID");
}

TEST(OrganizationsReason, IsOfTheLastNameOnThePath) {
  EXPECT_EQ(reason("Value 'x' at 'filter.policyId' failed to satisfy constraint: Member must satisfy regular "
                   "expression pattern: p"),
            "INVALID_SYNTAX_POLICY_ID");
}

TEST(OrganizationsReason, IsFoundInAnyText) {
  for (const char* text :
       {"", "'", "' failed to satisfy constraint: ", " at '' failed to satisfy constraint: "})
    EXPECT_EQ(reason(text), "INVALID_PATTERN") << text;
}

}  // namespace
}  // namespace coffer::api
