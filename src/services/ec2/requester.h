// SPDX-License-Identifier: Apache-2.0
// In whose name work goes on after the call that asked for it.
#pragma once
#include <string>

#include "base/clock.h"
#include "policy/requester.h"

namespace coffer::services::ec2 {

// As the row of the work has it. Whoever came to the name after `asked` is somebody else, and may nothing.
struct Requester {
  std::string account;
  std::string principal_arn;  // empty: the account's root user
  Timestamp asked;            // when the call was made
};

inline policy::Principal principal_of(const Requester& requester) {
  policy::Principal principal = policy::principal_of(requester.account, requester.principal_arn);
  principal.session.issued = requester.asked;
  return principal;
}

}  // namespace coffer::services::ec2
