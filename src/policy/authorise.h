// SPDX-License-Identifier: Apache-2.0
// The one authorisation decision, a pure function that every call passes. For now principals are accounts'
// root users, AWS services acting for a caller, and Unix users of the admin socket; policies join it in a
// later part.
#pragma once
#include <string>

#include "base/result.h"

namespace coffer::policy {

enum class PrincipalType { kRoot, kUnixUser, kService };

struct Principal {
  PrincipalType type = PrincipalType::kRoot;
  std::string account;
  std::string arn;            // arn:aws:iam::ACCOUNT:root
  std::string id;             // AWS: the account id for root; "uid:1000" for a Unix user
  std::string access_key_id;  // empty for a Unix user
  bool owner = false;         // a Unix user who owns the installation (its uid, or root)
};

struct AuthorisationRequest {
  const Principal& principal;
  std::string action;        // "kms:Decrypt"
  std::string resource_arn;  // "*" when the action has none
};

struct Decision {
  bool allowed = false;
  std::string reason;  // "because no resource-based policy allows the kms:Decrypt action"
};

Decision authorise(const AuthorisationRequest& request);

}  // namespace coffer::policy
