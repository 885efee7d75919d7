// SPDX-License-Identifier: Apache-2.0
// AssumeRole: the role's trust policy and, from another account, the caller's own policies decide.
#include <fmt/format.h>

#include "services/iam_names.h"
#include "services/stored_policy.h"
#include "services/sts/mfa.h"
#include "services/sts/role_chain.h"
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

policy::Context context_of(const api::AssumeRoleRequest& request, const ChainedFacts& facts) {
  policy::Context context;
  context.set("sts:RoleSessionName", request.role_session_name);
  if (request.external_id) context.set("sts:ExternalId", *request.external_id);
  if (!facts.source_identity.empty()) context.set("sts:SourceIdentity", facts.source_identity);
  add_session_tags(tags_of(request.tags), context);
  for (const auto& name : request.transitive_tag_keys.value_or(std::vector<std::string>()))
    context.add("sts:TransitiveTagKeys", name);
  return context;
}

Status authorise(Call& call, const std::string& action, const IamEntity& role,
                 const api::AssumeRoleRequest& request, const ChainedFacts& facts) {
  COFFER_TRY(document,
             read_stored_policy(*call.installation.documents, role.trust_policy, policy::DocumentKind::kTrust,
                                "trust policy of " + entity_arn(role)));
  const policy::AttachedPolicy trust{"role trust policy", document.get()};
  AccessQuestion question{.action = action,
                          .resource = request.role_arn,
                          .resource_account = role.account,
                          .resource_policy = &trust,
                          .rule = policy::ResourcePolicyRule::kMustAllowAsTrust,
                          .context = context_of(request, facts)};
  add_role_tags(role, question.context);
  COFFER_TRY(decision, call.decide(question));
  if (decision.allowed()) return {};
  const bool own = role.account == call.account;
  return tl::unexpected(refused(call, action, request.role_arn,
                                own ? policy::reason(decision.verdict, action) : std::string()));
}

// The role, once its trust policy lets the caller in.
Result<IamEntity> assumable_role(Call& call, const api::AssumeRoleRequest& request,
                                 const ChainedFacts& facts) {
  COFFER_TRY(role, find_role(call, request.role_arn));
  if (!role) return tl::unexpected(refused(call, "sts:AssumeRole", request.role_arn));
  COFFER_CHECK(authorise(call, "sts:AssumeRole", *role, request, facts));
  if (!facts.tags.empty()) COFFER_CHECK(authorise(call, "sts:TagSession", *role, request, facts));
  if (!facts.source_identity.empty())
    COFFER_CHECK(authorise(call, "sts:SetSourceIdentity", *role, request, facts));
  return std::move(*role);
}

}  // namespace

Result<api::AssumeRoleResponse> StsService::assume_role(Call& call, const api::AssumeRoleRequest& request) {
  if (call.principal.type == policy::PrincipalType::kRoot)
    return fail(ErrorKind::kPermissionDenied, "Roles may not be assumed by root accounts.", "AccessDenied");
  COFFER_TRY(facts, chained_facts(call, request));
  COFFER_TRY(authenticated, mfa_authenticated(call, request.serial_number, request.token_code));
  if (authenticated) call.principal.session.mfa_authenticated = authenticated;
  COFFER_TRY(role, assumable_role(call, request, facts));
  COFFER_TRY(seconds, duration_of(call, role, request.duration_seconds));
  COFFER_TRY(policies, session_policies(call, role.account, request.policy, request.policy_arns, facts.tags));
  COFFER_TRY(session, make_session(call, role.account, role.id, seconds));
  session.row.name = request.role_session_name;
  session.row.policies = std::move(policies.texts);
  session.row.tags = std::move(facts.tags);
  session.row.transitive_tags = std::move(facts.transitive_tags);
  session.row.mfa_authenticated = facts.mfa_authenticated;
  if (!facts.source_identity.empty())
    session.row.context = {{policy::kSourceIdentity, facts.source_identity}};
  return call.commit<api::AssumeRoleResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::AssumeRoleResponse> {
        COFFER_CHECK(insert_session(transaction, session));
        api::AssumeRoleResponse response;
        response.credentials = api_credentials(session);
        response.assumed_role_user = api::AssumedRoleUser{role.id + ":" + request.role_session_name,
                                                          assumed_role_arn(role, request.role_session_name)};
        response.packed_policy_size = policies.packed_size;
        if (!facts.source_identity.empty()) response.source_identity = facts.source_identity;
        return response;
      });
}

}  // namespace coffer::services::sts
