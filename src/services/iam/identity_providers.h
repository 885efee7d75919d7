// SPDX-License-Identifier: Apache-2.0
// Finding OpenID Connect providers. Thread-safe.
#pragma once
#include <string>

#include "services/iam/iam_service.h"

namespace coffer::services::iam {

// The provider, once the caller is known to be allowed this operation on its ARN; else AccessDenied, before
// it shows whether there is one, or NoSuchEntity.
Result<catalog::IdentityProvider> find_provider(Call& call, const std::string& arn,
                                                policy::Context context = {});

// "HOST/PATH" of https://HOST/PATH; InvalidInput for another URL, or one with a port, a query or a fragment.
Result<std::string> issuer_of_url(const std::string& url);

}  // namespace coffer::services::iam
