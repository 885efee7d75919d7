// SPDX-License-Identifier: Apache-2.0
// DecodeAuthorizationMessage.
#include "services/authorization_message.h"
#include "services/sts/sts_service.h"

namespace coffer::services::sts {

Result<api::DecodeAuthorizationMessageResponse> StsService::decode_authorization_message(
    Call& call, const api::DecodeAuthorizationMessageRequest& request) {
  COFFER_CHECK(call.authorise("sts:DecodeAuthorizationMessage", "*"));
  COFFER_TRY(message, services::decode_authorization_message(call.installation, call.account,
                                                             request.encoded_message));
  api::DecodeAuthorizationMessageResponse response;
  response.decoded_message = std::move(message);
  return response;
}

}  // namespace coffer::services::sts
