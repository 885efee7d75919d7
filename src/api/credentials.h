// SPDX-License-Identifier: Apache-2.0
// Whose credentials an access key id stands for: the root user's or a user's access key (AKIA...), or
// temporary ones of STS (ASIA...), which need their session token besides. Thread-safe.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "catalog/read_cache.h"
#include "policy/requester.h"
#include "wire/sigv4.h"

namespace coffer::api {

struct Credentials {
  policy::Principal principal;
  Bytes wrapped_secret;
  std::optional<Bytes> token_digest;  // of temporary ones
  Timestamp expires;
};

// Those that are in use, kept in memory as long as the catalog stays as it is.
class KnownCredentials {
 public:
  // Null when there are none, or no longer: disabled, their user or role deleted, their account closed.
  Result<std::shared_ptr<const Credentials>> find(catalog::Catalog& catalog,
                                                  const std::string& access_key_id);

 private:
  catalog::ReadCache<Credentials> kept_{10'000};
};

// Does the claim bring the credentials' session token, and is it still valid?
std::optional<wire::AuthFailure> check_token(const Credentials& credentials, const wire::SigV4Claim& claim,
                                             Timestamp now);

}  // namespace coffer::api
