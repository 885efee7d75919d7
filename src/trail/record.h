// SPDX-License-Identifier: Apache-2.0
// One audit record in CloudTrail's form. Pure; whatever comes in, the outcome is valid JSON of bounded size.
// Source: AWS CloudTrail User Guide, "CloudTrail record contents" and "CloudTrail userIdentity element".
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace coffer::trail {

inline constexpr const char* kLocalEventSource = "coffer.local";  // commands on the admin socket

// Who did it. Empty fields are left out of the record.
struct UserIdentity {
  std::string type;  // "Root", "IAMUser", "AssumedRole", "FederatedUser", "WebIdentityUser", "UnixUser", ...
  std::string principal_id;  // the account for root, "AIDA...", "AROA...:session", "uid:1000"
  std::string arn;
  std::string account_id;
  std::string access_key_id;
  std::string user_name;   // of an IAM or a Unix user
  std::string invoked_by;  // "ec2.amazonaws.com": a service that acted on the principal's behalf
  struct SessionIssuer {
    std::string arn, principal_id, user_name;
  };
  std::optional<SessionIssuer> session_issuer;  // the role of an assumed role's session
  std::optional<Timestamp> session_created;     // of temporary credentials
  bool mfa_authenticated = false;               // they were got with an MFA code
  std::string source_identity = {};             // of a role's session; empty without one
  std::string identity_provider = {};           // of a web identity
};

struct Record {
  std::string event_id;
  std::string request_id;
  Timestamp time;
  std::string event_source;  // "kms.amazonaws.com"
  std::string event_name;    // "Decrypt"
  std::string region;
  std::string source_ip_address;
  std::string user_agent;
  std::string vpc_endpoint_id, vpc_endpoint_account_id;  // empty: the call came through none
  UserIdentity identity;
  std::string error_code, error_message;  // empty when it succeeded
  // JSON texts (wire/redact.h): no secrets are in them. What is no JSON is recorded as a string.
  std::string request_parameters = "null";
  std::string response_elements = "null";
  bool known_json = false;                 // these two are JSON for sure, and not read to find out
  std::string additional_event_data = {};  // empty: none
  bool read_only = false;
  std::vector<std::string> resource_arns;
  std::string recipient_account_id;
};

std::string to_json(const Record& record);

}  // namespace coffer::trail
