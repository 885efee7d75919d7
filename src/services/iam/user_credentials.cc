// SPDX-License-Identifier: Apache-2.0
// Passwords, MFA devices, certificates, SSH keys and passwords of single services: users have none here, and
// whoever asks (before deleting a user, say) is told so.
#include <fmt/format.h>

#include "services/iam/entities.h"
#include "services/iam/paging.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

// Without a name the caller's own; a caller who is no user has none.
Status authorise_for_user(Call& call, const std::optional<std::string>& name) {
  if (!name && call.principal.type != policy::PrincipalType::kUser)
    return call.authorise("iam:" + call.operation, iam_arn(call.account, "user", "/", "*"));
  return find_entity(call, kUser, name.value_or(policy::entity_name(call.principal.arn)))
      .transform([](const auto&) {});
}

}  // namespace

Result<api::ListMFADevicesResponse> IamService::list_mfa_devices(Call& call,
                                                                 const api::ListMFADevicesRequest& request) {
  COFFER_CHECK(authorise_for_user(call, request.user_name));
  api::ListMFADevicesResponse response;
  response.mfa_devices.emplace();
  response.is_truncated = false;
  return response;
}

Result<api::ListVirtualMFADevicesResponse> IamService::list_virtual_mfa_devices(
    Call& call, const api::ListVirtualMFADevicesRequest&) {
  COFFER_CHECK(call.authorise("iam:ListVirtualMFADevices", iam_arn(call.account, "mfa", "/", "*")));
  api::ListVirtualMFADevicesResponse response;
  response.virtual_mfa_devices.emplace();
  response.is_truncated = false;
  return response;
}

Result<api::ListSigningCertificatesResponse> IamService::list_signing_certificates(
    Call& call, const api::ListSigningCertificatesRequest& request) {
  COFFER_CHECK(authorise_for_user(call, request.user_name));
  api::ListSigningCertificatesResponse response;
  response.certificates.emplace();
  response.is_truncated = false;
  return response;
}

Result<api::ListSSHPublicKeysResponse> IamService::list_ssh_public_keys(
    Call& call, const api::ListSSHPublicKeysRequest& request) {
  COFFER_CHECK(authorise_for_user(call, request.user_name));
  api::ListSSHPublicKeysResponse response;
  response.ssh_public_keys.emplace();
  response.is_truncated = false;
  return response;
}

Result<api::ListServiceSpecificCredentialsResponse> IamService::list_service_specific_credentials(
    Call& call, const api::ListServiceSpecificCredentialsRequest& request) {
  COFFER_CHECK(authorise_for_user(call, request.user_name));
  api::ListServiceSpecificCredentialsResponse response;
  response.service_specific_credentials.emplace();
  return response;
}

Result<api::GetLoginProfileResponse> IamService::get_login_profile(
    Call& call, const api::GetLoginProfileRequest& request) {
  COFFER_CHECK(authorise_for_user(call, request.user_name));
  return no_such_entity(fmt::format("Login Profile for User {} cannot be found.", request.user_name));
}

Result<api::DeleteLoginProfileResponse> IamService::delete_login_profile(
    Call& call, const api::DeleteLoginProfileRequest& request) {
  COFFER_CHECK(authorise_for_user(call, request.user_name));
  return no_such_entity(fmt::format("Login Profile for User {} cannot be found.", request.user_name));
}

}  // namespace coffer::services::iam
