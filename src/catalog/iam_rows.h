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

// What an instance has its role by.
struct InstanceProfile {
  std::string id;  // AIPA…
  std::string account, path;
  std::string name;  // unique within the account, whatever the case
  Timestamp created;
  std::string role_id;  // empty without one
  std::vector<std::pair<std::string, std::string>> tags = {};
};

// An OpenID Connect provider whose tokens an account believes.
struct IdentityProvider {
  std::string arn;  // arn:aws:iam::ACCOUNT:oidc-provider/HOST/PATH
  std::string account;
  std::string issuer;                   // HOST/PATH, as tokens have it after https://
  std::vector<std::string> client_ids;  // audiences, in the order of their adding
  std::vector<std::string> thumbprints;
  Timestamp created;
  std::vector<std::pair<std::string, std::string>> tags = {};
};

// How many there are of each in an account.
struct IamCounts {
  int32_t users = 0, groups = 0, roles = 0, policies = 0, policy_versions = 0, instance_profiles = 0,
          providers = 0, mfa_devices = 0, mfa_devices_in_use = 0;
};

// A virtual MFA device: what makes the one-time codes of RFC 6238 from the same secret. Steps are its time
// steps, of 30 seconds since 1970.
struct MfaDevice {
  std::string serial_number;  // arn:aws:iam::ACCOUNT:mfa/PATH/NAME
  std::string account;
  Bytes wrapped_secret;
  Timestamp created;
  std::string user_id = {};                    // AIDA…; empty while it is nobody's
  std::optional<Timestamp> enabled = {};       // while it is somebody's
  int64_t drift_steps = 0;                     // by which its clock was ahead when it was last heard of
  int64_t last_step = 0;                       // of the newest code that was accepted
  int64_t failures = 0;                        // wrong codes since then
  std::optional<Timestamp> last_failure = {};  // on the wall
  std::vector<std::pair<std::string, std::string>> tags = {};
};

// When a session of a role last made a request; about, stored now and then.
struct RoleUse {
  Timestamp time;
  std::string region;
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
  std::vector<std::string> transitive_tags = {};  // names among them that go on to the next role
  // Further condition keys of every request: aws:FederatedProvider, what the identity provider said.
  std::vector<std::pair<std::string, std::string>> context = {};
  Timestamp created, expires;
  std::optional<Timestamp> mfa_authenticated = {};  // when its user gave a right code
};

}  // namespace coffer::catalog
