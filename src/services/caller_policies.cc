// SPDX-License-Identifier: Apache-2.0
// What is attached to a principal; load_caller of authorisation.h.
#include "services/authorisation.h"

namespace coffer {

Result<SharedCallerPolicies> load_caller(Installation&, const policy::Principal& principal) {
  auto loaded = std::make_shared<CallerPolicies>();
  loaded->caller.identity = policy::caller_identity(principal);
  return SharedCallerPolicies(std::move(loaded));
}

}  // namespace coffer
