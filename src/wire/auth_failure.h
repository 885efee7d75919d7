// SPDX-License-Identifier: Apache-2.0
// Why a request's caller could not be established, and what each family of AWS protocols answers then. The
// reasons are neutral, because KMS, IAM and EC2 give different codes for the same fault.
#pragma once
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace coffer::wire {

enum class AuthReason {
  kMissing,         // not signed at all
  kIncomplete,      // signed, but parts are absent or malformed
  kMalformedQuery,  // the query string cannot be decoded
  kUnknownKey,      // no such access key, or an inactive one
  kInvalidToken,    // a session token that is not ours, or that does not belong to the access key
  kExpiredToken,    // temporary credentials that have ended
  kExpired,         // signed too long ago
  kNotYetCurrent,   // signed in the future
  kScope,           // the credential scope does not fit the request
  kMismatch,        // the signature is not the one we calculate
};

struct AuthFailure {
  AuthReason reason = AuthReason::kMismatch;
  std::string message;  // in AWS's words
};

template <class T>
using AuthResult = tl::expected<T, AuthFailure>;
using AuthStatus = AuthResult<void>;

inline tl::unexpected<AuthFailure> refuse(AuthReason reason, std::string message) {
  return tl::unexpected<AuthFailure>(AuthFailure{reason, std::move(message)});
}

// For the caller of parse_claim and verify, who knows the keys, the services and the regions.
AuthFailure missing_authentication();
AuthFailure unknown_access_key();
AuthFailure invalid_session_token();
AuthFailure expired_session_token();
AuthFailure signature_mismatch();
// Both may apply: pass an empty text for what is right. `service` is the one that is right; `region` the
// wrong one.
AuthFailure wrong_scope(std::string_view wrong_region, std::string_view correct_service);

enum class AuthErrorFamily {
  kJson,      // JSON 1.0/1.1, CBOR: KMS
  kRestJson,  // EBS direct, EFS
  kQuery,     // Query: IAM, STS
  kEc2,       // EC2 Query
};

struct AuthErrorAnswer {
  int http_status = 400;
  std::string code;
  std::string message;
};
// Sources: the "Common Errors" page of each service's API reference, and the "Error codes" page of EC2's.
AuthErrorAnswer answer_for(const AuthFailure& failure, AuthErrorFamily family);

}  // namespace coffer::wire
