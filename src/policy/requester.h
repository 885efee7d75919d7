// SPDX-License-Identifier: Apache-2.0
// Who made a request, as its credentials tell, and by which names policies know them. Pure functions,
// thread-safe.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "policy/principal.h"

namespace coffer::policy {

enum class PrincipalType {
  kRoot,           // an account's root user
  kUser,           // an IAM user
  kRoleSession,    // what AssumeRole gives
  kFederatedUser,  // what GetFederationToken gives
  kWebIdentity,    // known to an identity provider, on the way to a role
  kUnixUser,       // of the admin socket
};

// What temporary credentials carry.
struct SessionFacts {
  std::vector<std::string> policies;                      // JSON texts; with some, they narrow
  std::vector<std::pair<std::string, std::string>> tags;  // further than the role's or user's own
  Timestamp issued;
  std::vector<std::pair<std::string, std::string>> context = {};  // condition keys that it brings
  std::vector<std::string> transitive_tags = {};                  // names of tags that go on to the next role
  // When its user gave a right MFA code; also of a call that brings the code itself.
  std::optional<Timestamp> mfa_authenticated = {};
};

struct Principal {
  PrincipalType type = PrincipalType::kRoot;
  std::string account;
  std::string arn;         // ...:root, ...:user/PATH/NAME, ...:assumed-role/ROLE/SESSION,
                           // ...:federated-user/NAME; of a Unix user and a web identity: empty
  std::string id;          // the account id, "AIDA...", "AROA...:SESSION", "ACCOUNT:NAME", "ISSUER:AUD:SUB",
                           // "uid:1000"
  std::string source_arn;  // role session: the role's ARN, with its path; federated user: of who asked for
                           // it; web identity: its provider's
  std::string access_key_id;  // empty for a Unix user, and in the background
  bool owner = false;         // a Unix user who owns the installation (its uid, or root)
  bool temporary = false;     // then `session` counts
  SessionFacts session = {};
};

// The names by which policies know the principal. The owner among the Unix users acts as its account's root
// user.
CallerIdentity caller_identity(const Principal& principal);

// The principal behind a stored ARN, for work that goes on after its call. An empty ARN is the account's root
// user. What temporary credentials narrowed is not kept; ids and a role's path are unknown.
Principal principal_of(const std::string& account, const std::string& arn);

inline constexpr const char* kSourceIdentity = "aws:SourceIdentity";

// What whoever began its chain of roles was named as (aws:SourceIdentity); empty without one.
std::string source_identity_of(const Principal& principal);

// The ARN, or the id of who has none: "User: ... is not authorized".
const std::string& name_of(const Principal& principal);

// "alice" of a user's ARN, "admin" of a role's or of its session's; empty for others.
std::string entity_name(const std::string& arn);

}  // namespace coffer::policy
