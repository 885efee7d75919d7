// SPDX-License-Identifier: Apache-2.0
// ExplainAccess, which AWS has not: `coffer explain` for those who have no access to the admin socket.
#include "services/access_explanation.h"
#include "services/arn.h"
#include "services/iam/iam_service.h"

namespace coffer::services::iam {
namespace {

// Another account's policies are not the caller's to read.
Status check_own(const Call& call, const std::string& arn) {
  const auto parsed = parse_arn(arn);
  if (!parsed || parsed->account.empty() || parsed->account == call.account) return {};
  return fail(ErrorKind::kPermissionDenied, arn + " is of another account.", "AccessDenied");
}

}  // namespace

Result<api::ExplainAccessResponse> IamService::explain_access(Call& call,
                                                              const api::ExplainAccessRequest& request) {
  COFFER_CHECK(call.authorise("iam:ExplainAccess", request.policy_source_arn));
  AccessCase access{
      request.policy_source_arn, request.action_name, request.resource_arn.value_or("*"), {}, call.account};
  COFFER_CHECK(check_own(call, access.principal_arn));
  COFFER_CHECK(check_own(call, access.resource));
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
