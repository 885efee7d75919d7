// SPDX-License-Identifier: Apache-2.0
// What is attached to a principal, as one call is decided by it.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "catalog/read_cache.h"
#include "policy/evaluate.h"
#include "services/account_organization.h"

namespace coffer {

// The policies that count for a principal, as the catalog has them now, and its tags.
struct CallerPolicies {
  policy::Caller caller;
  std::vector<std::pair<std::string, std::string>> tags;           // aws:PrincipalTag/...
  std::vector<std::shared_ptr<const policy::Document>> documents;  // that `caller` points to
  SharedAccountOrganization organization = nullptr;                // of the caller's account; null: in none
  // Set for who is denied everything, whatever policies say: a deleted user, a Unix user without rights, who
  // is of a closed account.
  std::string nobody_because = {};
};
using SharedCallerPolicies = std::shared_ptr<const CallerPolicies>;

// By access key and ARN: they tell the user or the role, and the session with its own policies.
class CallerCache : public catalog::ReadCache<CallerPolicies> {
 public:
  CallerCache() : ReadCache(10'000) {}
};

}  // namespace coffer
