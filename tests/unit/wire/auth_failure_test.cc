// SPDX-License-Identifier: Apache-2.0
// Does each family of protocols get AWS's code, status and text for a refused caller?
#include "wire/auth_failure.h"

#include <gtest/gtest.h>

namespace coffer::wire {
namespace {

struct Expected {
  AuthFailure failure;
  AuthErrorFamily family;
  int status;
  const char* code;
  const char* message;
};

TEST(AuthErrorAnswer, IsAws) {
  constexpr auto json = AuthErrorFamily::kJson;
  constexpr auto rest = AuthErrorFamily::kRestJson;
  constexpr auto query = AuthErrorFamily::kQuery;
  constexpr auto ec2 = AuthErrorFamily::kEc2;
  const char* invalid_token = "The security token included in the request is invalid.";
  const char* mismatch =
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
      "Access "
      "Key and signing method. Consult the service documentation for details.";
  const char* not_validated = "AWS was not able to validate the provided access credentials";
  const AuthFailure incomplete{AuthReason::kIncomplete, "requires"};
  const AuthFailure expired{AuthReason::kExpired, "Signature expired: x"};
  const Expected table[] = {
      {missing_authentication(), json, 400, "MissingAuthenticationTokenException",
       "Missing Authentication Token"},
      {incomplete, json, 400, "IncompleteSignatureException", "requires"},
      {unknown_access_key(), json, 400, "UnrecognizedClientException", invalid_token},
      {signature_mismatch(), json, 400, "InvalidSignatureException", mismatch},
      {expired, json, 400, "InvalidSignatureException", "Signature expired: x"},
      {missing_authentication(), rest, 403, "MissingAuthenticationTokenException",
       "Missing Authentication Token"},
      {unknown_access_key(), rest, 403, "UnrecognizedClientException", invalid_token},
      {signature_mismatch(), rest, 403, "InvalidSignatureException", mismatch},
      {incomplete, rest, 400, "IncompleteSignatureException", "requires"},
      {wrong_scope("mars-1", "kms"), json, 400, "InvalidSignatureException",
       "Credential should be scoped to a valid region, not 'mars-1'. Credential should be scoped to correct "
       "service: "
       "'kms'. "},
      {missing_authentication(), query, 403, "MissingAuthenticationToken",
       "Request is missing Authentication Token"},
      {incomplete, query, 400, "IncompleteSignature", "requires"},
      {unknown_access_key(), query, 403, "InvalidClientTokenId", invalid_token},
      {signature_mismatch(), query, 403, "SignatureDoesNotMatch", mismatch},
      {expired, query, 403, "SignatureDoesNotMatch", "Signature expired: x"},
      {missing_authentication(), ec2, 400, "MissingParameter",
       "The request must contain the parameter AWSAccessKeyId"},
      {incomplete, ec2, 401, "AuthFailure",
       "Authorization header or parameters are not formatted correctly."},
      {unknown_access_key(), ec2, 401, "AuthFailure", not_validated},
      {signature_mismatch(), ec2, 401, "AuthFailure", not_validated},
      {expired, ec2, 400, "RequestExpired", "Request has expired."},
  };
  for (const Expected& expected : table) {
    const AuthErrorAnswer answer = answer_for(expected.failure, expected.family);
    EXPECT_EQ(answer.http_status, expected.status) << expected.code;
    EXPECT_EQ(answer.code, expected.code);
    EXPECT_EQ(answer.message, expected.message);
  }
}

}  // namespace
}  // namespace coffer::wire
