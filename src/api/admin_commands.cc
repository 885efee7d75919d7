// SPDX-License-Identifier: Apache-2.0
#include "api/admin_commands.h"

#include <pwd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "api/admin_call.h"
#include "api/call_record.h"
#include "base/ids.h"
#include "base/log.h"
#include "services/authorisation.h"

namespace coffer::api {
namespace {

struct Command {
  const char* name;
  const char* action;  // what is authorised, and the record's event name
  bool recorded;       // refused too: what changes something, or tells of others
  Result<std::string> (*run)(AdminCall&);
};

constexpr std::array kCommands = {
    Command{"account-create", "CreateAccount", true, account_create},
    Command{"account-list", "ListAccounts", false, account_list},
    Command{"account-reopen", "ReopenAccount", true, account_reopen},
    Command{"status", "DescribeInstallation", false, installation_status},
    Command{"volume-uri", "DescribeVolumeEndpoint", false, volume_uri},
    Command{"volume-why", "DescribeVolumeFailure", false, volume_why},
    Command{"volume-certificate", "CreateVolumeCertificate", true, volume_certificate},
    Command{"kms-rewrap", "RewrapVolumeKeys", true, kms_rewrap},
    Command{"kms-versions", "DescribeKeyVersions", false, kms_versions},
    Command{"kms-dependents", "DescribeKeyDependents", false, kms_dependents},
    Command{"explain-access", "ExplainAccess", true, explain_access},
    Command{"who-can", "ListPrincipalsWithAccess", true, who_can},
    Command{"clock-advance", "AdvanceClock", true, clock_advance},
    // Decided and recorded once more, as the operation that it is.
    Command{"ec2", "CallEc2", false, ec2_call},
    Command{"kms-reset-policy", "ResetKeyPolicy", true, kms_reset_policy},
    Command{"issuer-keys-set", "SetIssuerKeys", true, issuer_keys_set},
    Command{"issuer-keys-list", "ListIssuerKeys", false, issuer_keys_list},
    Command{"issuer-keys-remove", "RemoveIssuerKeys", true, issuer_keys_remove},
    Command{"seal-status", "DescribeSeal", false, seal_status},
    Command{"seal-change", "ChangeSeal", true, seal_change},
    Command{"domain-key-status", "DescribeDomainKey", false, domain_key_status},
    Command{"domain-key-rotate", "RotateDomainKey", true, domain_key_rotate},
    Command{"backup-catalog", "CreateBackup", true, backup_catalog},
    Command{"backup-domain-keys", "CreateBackup", true, backup_domain_keys},
    Command{"continuous-backup-begin", "CreateBackup", true, continuous_backup_begin},
    Command{"continuous-backup-next", "CreateBackup", false, continuous_backup_next},
    Command{"continuous-backup-stored", "CreateBackup", true, continuous_backup_stored},
    Command{"continuous-backup-end", "StopContinuousBackup", true, continuous_backup_end},
    Command{"trail", "LookupEvents", false, newest_records},
};

std::string user_name_of(uint32_t uid) {
  std::vector<char> buffer(16384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return {};
  return found->pw_name;
}

std::string code_of(const Error& error) {
  if (!error.code.empty()) return error.code;
  switch (error.kind) {
    case ErrorKind::kInvalidArgument:
      return "ValidationError";
    case ErrorKind::kNotFound:
      return "NotFound";
    case ErrorKind::kConflict:
      return "Conflict";
    case ErrorKind::kPermissionDenied:
      return "AccessDenied";
    case ErrorKind::kUnsupported:
      return "InvalidAction";
    case ErrorKind::kUnavailable:
      return "ServiceUnavailable";
    default:
      return "InternalFailure";
  }
}

std::string failure_line(const Error& error) {
  return Json{{"ok", false}, {"error", {{"code", code_of(error)}, {"message", error.message}}}}.dump(
      -1, ' ', false, Json::error_handler_t::replace);
}

Status authorise(const AdminCall& call, const Command& command) {
  const std::string action = std::string("coffer:") + command.action;
  return coffer::authorise(call.installation, call.principal, "coffer", {.action = action});
}

Result<std::string> run(AdminCall& call, const Command& command) {
  COFFER_CHECK(authorise(call, command));
  return command.run(call);
}

// A refused or failed change leaves its record too.
Result<std::string> run_recorded(AdminCall& call, const Command& command) {
  auto outcome = run(call, command);
  if (outcome || !command.recorded) return outcome;
  Json parameters = call.request;
  parameters.erase("command");
  parameters.erase("box");      // a secret in it is for keyd alone, and a trail is kept for ever
  parameters.erase("key_set");  // it may have been refused because it has a private key
  const Error error{outcome.error().kind, outcome.error().message, code_of(outcome.error())};
  COFFER_CHECK(call.installation.catalog.write([&](catalog::Transaction& transaction) {
    return transaction.append_trail(admin_event(call, command.action, parameters, nullptr, &error));
  }));
  return outcome;
}

}  // namespace

std::string AdminCall::text(const char* member) const {
  const auto found = request.find(member);
  return found == request.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

std::string success_line(const Json& result) {
  return Json{{"ok", true}, {"result", result}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

catalog::TrailEvent admin_event(const AdminCall& call, const std::string& event_name,
                                const Json& request_parameters, const Json& response_elements,
                                const Error* error) {
  trail::Record record;
  record.time = call.installation.clock.now();
  record.event_id = make_time_ordered_uuid(call.installation.random, record.time);
  record.request_id = make_uuid(call.installation.random);
  record.event_source = trail::kLocalEventSource;
  record.event_name = event_name;
  record.region = call.installation.regions.front();
  record.source_ip_address = trail::kLocalEventSource;
  record.user_agent = "coffer";
  record.identity = identity_of(call.principal);
  record.identity.user_name = call.user_name;
  record.request_parameters = request_parameters.dump(-1, ' ', false, Json::error_handler_t::replace);
  record.response_elements = response_elements.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (error != nullptr) {
    record.error_code = error->code;
    record.error_message = error->message;
  }
  record.recipient_account_id = call.installation.owner_account;
  return event_of(record);
}

std::string AdminCommands::answer(const UnixPeer& peer, const std::string& line) try {
  AdminCall call{
      installation_, pipeline_,     endpoint_, {}, user_name_of(peer.uid), Json::parse(line, nullptr, false),
      data_,         nbd_endpoint_, clock_};
  if (!call.request.is_object())
    return failure_line({ErrorKind::kInvalidArgument, "a command is a JSON object on one line"});
  call.principal.type = policy::PrincipalType::kUnixUser;
  call.principal.account = installation_.owner_account;
  call.principal.id = "uid:" + std::to_string(peer.uid);
  call.principal.owner = peer.uid == owner_uid_ || peer.uid == 0;

  const std::string name = call.text("command");
  const auto command =
      std::ranges::find_if(kCommands, [&](const Command& each) { return name == each.name; });
  if (command == kCommands.end())
    return failure_line({ErrorKind::kUnsupported, "there is no command '" + name + "'"});
  auto outcome = run_recorded(call, *command);
  if (outcome) return std::move(*outcome);
  log_info("{} by {}: {}", name, call.principal.id, outcome.error().message);
  return failure_line(outcome.error());
} catch (const std::exception& exception) {
  log_error("admin command: exception: {}", exception.what());
  return R"({"ok":false,"error":{"code":"InternalFailure","message":"internal error"}})";
}

Result<std::string> newest_records(AdminCall& call) {
  constexpr int64_t kMost = 10000;
  int64_t newest = 100;
  if (const auto found = call.request.find("newest");
      found != call.request.end() && found->is_number_integer())
    newest = std::clamp<int64_t>(found->get<int64_t>(), 1, kMost);
  Json records = Json::array();
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(events, transaction.trail(call.text("account"), static_cast<size_t>(newest)));
    for (auto event = events.rbegin(); event != events.rend(); ++event)
      records.push_back(Json::parse(event->record, nullptr, false));
    return {};
  }));
  return success_line({{"records", std::move(records)}});
}

}  // namespace coffer::api
