// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4, the side that checks. Pure: whose key it is and whether it is known is the
// caller's part.
//   parse_claim → find the access key → signing key (signing_key_cache.h) → verify
// Source: IAM User Guide, "Create a signed AWS API request" and "Elements of an AWS API request signature".
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "secret/secret_bytes.h"
#include "wire/auth_failure.h"
#include "wire/http.h"

namespace coffer::wire {

// What a request says of its signer. Nothing of it is proven before verify().
struct SigV4Claim {
  std::string access_key_id;
  std::string date;  // of the credential scope: "20150830"
  std::string region;
  std::string service;
  std::vector<std::string> signed_headers;  // lower case, in the claim's order
  std::string signature;                    // 64 lower-case hexadecimal digits
  Timestamp timestamp;                      // X-Amz-Date, or Date
  std::string session_token;                // X-Amz-Security-Token; often empty
  bool presigned = false;                   // signed in the query string
  std::optional<int64_t> expires_seconds;   // presigned only: valid that long, at most a week
};

// Nothing when the request is not signed by AWS4. Not thread-bound, no clock: shape only.
AuthResult<std::optional<SigV4Claim>> parse_claim(const HttpRequest& request);

struct SigV4Rules {
  Timestamp now;
  // S3 alone: a path taken as it is, and a payload that may be left out of the signature.
  bool s3 = false;
  // The operation's clients may leave the payload out of the signature, saying so (UNSIGNED-PAYLOAD).
  bool unsigned_payload = false;
  // The operation's parameters stand in X-Amz- header fields, which must be signed then, all that there are.
  bool parameters_in_headers = false;
};

// Is the claim current? Five minutes either way; a presigned request until it expires.
AuthStatus check_time(const SigV4Claim& claim, Timestamp now);

// check_time, and: was this very request signed with `signing_key`, the one for the claim's date, region and
// service? Compares in constant time.
AuthStatus verify(const HttpRequest& request, const SigV4Claim& claim, const secret::SecretBytes& signing_key,
                  const SigV4Rules& rules);

}  // namespace coffer::wire
