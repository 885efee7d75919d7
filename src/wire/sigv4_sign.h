// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4, the side that signs: for the `coffer` command, for requests to external key
// stores, and for tests. Source: IAM User Guide, "Create a signed AWS API request", steps 4 and 5.
#pragma once
#include <string>
#include <string_view>

#include "base/clock.h"
#include "secret/secret_bytes.h"
#include "wire/http.h"
#include "wire/sigv4_canonical.h"

namespace coffer::wire {

secret::SecretBytes derive_signing_key(const secret::SecretBytes& secret_access_key,
                                       const CredentialScope& scope);

struct SigningIdentity {
  std::string access_key_id;
  const secret::SecretBytes& secret_access_key;  // borrowed
  std::string session_token = {};
  std::string region;
  std::string service;
};

// Adds X-Amz-Date, X-Amz-Security-Token (when there is one) and Authorization, over all headers and the body;
// not over the body when X-Amz-Content-Sha256 says UNSIGNED-PAYLOAD.
// The request has its Host already. kInvalidArgument when it has none or the query cannot be decoded.
Status sign_request(HttpRequest& request, const SigningIdentity& identity, Timestamp now);

// With a signing key for the scope in place of the secret, over Host and X-Amz-Date and the body alone.
struct DerivedIdentity {
  std::string access_key_id;
  const secret::SecretBytes& signing_key;  // borrowed; for `now`'s day
  std::string region;
  std::string service;
};
Status sign_request(HttpRequest& request, const DerivedIdentity& identity, Timestamp now);

// Signs in the query string, over the Host header alone, for `expires_seconds`.
Status presign_request(HttpRequest& request, const SigningIdentity& identity, Timestamp now,
                       int64_t expires_seconds);

}  // namespace coffer::wire
