// SPDX-License-Identifier: Apache-2.0
// AssumeRole: the role's trust policy and, from another account, the caller's own policies decide.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "services/arn.h"
#include "services/iam/aws_managed_policies.h"
#include "services/iam_names.h"
#include "services/sts/sts_service.h"
#include "services/sts/temporary_credentials.h"
#include "wire/http.h"

namespace coffer::services::sts {
namespace {

using catalog::IamEntity;

constexpr int32_t kUsualSession = 3600;    // seconds
constexpr int32_t kLongestChained = 3600;  // of a session that a session asks for
constexpr size_t kLongestPolicies = 2048;  // characters, inline and managed policies' ARNs together
constexpr size_t kMostPolicyArns = 10;

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationError");
}

// Whether there is such a role in another account does not show: AWS gives no reason there.
Error refused(const Call& call, const std::string& action, const std::string& role_arn,
              const std::string& reason = {}) {
  return {ErrorKind::kPermissionDenied,
          fmt::format("User: {} is not authorized to perform: {} on resource: {}{}{}", call.principal.arn,
                      action, role_arn, reason.empty() ? "" : " ", reason),
          "AccessDenied"};
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

policy::Context context_of(const api::AssumeRoleRequest& request) {
  policy::Context context;
  context.set("sts:RoleSessionName", request.role_session_name);
  if (request.external_id) context.set("sts:ExternalId", *request.external_id);
  for (const auto& tag : request.tags.value_or(std::vector<api::Tag>())) {
    context.set("aws:RequestTag/" + tag.key, tag.value);
    context.add("aws:TagKeys", tag.key);
  }
  return context;
}

Status authorise(Call& call, const std::string& action, const IamEntity& role,
                 const api::AssumeRoleRequest& request) {
  COFFER_TRY(document, call.installation.documents->read(role.trust_policy, policy::DocumentKind::kTrust));
  const policy::AttachedPolicy trust{"role trust policy", document.get()};
  AccessQuestion question{.action = action,
                          .resource = request.role_arn,
                          .resource_account = role.account,
                          .resource_policy = &trust,
                          .rule = policy::ResourcePolicyRule::kMustAllowAsTrust,
                          .context = context_of(request)};
  for (const auto& [name, value] : role.tags) {
    question.context.set("aws:ResourceTag/" + name, value);
    question.context.set("iam:ResourceTag/" + name, value);
  }
  COFFER_TRY(decision, call.decide(question));
  if (decision.allowed()) return {};
  const bool own = role.account == call.account;
  return tl::unexpected(refused(call, action, request.role_arn,
                                own ? policy::reason(decision.verdict, action) : std::string()));
}

// The role, once its trust policy lets the caller in.
Result<IamEntity> assumable_role(Call& call, const api::AssumeRoleRequest& request) {
  if (call.principal.type == policy::PrincipalType::kRoot)
    return fail(ErrorKind::kPermissionDenied, "Roles may not be assumed by root accounts.", "AccessDenied");
  COFFER_TRY(role, find_role(call, request.role_arn));
  if (!role) return tl::unexpected(refused(call, "sts:AssumeRole", request.role_arn));
  COFFER_CHECK(authorise(call, "sts:AssumeRole", *role, request));
  if (request.tags && !request.tags->empty()) COFFER_CHECK(authorise(call, "sts:TagSession", *role, request));
  return std::move(*role);
}

// What would go unheeded is refused.
Status check_supported(const api::AssumeRoleRequest& request) {
  if (request.serial_number || request.token_code)
    return fail(ErrorKind::kPermissionDenied,
                "MultiFactorAuthentication failed with invalid MFA one time pass code.", "AccessDenied");
  if (request.source_identity) return invalid("SourceIdentity is not supported here.");
  if (request.transitive_tag_keys && !request.transitive_tag_keys->empty())
    return invalid("TransitiveTagKeys are not supported here.");
  return {};
}

Result<int32_t> duration_of(const Call& call, const IamEntity& role, const api::AssumeRoleRequest& request) {
  const int32_t seconds = request.duration_seconds.value_or(kUsualSession);
  if (seconds > role.longest_session_seconds)
    return invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  if (call.principal.type == policy::PrincipalType::kRoleSession && seconds > kLongestChained)
    return invalid(
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
  return seconds;
}

Status check_policy_arn(Call& call, const IamEntity& role, const std::string& arn) {
  if (iam::find_aws_managed_policy(arn) != nullptr) return {};
  return call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(policy, transaction.managed_policy(arn));
    if (policy && policy->account == role.account) return {};
    return invalid(fmt::format("The policy {} does not exist in the role's account.", arn));
  });
}

// Texts of inline policies and ARNs of managed ones, as a session's row has them.
Result<std::vector<std::string>> session_policies(Call& call, const IamEntity& role,
                                                  const api::AssumeRoleRequest& request) {
  std::vector<std::string> policies;
  if (request.policy) {
    if (auto document = policy::read_document(*request.policy, policy::DocumentKind::kIdentity); !document)
      return fail(ErrorKind::kInvalidArgument, std::move(document.error().message),
                  "MalformedPolicyDocument");
    policies.push_back(*request.policy);
  }
  const auto arns = request.policy_arns.value_or(std::vector<api::PolicyDescriptorType>());
  if (arns.size() > kMostPolicyArns)
    return invalid(fmt::format("At most {} managed session policies can be given.", kMostPolicyArns));
  for (const auto& each : arns) {
    COFFER_CHECK(check_policy_arn(call, role, each.arn.value_or("")));
    policies.push_back(*each.arn);
  }
  return policies;
}

Result<std::vector<std::pair<std::string, std::string>>> session_tags(const api::AssumeRoleRequest& request) {
  std::vector<std::pair<std::string, std::string>> tags;
  std::set<std::string> names;
  for (const auto& tag : request.tags.value_or(std::vector<api::Tag>())) {
    const std::string name = wire::lower_case(tag.key);
    if (name.starts_with("aws:")) return invalid("Tag keys must not begin with aws:, which is reserved.");
    if (!names.insert(name).second) return invalid("Duplicate tag keys found.");
    tags.emplace_back(tag.key, tag.value);
  }
  return tags;
}

size_t size_of(const std::vector<std::string>& policies) {
  size_t size = 0;
  for (const auto& policy : policies) size += policy.size();
  return size;
}

}  // namespace

Result<api::AssumeRoleResponse> StsService::assume_role(Call& call, const api::AssumeRoleRequest& request) {
  COFFER_TRY(role, assumable_role(call, request));
  COFFER_CHECK(check_supported(request));
  COFFER_TRY(seconds, duration_of(call, role, request));
  COFFER_TRY(policies, session_policies(call, role, request));
  const size_t size = size_of(policies);
  if (size > kLongestPolicies)
    return fail(ErrorKind::kLimitExceeded, "The session policies are too large.", "PackedPolicyTooLarge");
  COFFER_TRY(tags, session_tags(request));
  COFFER_TRY(session, make_session(call, role.account, role.id, seconds));
  session.row.name = request.role_session_name;
  session.row.policies = std::move(policies);
  session.row.tags = std::move(tags);
  return call.commit<api::AssumeRoleResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::AssumeRoleResponse> {
        COFFER_CHECK(insert_session(transaction, session));
        api::AssumeRoleResponse response;
        response.credentials = api_credentials(session);
        response.assumed_role_user = api::AssumedRoleUser{role.id + ":" + request.role_session_name,
                                                          assumed_role_arn(role, request.role_session_name)};
        if (size > 0) response.packed_policy_size = static_cast<int32_t>((size * 100) / kLongestPolicies);
        return response;
      });
}

}  // namespace coffer::services::sts
