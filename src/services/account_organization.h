// SPDX-License-Identifier: Apache-2.0
// The organization that an account is in, as far as calls are decided by it: where the account stands in the
// tree, the control policies on the way down to it, and whether it was closed. Kept until the catalog
// changes. Source: AWS Organizations User Guide, "SCP evaluation", "RCP evaluation".
#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "catalog/read_cache.h"
#include "policy/evaluate.h"

namespace coffer {

struct Installation;

struct AccountOrganization {
  std::string id;    // "o-…"; empty when the account is in none (any more), but closed
  std::string path;  // "o-…/r-…/ou-…/", as aws:PrincipalOrgPaths has it
  // Those of the root, of each unit, and of the account; none for the management account, and while the
  // organization has not enabled that type.
  policy::ControlLevels service_control, resource_control;
  std::vector<std::shared_ptr<const policy::Document>> documents;  // that the levels point to
  bool closed = false;  // CloseAccount: nobody in it does anything, nor anybody with what it owns
};
using SharedAccountOrganization = std::shared_ptr<const AccountOrganization>;

// By account. Thread-safe.
class AccountOrganizations {
 public:
  // False only if there is neither an organization nor a closed account in the installation, and that is
  // known by now: then find() need not be asked.
  bool any(const catalog::Catalog& catalog) const {
    return none_at_.load(std::memory_order_relaxed) != catalog.generation();
  }
  // Null when the account is open and in no organization. kCorrupt when a stored policy cannot be read.
  Result<SharedAccountOrganization> find(Installation& installation, const std::string& account);

 private:
  static constexpr uint64_t kNever = UINT64_MAX;
  std::atomic<uint64_t> none_at_ = kNever;  // a generation of the catalog in which there was none
  catalog::ReadCache<AccountOrganization> known_{10'000};
};

}  // namespace coffer
