// SPDX-License-Identifier: Apache-2.0
// AssumeRole: the role's trust policy and, from another account, the caller's own policies decide.
#include <fmt/format.h>

#include "services/iam_names.h"
#include "services/sts/role_sessions.h"
#include "services/sts/sts_service.h"
#include "services/sts/temporary_credentials.h"

namespace coffer::services::sts {
namespace {

using catalog::IamEntity;

// Whether there is such a role in another account does not show: AWS gives no reason there.
Error refused(const Call& call, const std::string& action, const std::string& role_arn,
              const std::string& reason = {}) {
  return {ErrorKind::kPermissionDenied,
          fmt::format("User: {} is not authorized to perform: {} on resource: {}{}{}", call.principal.arn,
                      action, role_arn, reason.empty() ? "" : " ", reason),
          "AccessDenied"};
}

policy::Context context_of(const api::AssumeRoleRequest& request) {
  policy::Context context;
  context.set("sts:RoleSessionName", request.role_session_name);
  if (request.external_id) context.set("sts:ExternalId", *request.external_id);
  add_session_tags(tags_of(request.tags), context);
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
  add_role_tags(role, question.context);
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

}  // namespace

Result<api::AssumeRoleResponse> StsService::assume_role(Call& call, const api::AssumeRoleRequest& request) {
  COFFER_TRY(role, assumable_role(call, request));
  COFFER_CHECK(check_supported(request));
  COFFER_TRY(seconds, duration_of(call, role, request.duration_seconds));
  COFFER_TRY(policies, session_policies(call, role.account, request.policy, request.policy_arns));
  COFFER_TRY(tags, checked_tags(tags_of(request.tags)));
  COFFER_TRY(session, make_session(call, role.account, role.id, seconds));
  session.row.name = request.role_session_name;
  session.row.policies = std::move(policies.texts);
  session.row.tags = std::move(tags);
  return call.commit<api::AssumeRoleResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::AssumeRoleResponse> {
        COFFER_CHECK(insert_session(transaction, session));
        api::AssumeRoleResponse response;
        response.credentials = api_credentials(session);
        response.assumed_role_user = api::AssumedRoleUser{role.id + ":" + request.role_session_name,
                                                          assumed_role_arn(role, request.role_session_name)};
        response.packed_policy_size = policies.packed_size;
        return response;
      });
}

}  // namespace coffer::services::sts
