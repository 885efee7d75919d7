// SPDX-License-Identifier: Apache-2.0
// ExplainAccess, which AWS has not: `coffer explain` for those who have no access to the admin socket.
#include <algorithm>

#include "services/access_explanation.h"
#include "services/arn.h"
#include "services/asked_actions.h"
#include "services/iam/entities.h"
#include "services/iam/iam_service.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

using policy::PrincipalType;

// An invitation is of both its sides: to others there is none.
bool is_invitation(const std::string& action, const Arn& arn) {
  const AskedAction* asked = find_asked_action(action);
  return asked != nullptr && arn.service == "organizations" && arn.resource.starts_with("handshake/") &&
         std::ranges::any_of(asked->kinds, [](const AskedKind& kind) {
           return kind.service == "organizations" && kind.type == "handshake";
         });
}

// Another account's policies are not the caller's to read, nor those of its organization. AWS's own are
// everybody's.
Status check_own(const Call& call, const std::string& action, const std::string& arn) {
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->account.empty() || parsed->account == call.account) return {};
  if (parsed->account == "aws" || is_invitation(action, *parsed)) return {};
  return fail(ErrorKind::kPermissionDenied, arn + " is of another account.", "AccessDenied");
}

// What is asked for a session is asked of its role, under the role's own ARN.
Result<std::string> arn_to_ask_on(const Call& call, const std::string& arn) {
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->account != call.account || !parsed->resource.starts_with("assumed-role/"))
    return arn;
  const std::string name = policy::entity_name(arn);
  std::string asked = iam_arn(call.account, "role", "/", name);
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(role, transaction.iam_entity_named(call.account, "role", name));
    if (role) asked = entity_arn(*role);
    return {};
  }));
  return asked;
}

}  // namespace

Result<api::ExplainAccessResponse> IamService::explain_access(Call& call,
                                                              const api::ExplainAccessRequest& request) {
  COFFER_TRY(source, arn_to_ask_on(call, request.policy_source_arn));
  COFFER_CHECK(authorise_on(call, source));
  AccessCase access{
      request.policy_source_arn, request.action_name, request.resource_arn.value_or("*"), {}, call.account};
  access.secure_transport = call.secure_transport;
  const auto type = call.principal.type;
  if (access.principal_arn == call.principal.arn &&
      (type == PrincipalType::kRoleSession || type == PrincipalType::kFederatedUser))
    access.caller = &call.principal;
  COFFER_CHECK(check_own(call, "", access.principal_arn));
  COFFER_CHECK(check_own(call, access.action, access.resource));
  for (const auto& entry : request.context_entries.value_or(std::vector<api::ContextEntry>()))
    for (const auto& value : entry.context_key_values.value_or(std::vector<std::string>()))
      access.context.emplace_back(entry.context_key_name.value_or(""), value);
  COFFER_TRY(told, services::explain_access(call.installation, access));
  api::ExplainAccessResponse response;
  response.allowed = told.allowed;
  response.reason = told.reason;
  response.explanation = to_json(told);
  return response;
}

}  // namespace coffer::services::iam
