// SPDX-License-Identifier: Apache-2.0
// status: what apid, keyd and volumed say of themselves.
#include <fmt/format.h>

#include "api/admin_call.h"
#include "services/kms/continuous_backup.h"

namespace coffer::api {
namespace {

void warn(Json& warnings, std::string text) {
  warnings.push_back(std::move(text));
}

void warn_of_arena(Json& warnings, const char* process, const std::string& arena) {
  if (arena == "memfd_secret") return;
  warn(warnings,
       fmt::format("{} keeps its keys in {}: this kernel or this user has no memfd_secret", process, arena));
}

Json keyd_status(AdminCall& call, Json& warnings) {
  const auto status = call.installation.keyd.status();
  if (!status) {
    warn(warnings, "keyd is down: " + status.error().message);
    return {{"up", false}};
  }
  warn_of_arena(warnings, "keyd", status->arena);
  if (!status->recipient_enrolled)
    warn(warnings, "volumed has not enrolled with keyd: nothing can be attached");
  return {{"up", true},
          {"seal", status->seal},
          {"arena", status->arena},
          {"domain_key_version", status->domain_key_version},
          {"recipient_enrolled", status->recipient_enrolled}};
}

Json volumed_status(AdminCall& call, Json& warnings) {
  const auto status = call.installation.volumed.status();
  if (!status) {
    warn(warnings, "volumed is down: " + status.error().message);
    return {{"up", false}};
  }
  warn_of_arena(warnings, "volumed", status->arena);
  Json attached = Json::array();
  for (const auto& each : status->attached) {
    attached.push_back({{"volume_id", each.volume_id},
                        {"attachment_id", each.attachment_id},
                        {"socket_path", each.socket_path},
                        {"size_bytes", each.size_bytes},
                        {"encrypted", each.encrypted},
                        {"clients", each.clients},
                        {"failure", each.failure}});
    if (!each.failure.empty())
      warn(warnings, fmt::format("volume {} stopped: {}", each.volume_id, each.failure));
  }
  return {{"up", true},
          {"arena", status->arena},
          {"cipher", status->cipher},
          {"io", status->io},
          {"attached", std::move(attached)}};
}

Json attachment_status(const catalog::Attachment& attachment, Json& warnings) {
  const bool served = attachment.state == "attached" && attachment.failure.empty();
  if (!attachment.failure.empty())
    warn(warnings,
         fmt::format("volume {} is attached but not served: {}", attachment.volume_id, attachment.failure));
  return {{"volume_id", attachment.volume_id},
          {"attachment_id", attachment.id},
          {"instance_id", attachment.instance_id},
          {"account", attachment.account},
          {"region", attachment.region},
          {"device", attachment.device},
          {"state", served || attachment.state != "attached" ? attachment.state : "failed"},
          {"uri", served ? nbd_uri(attachment) : ""},
          {"failure", attachment.failure}};
}

Json backup_status(const Installation& installation, Json& warnings) {
  if (installation.continuous_backup == nullptr) return nullptr;
  const auto report = installation.continuous_backup->report();
  if (report.on && !report.connected)
    warn(warnings,
         fmt::format("no KMS key can be made: `coffer backup --continuous {}` does not run", report.target));
  if (report.on && !report.failure.empty())
    warn(warnings, fmt::format("the continuous backup fails: {}", report.failure));
  return {{"on", report.on}, {"connected", report.connected}, {"target", report.target}};
}

}  // namespace

Result<std::string> installation_status(AdminCall& call) {
  Json warnings = Json::array();
  Json keyd = keyd_status(call, warnings), volumed = volumed_status(call, warnings);
  Json attachments = Json::array(), counts;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(keys, transaction.count_keys());
    COFFER_TRY(volumes, transaction.count_volumes());
    COFFER_TRY(accounts, transaction.accounts());
    COFFER_TRY(rows, transaction.attachments());
    for (const auto& row : rows) attachments.push_back(attachment_status(row, warnings));
    counts = {
        {"keys", keys}, {"volumes", volumes}, {"attachments", rows.size()}, {"accounts", accounts.size()}};
    return {};
  }));
  const Installation& installation = call.installation;
  return success_line({{"endpoint", call.endpoint},
                       {"account", installation.owner_account},
                       {"regions", installation.regions},
                       {"host_id", installation.host_id},
                       {"development", installation.development},
                       {"keyd", std::move(keyd)},
                       {"volumed", std::move(volumed)},
                       {"continuous_backup", backup_status(installation, warnings)},
                       {"counts", std::move(counts)},
                       {"attachments", std::move(attachments)},
                       {"warnings", std::move(warnings)}});
}

}  // namespace coffer::api
