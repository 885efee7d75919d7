// SPDX-License-Identifier: Apache-2.0
#include "services/call.h"

namespace coffer {

Status Call::authorise(const std::string& action, const std::string& resource_arn) {
  const policy::Decision decision = policy::authorise({principal, action, resource_arn});
  if (decision.allowed) return {};
  const std::string& who = principal.arn.empty() ? principal.id : principal.arn;
  const std::string on = resource_arn == "*" ? "" : " on resource: " + resource_arn;
  std::string message = "User: " + who + " is not authorized to perform: " + action + on;
  if (!decision.reason.empty()) message += " " + decision.reason;
  return fail(ErrorKind::kPermissionDenied, std::move(message),
              service == "ec2" ? "UnauthorizedOperation" : "AccessDeniedException");
}

}  // namespace coffer
