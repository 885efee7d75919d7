// SPDX-License-Identifier: Apache-2.0
#include "services/iam/trust_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "policy/match.h"
#include "services/iam/documents.h"
#include "services/iam/entities.h"
#include "services/known_principals.h"

namespace coffer::services::iam {
namespace {

constexpr size_t kLongest = 2048;  // characters without white space

tl::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "MalformedPolicyDocument");
}

// What is asked on a role on the way into it (Service Authorization Reference, AWS Security Token Service). A
// pattern has to name STS and to cover one of them, as "sts:*" and "sts:AssumeRole*" do.
bool is_of_assuming(const std::string& pattern) {
  constexpr std::array<std::string_view, 6> kActions = {
      "sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity",
      "sts:TagSession", "sts:SetSourceIdentity",  "sts:SetContext"};
  if (!policy::to_lower(pattern).starts_with("sts:")) return false;
  return std::ranges::any_of(
      kActions, [&](std::string_view action) { return policy::matches_ignoring_case(pattern, action); });
}

// NotAction means all other services' actions too. What AWS says to it is written nowhere.
Status check_actions(const policy::Document& document) {
  for (const auto& statement : document.statements)
    if (statement.not_action || !std::ranges::all_of(statement.actions, is_of_assuming))
      return malformed("AssumeRole policy may only specify STS AssumeRole actions.");
  return {};
}

Status check_principals(Call& call, const policy::Document& document) {
  COFFER_TRY(unknown, unknown_principal(call.installation.catalog, document));
  if (!unknown) return {};
  return malformed(fmt::format("Invalid principal in policy: \"{}\":\"{}\"", unknown->kind, unknown->name));
}

}  // namespace

Status check_trust_policy(Call& call, const std::string& text) {
  COFFER_CHECK(check_document(text, policy::DocumentKind::kTrust));
  COFFER_TRY(document, call.installation.documents->read(text, policy::DocumentKind::kTrust));
  COFFER_CHECK(check_actions(*document));
  COFFER_CHECK(check_principals(call, *document));
  if (counted_size(text) > kLongest)
    return limit_exceeded(fmt::format("Cannot exceed quota for ACLSizePerRole: {}", kLongest));
  return {};
}

}  // namespace coffer::services::iam
