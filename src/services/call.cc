// SPDX-License-Identifier: Apache-2.0
#include "services/call.h"

namespace coffer {

Status authorise(const policy::Principal& principal, const std::string& service, const std::string& action,
                 const std::string& resource_arn) {
  const policy::Decision decision = policy::authorise({principal, action, resource_arn});
  if (decision.allowed) return {};
  const std::string& who = principal.arn.empty() ? principal.id : principal.arn;
  const std::string on = resource_arn == "*" ? "" : " on resource: " + resource_arn;
  std::string message = "User: " + who + " is not authorized to perform: " + action + on;
  if (!decision.reason.empty()) message += " " + decision.reason;
  return fail(ErrorKind::kPermissionDenied, std::move(message),
              service == "ec2" ? "UnauthorizedOperation" : "AccessDeniedException");
}

Status Call::authorise(const std::string& action, const std::string& resource_arn) {
  return coffer::authorise(principal, service, action, resource_arn);
}

}  // namespace coffer
