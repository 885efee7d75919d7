// SPDX-License-Identifier: Apache-2.0
#include "wire/auth_failure.h"

#include <fmt/format.h>

namespace coffer::wire {
namespace {

constexpr const char* kNotValidated = "AWS was not able to validate the provided access credentials";

AuthErrorAnswer json_answer(const AuthFailure& failure) {
  switch (failure.reason) {
    case AuthReason::kMissing:
      return {400, "MissingAuthenticationTokenException", failure.message};
    case AuthReason::kIncomplete:
      return {400, "IncompleteSignatureException", failure.message};
    case AuthReason::kMalformedQuery:
      return {400, "MalformedQueryStringException", failure.message};
    case AuthReason::kUnknownKey:
    case AuthReason::kInvalidToken:
      return {400, "UnrecognizedClientException", failure.message};
    case AuthReason::kExpiredToken:
      return {400, "ExpiredTokenException", failure.message};
    case AuthReason::kExpired:
    case AuthReason::kNotYetCurrent:
    case AuthReason::kScope:
    case AuthReason::kMismatch:
      return {400, "InvalidSignatureException", failure.message};
  }
  return {400, "InvalidSignatureException", failure.message};
}

// The same names, and the status that REST gives to who is not let in.
AuthErrorAnswer rest_json_answer(const AuthFailure& failure) {
  AuthErrorAnswer answer = json_answer(failure);
  if (failure.reason != AuthReason::kIncomplete && failure.reason != AuthReason::kMalformedQuery)
    answer.http_status = 403;
  return answer;
}

AuthErrorAnswer query_answer(const AuthFailure& failure) {
  switch (failure.reason) {
    case AuthReason::kMissing:
      return {403, "MissingAuthenticationToken", "Request is missing Authentication Token"};
    case AuthReason::kIncomplete:
      return {400, "IncompleteSignature", failure.message};
    case AuthReason::kMalformedQuery:
      return {404, "MalformedQueryString", failure.message};
    case AuthReason::kUnknownKey:
    case AuthReason::kInvalidToken:
      return {403, "InvalidClientTokenId", failure.message};
    case AuthReason::kExpiredToken:
      return {403, "ExpiredToken", failure.message};
    case AuthReason::kExpired:
    case AuthReason::kNotYetCurrent:
    case AuthReason::kScope:
    case AuthReason::kMismatch:
      return {403, "SignatureDoesNotMatch", failure.message};
  }
  return {403, "SignatureDoesNotMatch", failure.message};
}

AuthErrorAnswer ec2_answer(const AuthFailure& failure) {
  switch (failure.reason) {
    case AuthReason::kMissing:
      return {400, "MissingParameter", "The request must contain the parameter AWSAccessKeyId"};
    case AuthReason::kIncomplete:
      return {401, "AuthFailure", "Authorization header or parameters are not formatted correctly."};
    case AuthReason::kMalformedQuery:
      return {400, "MalformedQueryString", failure.message};
    case AuthReason::kExpired:
    case AuthReason::kExpiredToken:
      return {400, "RequestExpired", "Request has expired."};
    case AuthReason::kUnknownKey:
    case AuthReason::kInvalidToken:
    case AuthReason::kNotYetCurrent:
    case AuthReason::kScope:
    case AuthReason::kMismatch:
      return {401, "AuthFailure", kNotValidated};
  }
  return {401, "AuthFailure", kNotValidated};
}

}  // namespace

AuthFailure missing_authentication() {
  return {AuthReason::kMissing, "Missing Authentication Token"};
}

AuthFailure unknown_access_key() {
  return {AuthReason::kUnknownKey, "The security token included in the request is invalid."};
}

AuthFailure invalid_session_token() {
  return {AuthReason::kInvalidToken, "The security token included in the request is invalid"};
}

AuthFailure expired_session_token() {
  return {AuthReason::kExpiredToken, "The security token included in the request is expired"};
}

AuthFailure signature_mismatch() {
  return {
      AuthReason::kMismatch,
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
      "Access Key and signing method. Consult the service documentation for details."};
}

AuthFailure wrong_scope(std::string_view wrong_region, std::string_view correct_service) {
  std::string message;
  if (!wrong_region.empty())
    message = fmt::format("Credential should be scoped to a valid region, not '{}'. ", wrong_region);
  if (!correct_service.empty())
    message += fmt::format("Credential should be scoped to correct service: '{}'. ", correct_service);
  return {AuthReason::kScope, message};
}

AuthErrorAnswer answer_for(const AuthFailure& failure, AuthErrorFamily family) {
  switch (family) {
    case AuthErrorFamily::kJson:
      return json_answer(failure);
    case AuthErrorFamily::kRestJson:
      return rest_json_answer(failure);
    case AuthErrorFamily::kQuery:
      return query_answer(failure);
    case AuthErrorFamily::kEc2:
      return ec2_answer(failure);
  }
  return json_answer(failure);
}

}  // namespace coffer::wire
