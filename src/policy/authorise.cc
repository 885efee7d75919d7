// SPDX-License-Identifier: Apache-2.0
#include "policy/authorise.h"

#include <optional>

namespace coffer::policy {
namespace {

// The account of arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE.
std::optional<std::string> account_of(const std::string& arn) {
  if (!arn.starts_with("arn:")) return std::nullopt;
  size_t start = 0;
  for (int colons = 0; colons < 4; ++colons) {
    start = arn.find(':', start);
    if (start == std::string::npos) return std::nullopt;
    ++start;
  }
  const size_t end = arn.find(':', start);
  if (end == std::string::npos || end == start) return std::nullopt;
  return arn.substr(start, end - start);
}

Decision authorise_unix_user(const AuthorisationRequest& request) {
  if (request.principal.owner) return {true, "because the user owns this installation"};
  return {false, "because the user does not own this installation"};
}

// An account's root user, or a service acting for it: everything in the account, nothing outside it, since no
// resource-based policy can name another account yet.
Decision authorise_account(const AuthorisationRequest& request) {
  if (request.resource_arn == "*" || account_of(request.resource_arn) == request.principal.account)
    return {true, "because the account's root user is allowed every action on the account's resources"};
  return {false, "because no resource-based policy allows the " + request.action + " action"};
}

}  // namespace

Decision authorise(const AuthorisationRequest& request) {
  return request.principal.type == PrincipalType::kUnixUser ? authorise_unix_user(request)
                                                            : authorise_account(request);
}

}  // namespace coffer::policy
