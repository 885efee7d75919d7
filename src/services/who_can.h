// SPDX-License-Identifier: Apache-2.0
// Everybody who may do something: users, roles and root users of this installation's accounts, and whom else
// the resource's policy or a grant on it lets in. Asked one by one of explain_access(). Thread-safe.
#pragma once
#include <string>
#include <vector>

#include "services/access_explanation.h"

namespace coffer::services {

struct WhoCan {
  enum class Kind {
    kPrincipal,  // an ARN
    kEverybody,  // "*": whoever his own account lets
    kAccount,    // one that is not here: whom it lets
    kService,    // "ec2.amazonaws.com"
    kProvider,   // whom an identity provider vouches for
  };
  Kind kind = Kind::kPrincipal;
  std::string principal;
  std::string action;                // the one asked about, or another that comes to the same: below
  bool allowed = false;              // otherwise only some condition stands in the way
  std::vector<std::string> because;  // a line for each policy that allows it, or what is lacking
};

struct WhoCanAnswer {
  std::vector<WhoCan> who;
  std::vector<std::string> notes;  // what could change the answer for some of them
};

// `access` without a principal. First those who are here, by ARN, then the others. Of sts:AssumeRole it is
// also told who gets the role by sts:AssumeRoleWithWebIdentity or sts:AssumeRoleWithSAML. Errors:
// explain_access()'s.
Result<WhoCanAnswer> who_can(Installation& installation, const AccessCase& access);

}  // namespace coffer::services
