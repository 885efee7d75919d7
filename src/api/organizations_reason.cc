// SPDX-License-Identifier: Apache-2.0
#include "api/organizations_reason.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace coffer::api {
namespace {

// "Value 'x' at 'target.id' failed to satisfy constraint: Member must …; …"
struct Violation {
  std::string_view member;  // "id", the last name on the path
  std::string_view constraint;
};

Violation first_of(std::string_view message) {
  constexpr std::string_view kBefore = " at '", kBetween = "' failed to satisfy constraint: ";
  const size_t between = message.find(kBetween);
  if (between == std::string_view::npos) return {};
  const std::string_view before = message.substr(0, between);
  const size_t path = before.rfind(kBefore);
  std::string_view member = path == std::string_view::npos ? "" : before.substr(path + kBefore.size());
  member.remove_prefix(member.rfind('.') + 1);  // 0 where there is none
  const std::string_view rest = message.substr(between + kBetween.size());
  return {member, rest.substr(0, rest.find("; "))};
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

struct OfMember {
  std::string_view member;
  const char *reason, *sentence;
};

// What members have a reason of their own for, where their text is off its pattern.
constexpr std::array kOfPatterns{
    OfMember{"targetId", "INVALID_PATTERN_TARGET_ID",
             "You specified a policy target ID that doesn't match the required pattern."},
    OfMember{"policyId", "INVALID_SYNTAX_POLICY_ID", "You specified an invalid policy ID."},
    OfMember{"accountName", "INVALID_FULL_NAME_TARGET",
             "You specified a full name that contains invalid characters."},
    OfMember{"email", "INVALID_EMAIL_ADDRESS_TARGET",
             "You specified an invalid email address for the invited account owner."},
    OfMember{"roleName", "INVALID_ROLE_NAME", "You provided a role name that isn't valid."},
    OfMember{"nextToken", "INVALID_NEXT_TOKEN", "You provided an invalid NextToken."}};

}  // namespace

InvalidInputReason organizations_reason(const std::string& violations) {
  const auto [member, constraint] = first_of(violations);
  if (has(constraint, "must not be null"))
    return {"INPUT_REQUIRED", "You must include a value for all required parameters."};
  if (constraint.starts_with("Member must satisfy constraint: ["))
    return {"INVALID_LIST_MEMBER",
            "You provided a list to a parameter that contains at least one invalid value."};
  if (has(constraint, "enum value set")) {
    if (has(constraint, "SERVICE_CONTROL_POLICY"))
      return {"INVALID_ENUM_POLICY_TYPE", "You specified an invalid policy type string."};
    return {"INVALID_ENUM", "You specified an invalid value."};
  }
  if (has(constraint, "length less than"))
    return {"MAX_LENGTH_EXCEEDED", "You provided a string parameter that is longer than allowed."};
  if (has(constraint, "length greater than"))
    return {"MIN_LENGTH_EXCEEDED", "You provided a string parameter that is shorter than allowed."};
  if (has(constraint, "value less than"))
    return {"MAX_VALUE_EXCEEDED", "You provided a numeric parameter that has a larger value than allowed."};
  if (has(constraint, "value greater than"))
    return {"MIN_VALUE_EXCEEDED", "You provided a numeric parameter that has a smaller value than allowed."};
  const auto found = std::ranges::find(kOfPatterns, member, &OfMember::member);
  if (found != kOfPatterns.end()) return {found->reason, found->sentence};
  return {"INVALID_PATTERN", "You provided a value that does not match the required pattern."};
}

}  // namespace coffer::api
