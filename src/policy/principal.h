// SPDX-License-Identifier: Apache-2.0
// Who asks, and whom a Principal or NotPrincipal element names. Pure functions, thread-safe.
// Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/json.h"

namespace coffer::policy {

enum class CallerType {
  kRoot,              // an account's root user
  kUser,              // an IAM user
  kRoleSession,       // what AssumeRole* gives
  kFederatedUser,     // what GetFederationToken gives
  kService,           // an AWS service by itself (not with the credentials of its caller)
  kIdentityProvider,  // somebody known to a web identity or SAML provider, on the way to a role
  kAnonymous,
};

// The names by which policies know a caller.
struct CallerIdentity {
  CallerType type = CallerType::kAnonymous;
  std::string account;         // empty for a service, a provider and the anonymous
  std::string arn;             // of the user, or of the session
  std::string id;              // "AIDA...", or "AROA...:session"
  std::string source_arn;      // role session: the role's ARN; federated user: that of the user behind it
  std::string canonical_user;  // S3's name for the account, where it is known
  std::string name;            // service: "ec2.amazonaws.com"; identity provider: its name or ARN
};

// A root user, or a federated user behind whom one stands: its account's policies ask nothing of it.
bool is_root(const CallerIdentity& caller);

// How closely an element names a caller. The closer, the less else the caller needs (evaluate.h).
enum class Closeness {
  kNone,
  kAccount,  // the caller's account, which may hand on what it is given
  kSource,   // the role of a session, or the user behind a federated user
  kDirect,   // the user, the session, the service, or everyone
};

struct PrincipalElement {
  bool negated = false;          // NotPrincipal
  bool everyone = false;         // "*" or {"AWS": "*"}
  std::vector<std::string> aws;  // ARNs and unique ids; accounts are in `accounts`
  std::vector<std::string> accounts;
  std::vector<std::string> services, federated, canonical_users;
};

// The value of Principal or NotPrincipal. kInvalidArgument with the cause. It is not asked whether the
// principals exist.
Result<PrincipalElement> read_principal(const JsonValue& json, bool negated);

// How closely the element names the caller, leaving negation aside.
Closeness closeness(const PrincipalElement& element, const CallerIdentity& caller);

// Does a Deny with this element mean the caller? NotPrincipal spares only whose every name is listed: a
// session with its role and its account.
bool is_denied(const PrincipalElement& element, const CallerIdentity& caller, bool has_boundary);

}  // namespace coffer::policy
