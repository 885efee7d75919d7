// SPDX-License-Identifier: Apache-2.0
// kms-rewrap, kms-versions, kms-dependents: which data keys of volumes are under which KMS keys.
#include "api/admin_call.h"
#include "base/ids.h"
#include "services/arn.h"
#include "services/kms/dependents.h"
#include "services/kms/key_directory.h"
#include "services/kms/rewrap.h"

namespace coffer::api {
namespace {

constexpr size_t kLayersACall = 64;  // then the caller asks for more, and has something to show meanwhile

// A key's id or ARN; empty where none is given.
Result<std::string> key_id_of(const AdminCall& call) {
  const std::string text = call.text("key");
  const std::string id = text.substr(text.rfind('/') == std::string::npos ? 0 : text.rfind('/') + 1);
  if (text.empty() || is_key_id(id)) return id;
  return fail(ErrorKind::kInvalidArgument, "'" + text + "' is no KMS key's id or ARN");
}

// The id of the key that is named by id, ARN or alias. Of a key that is gone the id is still taken: data may
// be left under it.
Result<std::string> named_key_id(const AdminCall& call) {
  const std::string text = call.text("key");
  const auto arn = services::parse_arn(text);
  const std::string name = arn ? arn->resource : text;
  if (!name.starts_with("alias/")) {
    COFFER_TRY(id, key_id_of(call));
    if (id.empty()) return fail(ErrorKind::kInvalidArgument, "a KMS key's id, ARN or alias is needed");
    if (arn && services::kms::any_key(call.installation, id))
      COFFER_CHECK(
          services::kms::any_key_by_arn(call.installation, text).and_then([&](auto&& found) -> Status {
            if (found.key.account == arn->account) return {};
            return fail(ErrorKind::kNotFound, "Key '" + text + "' does not exist", "NotFoundException");
          }));
    return id;
  }
  COFFER_TRY(id,
             services::kms::key_id_of_alias(call.installation, arn ? arn->account : call.principal.account,
                                            arn ? arn->region : call.installation.regions.front(), name));
  if (id.empty()) return fail(ErrorKind::kNotFound, "Alias " + text + " is not found.", "NotFoundException");
  return id;
}

}  // namespace

Result<std::string> kms_rewrap(AdminCall& call) {
  COFFER_TRY(key_id, key_id_of(call));
  if (!key_id.empty()) COFFER_CHECK(services::kms::any_key(call.installation, key_id));
  COFFER_TRY(batch,
             services::kms::rewrap_layers(call.installation, key_id, call.text("after"), kLayersACall));
  Json failed = Json::array();
  for (const auto& [layer, message] : batch.failed)
    failed.push_back({{"layer", layer}, {"message", message}});
  const Json result = {{"rewrapped", batch.rewrapped},
                       {"current", batch.current},
                       {"failed", std::move(failed)},
                       {"after", batch.after},
                       {"left", batch.left}};
  if (batch.rewrapped > 0)
    COFFER_CHECK(call.installation.catalog.write([&](catalog::Transaction& transaction) {
      return transaction.append_trail(admin_event(
          call, "RewrapVolumeKeys", {{"keyId", key_id}, {"after", call.text("after")}}, result, nullptr));
    }));
  return success_line(result);
}

Result<std::string> kms_versions(AdminCall& call) {
  COFFER_TRY(uses, services::kms::versions_in_use(call.installation));
  Json versions = Json::array();
  for (const auto& use : uses)
    versions.push_back({{"key", use.key_id},
                        {"version", use.version},
                        {"current_version", use.current_version},
                        {"layers", use.layers},
                        {"volumes", use.volumes},
                        {"snapshots", use.snapshots}});
  return success_line({{"versions", std::move(versions)}});
}

Result<std::string> kms_dependents(AdminCall& call) {
  COFFER_TRY(key_id, named_key_id(call));
  COFFER_TRY(found, services::kms::find_dependents(call.installation, key_id));
  // A mistyped id must not look like a key that nothing needs.
  if (found.all.empty()) COFFER_CHECK(services::kms::any_key(call.installation, key_id));
  Json dependents = Json::array();
  for (const auto& each : found.all)
    dependents.push_back({{"id", each.id},
                          {"dependence", to_string(each.dependence)},
                          {"oldest_version", each.oldest_version}});
  return success_line({{"key", key_id},
                       {"volumes", found.volumes},
                       {"snapshots", found.snapshots},
                       {"layers", found.layers},
                       {"dependents", std::move(dependents)}});
}

}  // namespace coffer::api
