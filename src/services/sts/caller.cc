// SPDX-License-Identifier: Apache-2.0
// GetCallerIdentity, GetAccessKeyInfo, GetSessionToken.
#include "services/sts/mfa.h"
#include "services/sts/sts_service.h"
#include "services/sts/temporary_credentials.h"

namespace coffer::services::sts {
namespace {

constexpr int32_t kUsualForUsers = 43200;  // seconds
constexpr int32_t kMostForRoot = 3600;

}  // namespace

// "No permissions are required to perform this operation", not even where a policy denies it.
Result<api::GetCallerIdentityResponse> StsService::get_caller_identity(Call& call,
                                                                       const api::GetCallerIdentityRequest&) {
  call.needs_no_permission();
  return api::GetCallerIdentityResponse{call.principal.id, call.account, call.principal.arn};
}

Result<api::GetAccessKeyInfoResponse> StsService::get_access_key_info(
    Call& call, const api::GetAccessKeyInfoRequest& request) {
  COFFER_CHECK(call.authorise("sts:GetAccessKeyInfo", "*"));
  api::GetAccessKeyInfoResponse response;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(key, transaction.access_key(request.access_key_id));
    if (key) response.account = key->account;
    COFFER_TRY(session, transaction.session(request.access_key_id));
    if (session) response.account = session->account;
    return {};
  }));
  if (!response.account)
    return fail(ErrorKind::kInvalidArgument, "There is no access key with this id here.", "ValidationError");
  return response;
}

// Whoever has credentials may have temporary ones: no policy is asked.
Result<api::GetSessionTokenResponse> StsService::get_session_token(
    Call& call, const api::GetSessionTokenRequest& request) {
  call.needs_no_permission();
  if (call.principal.temporary)
    return fail(ErrorKind::kPermissionDenied, "Cannot call GetSessionToken with session credentials",
                "AccessDenied");
  COFFER_TRY(authenticated, mfa_authenticated(call, request.serial_number, request.token_code));
  const bool root = call.principal.type == policy::PrincipalType::kRoot;
  int32_t seconds = request.duration_seconds.value_or(kUsualForUsers);
  if (root) seconds = std::min(seconds, kMostForRoot);
  COFFER_TRY(session, make_session(call, call.account, root ? "" : call.principal.id, seconds));
  session.row.mfa_authenticated = authenticated;
  return call.commit<api::GetSessionTokenResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::GetSessionTokenResponse> {
        COFFER_CHECK(insert_session(transaction, session));
        return api::GetSessionTokenResponse{api_credentials(session)};
      });
}

}  // namespace coffer::services::sts
