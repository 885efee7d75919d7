// SPDX-License-Identifier: Apache-2.0
// The callers whose authorisation is measured, from the least that can decide to what a large company has.
#pragma once
#include <string>
#include <vector>

#include "bench/authorisation/installation.h"

namespace coffer::bench {

struct MeasuredCaller {
  std::string name;  // of the figure
  Credentials credentials;
  std::string key_arn;
};

// Account root, under the default key policy.
MeasuredCaller root_user(MeasuredInstallation& installation);
// A user with five policies of its own and of a group, one with conditions.
MeasuredCaller user(MeasuredInstallation& installation);
// A role's session with a boundary and a session policy; the key policy asks for the encryption context.
MeasuredCaller role_session(MeasuredInstallation& installation);
// A user who may by a grant only.
MeasuredCaller grantee(MeasuredInstallation& installation);
// A user with ten managed policies near their largest size, under a key policy near its largest: 32 KB.
MeasuredCaller user_with_large_policies(MeasuredInstallation& installation);
// Makes an organization whose root and two units each lay down service and resource control policies, and
// `caller`'s account a member. Everything measured afterwards is measured in it.
MeasuredCaller member_of_organization(MeasuredInstallation& installation);

}  // namespace coffer::bench
