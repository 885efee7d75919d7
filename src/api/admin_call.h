// SPDX-License-Identifier: Apache-2.0
// One command under way on the admin socket, and what the commands share. Internal to the admin commands.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "api/admin_server.h"
#include "policy/requester.h"
#include "services/installation.h"

namespace coffer::api {

using Json = nlohmann::ordered_json;

class Pipeline;
struct ClockControl;

struct AdminCall {
  Installation& installation;
  Pipeline* pipeline;  // may be null, in tests
  const std::string& endpoint;
  policy::Principal principal;
  std::string user_name;
  Json request;
  const std::string& data;          // DIR; empty in tests
  const std::string& nbd_endpoint;  // "HOST:PORT", where NBD over TLS is served; empty: nowhere
  ClockControl* clock = nullptr;    // where there is one to advance

  std::string text(const char* member) const;  // empty when absent or no string
};

// The whole answer line of a command: made by hand where a secret is in it, so that no copy stays behind.
std::string success_line(const Json& result);

// admin_account.cc
Result<std::string> account_create(AdminCall& call);
Result<std::string> account_list(AdminCall& call);
Result<std::string> account_reopen(AdminCall& call);
// admin_status.cc
Result<std::string> installation_status(AdminCall& call);
// admin_volume.cc
Result<std::string> volume_uri(AdminCall& call);
Result<std::string> volume_why(AdminCall& call);
// admin_certificate.cc
Result<std::string> volume_certificate(AdminCall& call);
std::string nbd_uri(const catalog::Attachment& attachment);
// admin_snapshot.cc
Result<std::string> snapshot_why(AdminCall& call);
// admin_ec2.cc
Result<std::string> ec2_call(AdminCall& call);
// admin_issuer_keys.cc
Result<std::string> issuer_keys_set(AdminCall& call);
Result<std::string> issuer_keys_list(AdminCall& call);
Result<std::string> issuer_keys_remove(AdminCall& call);
// admin_seal.cc
Result<std::string> seal_status(AdminCall& call);
Result<std::string> seal_change(AdminCall& call);
// admin_kms.cc
Result<std::string> kms_reset_policy(AdminCall& call);
// admin_domain_key.cc
Result<std::string> domain_key_status(AdminCall& call);
Result<std::string> domain_key_rotate(AdminCall& call);
// admin_backup.cc
Result<std::string> backup_catalog(AdminCall& call);
Status remove_left_bases(const std::string& data);
Result<std::string> backup_domain_keys(AdminCall& call);
// admin_continuous_backup.cc
Result<std::string> continuous_backup_begin(AdminCall& call);
Result<std::string> continuous_backup_next(AdminCall& call);
Result<std::string> continuous_backup_stored(AdminCall& call);
Result<std::string> continuous_backup_end(AdminCall& call);
// admin_rewrap.cc
Result<std::string> kms_rewrap(AdminCall& call);
Result<std::string> kms_versions(AdminCall& call);
Result<std::string> kms_dependents(AdminCall& call);
// admin_access.cc
Result<std::string> explain_access(AdminCall& call);
Result<std::string> who_can(AdminCall& call);
// admin_clock.cc
Result<std::string> clock_advance(AdminCall& call);
// admin_commands.cc
Result<std::string> newest_records(AdminCall& call);

// The record of a command. `error` is null when it succeeds.
catalog::TrailEvent admin_event(const AdminCall& call, const std::string& event_name,
                                const Json& request_parameters, const Json& response_elements,
                                const Error* error);

}  // namespace coffer::api
