// SPDX-License-Identifier: Apache-2.0
// GetFederationToken: temporary credentials under a name of the caller's choice, with at most what the caller
// has and the session policies allow.
#include <fmt/format.h>

#include "services/iam_names.h"
#include "services/sts/role_sessions.h"
#include "services/sts/temporary_credentials.h"

namespace coffer::services::sts {
namespace {

constexpr int32_t kUsual = 43200;  // seconds
constexpr int32_t kMostForRoot = 3600;

Status authorise(Call& call, const std::string& action, const std::string& arn, const SessionTags& tags) {
  AccessQuestion question{.action = action, .resource = arn};
  add_session_tags(tags, question.context);
  return call.authorise(question);
}

}  // namespace

Result<api::GetFederationTokenResponse> StsService::get_federation_token(
    Call& call, const api::GetFederationTokenRequest& request) {
  const std::string arn = federated_user_arn(call.account, request.name);
  const SessionTags wanted = tags_of(request.tags);
  COFFER_CHECK(authorise(call, "sts:GetFederationToken", arn, wanted));
  if (!wanted.empty()) COFFER_CHECK(authorise(call, "sts:TagSession", arn, wanted));
  if (call.principal.temporary)
    return fail(ErrorKind::kPermissionDenied, "Cannot call GetFederationToken with session credentials",
                "AccessDenied");
  const bool root = call.principal.type == policy::PrincipalType::kRoot;
  int32_t seconds = request.duration_seconds.value_or(kUsual);
  if (root) seconds = std::min(seconds, kMostForRoot);
  COFFER_TRY(tags, checked_tags(wanted));
  COFFER_TRY(policies, session_policies(call, call.account, request.policy, request.policy_arns, tags));
  COFFER_TRY(session, make_session(call, call.account, root ? "" : call.principal.id, seconds));
  session.row.name = request.name;
  session.row.policies = std::move(policies.texts);
  session.row.tags = std::move(tags);
  return call.commit<api::GetFederationTokenResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::GetFederationTokenResponse> {
        COFFER_CHECK(insert_session(transaction, session));
        api::GetFederationTokenResponse response;
        response.credentials = api_credentials(session);
        response.federated_user = api::FederatedUser{fmt::format("{}:{}", call.account, request.name), arn};
        response.packed_policy_size = policies.packed_size;
        return response;
      });
}

}  // namespace coffer::services::sts
