// SPDX-License-Identifier: Apache-2.0
#include "services/organizations/policy_documents.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/document.h"
#include "services/organizations/errors.h"
#include "services/organizations/managed_policies.h"

namespace coffer::services::organizations {
namespace {

using policy::Statement;

constexpr size_t kLongest = 5120;  // characters, white space too

tl::unexpected<Error> malformed(const std::string& cause) {
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("The provided policy document does not meet the requirements of the specified "
                          "policy type. {}",
                          cause),
              "MalformedPolicyDocumentException");
}

size_t characters_in(const std::string& text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

bool names_everybody(const Statement& statement) {
  const auto& principal = statement.principal;
  return principal && !principal->negated && principal->everyone && principal->aws.empty() &&
         principal->accounts.empty() && principal->services.empty() && principal->federated.empty() &&
         principal->canonical_users.empty();
}

// What a resource control policy must not have, though a resource's policy may.
std::string excess_of(const Statement& statement) {
  if (statement.effect == policy::Effect::kAllow) return "only RCPFullAWSAccess allows.";
  if (!names_everybody(statement)) return "its principal must be \"*\".";
  if (statement.not_action) return "NotAction is not supported.";
  return {};
}

}  // namespace

Status check_policy_content(const std::string& content, const std::string& type) {
  const bool resource_control = type == kResourceControlPolicy;
  const auto document = policy::read_document(
      content, resource_control ? policy::DocumentKind::kResource : policy::DocumentKind::kIdentity);
  if (!document) return malformed(document.error().message);
  if (!document->has_variables) return malformed("Its Version must be 2012-10-17.");
  if (resource_control)
    for (size_t i = 0; i < document->statements.size(); ++i)
      if (const auto excess = excess_of(document->statements[i]); !excess.empty())
        return malformed(fmt::format("Statement {}: {}", i + 1, excess));
  if (characters_in(content) > kLongest)
    return constraint_violation("POLICY_CONTENT_LIMIT_EXCEEDED",
                                fmt::format("The policy document is longer than {} characters.", kLongest));
  return {};
}

}  // namespace coffer::services::organizations
