// SPDX-License-Identifier: Apache-2.0
// What the catalog stores of AWS Organizations, as plain structs. Tags of roots, units, accounts and policies
// are rows like any resource's. Times are base/clock.h Timestamps.
#pragma once
#include <optional>
#include <string>

#include "base/clock.h"

namespace coffer::catalog {

struct Organization {
  std::string id;  // o-…
  std::string management_account;
  std::string root_id;                                                       // r-…
  std::string feature_set;                                                   // "ALL", "CONSOLIDATED_BILLING"
  bool service_control_policies = false, resource_control_policies = false;  // enabled in the root
  Timestamp created;
};

struct OrganizationalUnit {
  std::string id;  // ou-…
  std::string organization_id;
  std::string parent_id;  // of a unit or the root
  std::string name;       // unique within its parent
};

// An account that is in an organization, the management account too.
struct MemberAccount {
  std::string account;
  std::string organization_id;
  std::string parent_id;
  std::string name, email;
  std::string joined_method;  // "CREATED", "INVITED"
  Timestamp joined;
  std::optional<Timestamp> closed = {};  // the account's own
};

// A member account that speaks for a service of AWS's in the organization.
struct DelegatedAdministrator {
  std::string organization_id;
  std::string account;
  std::string service;  // "backup.amazonaws.com"
  Timestamp since;
};

// A service of AWS's that the organization is open to.
struct TrustedService {
  std::string organization_id;
  std::string service;
  Timestamp since;
};

// By which member accounts may do something in the organization.
struct OrganizationResourcePolicy {
  std::string id;  // rp-…
  std::string organization_id;
  std::string content;  // JSON
};

// What became of a CreateAccount.
struct AccountCreation {
  std::string id;  // car-…
  std::string organization_id;
  std::string account_name;
  std::string state;           // "SUCCEEDED", "FAILED"
  std::string failure_reason;  // empty when it succeeded
  std::string account;         // empty when it failed
  Timestamp requested, completed;
};

// A policy of the organization's own; AWS's are no rows.
struct OrganizationPolicy {
  std::string id;  // p-…
  std::string organization_id;
  std::string type;  // "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"
  std::string name;  // unique within organization and type
  std::string description;
  std::string content;  // JSON
};

struct PolicyAttachment {
  std::string organization_id;
  std::string target_id;  // a root, a unit, an account
  std::string type;       // the policy's
  std::string policy_id;
};

// An account's invitation.
struct Handshake {
  std::string id;  // h-…
  std::string organization_id;
  std::string account;
  std::string notes;
  std::string state;  // "OPEN", "ACCEPTED", "DECLINED", "CANCELED"; open ones end by themselves
  Timestamp requested, expires;
};

}  // namespace coffer::catalog
