// SPDX-License-Identifier: Apache-2.0
// Who signed this request, and for which region and service? The signing key comes from keyd; this process
// sees no access-key secret.
#pragma once
#include <string>
#include <variant>

#include "api/credentials.h"
#include "policy/requester.h"
#include "services/installation.h"
#include "wire/http.h"
#include "wire/signing_key_cache.h"
#include "wire/sigv4.h"

namespace coffer::api {

struct Caller {
  policy::Principal principal;
  std::string region, service;  // of the credential scope; both are served here
};

// Not the caller's fault: keyd or the catalog could not be asked.
using Refusal = std::variant<wire::AuthFailure, Error>;

// `service` is the one that the request names, by which the scope must be; empty when it names none. The time
// in `rules` is filled in here.
tl::expected<Caller, Refusal> authenticate(Installation& installation, KnownCredentials& known,
                                           wire::SigningKeyCache& signing_keys,
                                           const wire::HttpRequest& request, const std::string& service,
                                           wire::SigV4Rules rules = {});

}  // namespace coffer::api
