// SPDX-License-Identifier: Apache-2.0
#include "services/sts/role_sessions.h"

#include <fmt/format.h>

#include <set>

#include "services/arn.h"
#include "services/iam/aws_managed_policies.h"
#include "services/iam_names.h"
#include "services/request_tags.h"
#include "services/sts/packed_size.h"
#include "wire/http.h"

namespace coffer::services::sts {
namespace {

using catalog::IamEntity;

constexpr int32_t kUsualSession = 3600;    // seconds
constexpr int32_t kLongestChained = 3600;  // of a session that a session asks for
constexpr size_t kLongestPolicies = 2048;  // characters, inline and managed policies' ARNs together
constexpr size_t kMostPolicyArns = 10;
constexpr size_t kMostTags = 50, kLongestTagName = 128, kLongestTagValue = 256;

Status check_session_policy(Call& call, const std::string& account, const std::string& arn) {
  if (iam::find_aws_managed_policy(arn) != nullptr) return {};
  return call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(policy, transaction.managed_policy(arn));
    if (policy && policy->account == account) return {};
    return invalid(fmt::format("The policy {} does not exist in the role's account.", arn));
  });
}

}  // namespace

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationError");
}

Result<std::optional<IamEntity>> find_role(Call& call, const std::string& arn) {
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->service != "iam" || !parsed->resource.starts_with("role/"))
    return invalid(fmt::format("{} is invalid", arn));
  std::optional<IamEntity> role;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.iam_entity_named(parsed->account, "role", policy::entity_name(arn)));
    if (found && entity_arn(*found) == arn) role = std::move(found);
    return {};
  }));
  return role;
}

void add_role_tags(const IamEntity& role, policy::Context& context) {
  for (const auto& [name, value] : role.tags) {
    context.set("aws:ResourceTag/" + name, value);
    context.set("iam:ResourceTag/" + name, value);
  }
}

void add_session_tags(const SessionTags& tags, policy::Context& context) {
  for (const auto& [name, value] : tags) add_request_tag(name, value, context);
}

Result<int32_t> duration_of(const Call& call, const IamEntity& role, const std::optional<int32_t>& seconds) {
  const int32_t wanted = seconds.value_or(kUsualSession);
  if (wanted > role.longest_session_seconds)
    return invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  if (call.principal.type == policy::PrincipalType::kRoleSession && wanted > kLongestChained)
    return invalid(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
  return wanted;
}

Result<SessionPolicies> session_policies(
    Call& call, const std::string& account, const std::optional<std::string>& policy,
    const std::optional<std::vector<api::PolicyDescriptorType>>& policy_arns, const SessionTags& tags) {
  SessionPolicies policies;
  if (policy) {
    if (auto document = policy::read_document(*policy, policy::DocumentKind::kIdentity); !document)
      return fail(ErrorKind::kInvalidArgument, std::move(document.error().message),
                  "MalformedPolicyDocument");
    policies.texts.push_back(*policy);
  }
  const auto arns = policy_arns.value_or(std::vector<api::PolicyDescriptorType>());
  if (arns.size() > kMostPolicyArns)
    return invalid(fmt::format("At most {} managed session policies can be given.", kMostPolicyArns));
  for (const auto& each : arns) {
    COFFER_CHECK(check_session_policy(call, account, each.arn.value_or("")));
    policies.texts.push_back(*each.arn);
  }
  size_t size = 0;
  for (const auto& text : policies.texts) size += text.size();
  if (size > kLongestPolicies)
    return invalid(fmt::format(
        "The session policies and the ARNs of managed ones have more than {} characters.", kLongestPolicies));
  COFFER_TRY(packed, packed_size(policies.texts, tags));
  policies.packed_size = packed;
  return policies;
}

Result<SessionTags> checked_tags(const SessionTags& tags) {
  if (tags.size() > kMostTags)
    return invalid(fmt::format("At most {} session tags can be given.", kMostTags));
  std::set<std::string> names;
  for (const auto& [name, value] : tags) {
    const std::string lower = wire::lower_case(name);
    if (name.empty() || name.size() > kLongestTagName || value.size() > kLongestTagValue)
      return invalid("A session tag is too long.");
    if (lower.starts_with("aws:")) return invalid("Tag keys must not begin with aws:, which is reserved.");
    if (!names.insert(lower).second) return invalid("Duplicate tag keys found.");
  }
  return tags;
}

SessionTags tags_of(const std::optional<std::vector<api::Tag>>& tags) {
  SessionTags pairs;
  for (const auto& tag : tags.value_or(std::vector<api::Tag>())) pairs.emplace_back(tag.key, tag.value);
  return pairs;
}

}  // namespace coffer::services::sts
