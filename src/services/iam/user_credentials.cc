// SPDX-License-Identifier: Apache-2.0
// Passwords, certificates, SSH keys and credentials of single services: users have none here, and whoever
// asks (before deleting a user, say) is told so.
#include <fmt/format.h>

#include "services/iam/entities.h"

namespace coffer::services::iam {
namespace {

Status authorise_for_user(Call& call, const std::optional<std::string>& name) {
  return find_user_or_caller(call, name).transform([](const auto&) {});
}

// None of what an answer lists as `named`.
template <class Response, class List>
Result<Response> none(Call& call, const std::optional<std::string>& user, List Response::*named) {
  COFFER_CHECK(authorise_for_user(call, user));
  Response response;
  (response.*named).emplace();
  if constexpr (requires { response.is_truncated; }) response.is_truncated = false;
  return response;
}

}  // namespace

Result<api::ListSigningCertificatesResponse> IamService::list_signing_certificates(
    Call& call, const api::ListSigningCertificatesRequest& request) {
  return none(call, request.user_name, &api::ListSigningCertificatesResponse::certificates);
}

Result<api::ListSSHPublicKeysResponse> IamService::list_ssh_public_keys(
    Call& call, const api::ListSSHPublicKeysRequest& request) {
  return none(call, request.user_name, &api::ListSSHPublicKeysResponse::ssh_public_keys);
}

Result<api::ListServiceSpecificCredentialsResponse> IamService::list_service_specific_credentials(
    Call& call, const api::ListServiceSpecificCredentialsRequest& request) {
  return none(call, request.user_name,
              &api::ListServiceSpecificCredentialsResponse::service_specific_credentials);
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
