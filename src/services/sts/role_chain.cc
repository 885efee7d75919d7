// SPDX-License-Identifier: Apache-2.0
#include "services/sts/role_chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "wire/http.h"

namespace coffer::services::sts {
namespace {

using Tag = SessionTags::value_type;

// The tag of that name, whatever its case.
auto find_tag(const SessionTags& tags, const std::string& name) {
  return std::ranges::find_if(tags,
                              [&](const Tag& tag) { return wire::equal_ignoring_case(tag.first, name); });
}

Result<std::string> source_identity(const Call& call, const api::AssumeRoleRequest& request) {
  const std::string own = policy::source_identity_of(call.principal);
  const std::string wanted = request.source_identity.value_or(own);
  if (!own.empty() && wanted != own)
    return fail(ErrorKind::kPermissionDenied,
                fmt::format("The session's source identity is {}, and cannot be changed.", own),
                "AccessDenied");
  return wanted;
}

Status add_tags(const Call& call, const api::AssumeRoleRequest& request, ChainedFacts& facts) {
  const auto& session = call.principal.session;
  facts.transitive_tags = session.transitive_tags;
  for (const auto& name : session.transitive_tags)
    if (const auto tag = find_tag(session.tags, name); tag != session.tags.end()) facts.tags.push_back(*tag);
  const SessionTags inherited = facts.tags;
  for (const auto& tag : tags_of(request.tags)) {
    if (find_tag(inherited, tag.first) != inherited.end())
      return invalid(
          "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag "
          "key "
          "from the calling session.");
    facts.tags.push_back(tag);
  }
  return {};
}

}  // namespace

Result<ChainedFacts> chained_facts(const Call& call, const api::AssumeRoleRequest& request) {
  ChainedFacts facts;
  COFFER_TRY(identity, source_identity(call, request));
  facts.source_identity = std::move(identity);
  COFFER_CHECK(add_tags(call, request, facts));
  COFFER_TRY(checked, checked_tags(facts.tags));
  facts.tags = std::move(checked);
  const SessionTags own = tags_of(request.tags);
  for (const auto& name : request.transitive_tag_keys.value_or(std::vector<std::string>())) {
    const auto tag = find_tag(own, name);
    if (tag == own.end())
      return invalid("The specified transitive tag key must be included in the requested tags.");
    facts.transitive_tags.push_back(tag->first);
  }
  // Of what the user said to GetSessionToken. What is said to AssumeRole itself counts for that call alone:
  // the IAM User Guide has it so ("Secure API access with MFA").
  if (call.principal.type == policy::PrincipalType::kUser)
    facts.mfa_authenticated = call.principal.session.mfa_authenticated;
  return facts;
}

}  // namespace coffer::services::sts
