// SPDX-License-Identifier: Apache-2.0
// Whom a resource's policy or a grant names beside the users and roles that are here: sessions, services,
// identity providers, other accounts, everybody. Thread-safe.
#pragma once
#include <string>
#include <vector>

#include "services/caller_policies.h"
#include "services/installation.h"
#include "services/who_can.h"

namespace coffer::services {

// As the explanation's policies name them where they allow the action, conditions aside, and `grantees`. Each
// once.
struct Named {
  WhoCan::Kind kind = WhoCan::Kind::kPrincipal;
  std::string name;
  bool here = false;  // a session of an account that is here
  bool operator==(const Named&) const = default;
};
Result<std::vector<Named>> named_besides(Installation& installation, const AccessExplanation& told,
                                         const std::vector<std::string>& grantees);

// Somebody of that name, to be asked about. His own account, of which nothing is known, lets him do
// everything.
struct Outsider {
  policy::Principal principal;
  SharedCallerPolicies policies;
};
Outsider outsider_of(const Named& named);

}  // namespace coffer::services
