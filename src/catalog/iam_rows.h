// SPDX-License-Identifier: Apache-2.0
// What the catalog stores of users, groups, roles, their policies and their temporary credentials, as plain
// structs. Times are base/clock.h Timestamps.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"

namespace coffer::catalog {

// A user, a group or a role.
struct IamEntity {
  std::string id;    // AIDA…, AGPA…, AROA…: never used again
  std::string kind;  // "user", "group", "role"
  std::string account;
  std::string path;  // "/", "/division/"
  std::string name;  // unique within account and kind, whatever the case
  Timestamp created;
  std::string boundary_arn;                                    // a managed policy's; empty without one
  std::string description;                                     // role
  std::string trust_policy;                                    // role: JSON
  int32_t longest_session_seconds = 0;                         // role
  std::vector<std::pair<std::string, std::string>> tags = {};  // in the order of their making
};

struct NamedPolicy {
  std::string name;      // an inline policy's name, or a managed policy's ARN
  std::string document;  // JSON
};

// A customer managed policy.
struct ManagedPolicy {
  std::string arn;
  std::string id;  // ANPA…
  std::string account, path, name;
  std::string description;
  uint32_t default_version = 1;
  uint32_t newest_version = 1;  // numbers are never used again
  Timestamp created, updated;
  std::vector<std::pair<std::string, std::string>> tags = {};
};

struct PolicyVersion {
  std::string policy_arn;
  uint32_t version = 1;
  std::string document;  // JSON
  Timestamp created;
};

// Temporary credentials (STS).
struct Session {
  std::string access_key_id;  // ASIA…
  std::string account;
  std::string entity_id;  // the role's or user's; empty for the account's root user
  std::string name;       // the role session's; empty for GetSessionToken
  Bytes wrapped_secret;
  Bytes token_digest;                 // SHA-256 of the session token
  std::vector<std::string> policies;  // JSON texts
  std::vector<std::pair<std::string, std::string>> tags;
  Timestamp created, expires;
};

}  // namespace coffer::catalog
