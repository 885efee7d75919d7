// SPDX-License-Identifier: Apache-2.0
// The STS API: who am I, and temporary credentials. Thread-safe; keeps no state.
// Source: AWS STS API Reference; IAM User Guide, "Temporary security credentials in IAM".
#pragma once
#include "generated/sts/model.h"
#include "services/call.h"

namespace coffer::services::sts {

namespace api = coffer::sts;  // the generated shapes

class StsService final : public api::Handlers {
 public:
  // assume_role.cc
  Result<api::AssumeRoleResponse> assume_role(Call& call, const api::AssumeRoleRequest& request) override;
  // web_identity.cc
  Result<api::AssumeRoleWithWebIdentityResponse> assume_role_with_web_identity(
      Call& call, const api::AssumeRoleWithWebIdentityRequest& request) override;
  // federation_token.cc
  Result<api::GetFederationTokenResponse> get_federation_token(
      Call& call, const api::GetFederationTokenRequest& request) override;
  // decode_message.cc
  Result<api::DecodeAuthorizationMessageResponse> decode_authorization_message(
      Call& call, const api::DecodeAuthorizationMessageRequest& request) override;
  // caller.cc
  Result<api::GetCallerIdentityResponse> get_caller_identity(
      Call& call, const api::GetCallerIdentityRequest& request) override;
  Result<api::GetAccessKeyInfoResponse> get_access_key_info(
      Call& call, const api::GetAccessKeyInfoRequest& request) override;
  Result<api::GetSessionTokenResponse> get_session_token(Call& call,
                                                         const api::GetSessionTokenRequest& request) override;
};

}  // namespace coffer::services::sts
