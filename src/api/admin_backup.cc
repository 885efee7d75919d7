// SPDX-License-Identifier: Apache-2.0
// backup-catalog and backup-domain-keys: what `coffer backup` needs of the running installation. The copy of
// the catalog lies in DIR/apid until the command has taken it.
#include "api/admin_call.h"
#include "api/hardening.h"
#include "base/disk.h"
#include "base/encoding.h"
#include "base/ids.h"
#include "catalog/copy.h"
#include "format/seal_parameters.h"
#include "services/kms/continuous_backup.h"
#include "services/kms/domain_key_rotation.h"

namespace coffer::api {
namespace {

constexpr size_t kLongestBox = 64 << 10;
constexpr const char* kBase = "continuous-backup-";

Status record(AdminCall& call, const Json& parameters) {
  return call.installation.catalog.write([&](catalog::Transaction& transaction) {
    return transaction.append_trail(admin_event(call, "CreateBackup", parameters, nullptr, nullptr));
  });
}

Status add_volumes(AdminCall& call, catalog::Transaction& transaction, Json& ids) {
  constexpr size_t kAtOnce = 1000;
  COFFER_TRY(accounts, transaction.accounts());
  for (const auto& account : accounts)
    for (const auto& region : call.installation.regions)
      for (std::string after;;) {
        COFFER_TRY(rows, transaction.volumes(account.id, region, after, kAtOnce));
        for (const auto& row : rows) ids.push_back(row.id);
        if (rows.size() < kAtOnce) break;
        after = rows.back().id;
      }
  return {};
}

// Below which version of the domain key nothing is, as the copy that follows is sure to have it.
Result<uint32_t> oldest_in_use(Installation& installation) {
  if (installation.domain_key_rotation == nullptr) return 0;
  COFFER_TRY(rotation, installation.domain_key_rotation->status());
  return rotation.state == "retiring" || rotation.state == "completed" ? rotation.version : 0;
}

// For the continuous backup's receiver the copy is the base of what it gets from now on.
Status copy_catalog(AdminCall& call, const std::string& name) {
  const auto copy = [&] {
    return catalog::copy_database(catalog_path(call.data), call.data + "/apid/" + name);
  };
  const std::string receiver = call.text("receiver");
  if (receiver.empty() || call.installation.continuous_backup == nullptr) return copy();
  COFFER_TRY(version, oldest_in_use(call.installation));
  return call.installation.continuous_backup->take_base(receiver, version, copy);
}

}  // namespace

// Those of a receiver that died before it could remove them.
Status remove_left_bases(const std::string& data) {
  COFFER_TRY(names, system_disk().list(data + "/apid"));
  for (const std::string& name : names)
    if (name.starts_with(kBase)) COFFER_CHECK(system_disk().remove(data + "/apid/" + name));
  return {};
}

// What the copy knows, so that a restoration can tell what it does not.
Result<std::string> backup_catalog(AdminCall& call) {
  COFFER_CHECK(record(call, {{"what", "catalog"}}));
  if (call.data.empty()) return fail(ErrorKind::kUnavailable, "there is no catalog in a folder here");
  const bool base = !call.text("receiver").empty();
  const std::string name = (base ? kBase : "backup-") + make_uuid(call.installation.random) + ".db";
  Json volumes = Json::array(), snapshots = Json::array();
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(snapshot_ids, transaction.snapshot_ids());
    for (const auto& id : snapshot_ids) snapshots.push_back(id);
    return add_volumes(call, transaction, volumes);
  }));
  COFFER_CHECK(copy_catalog(call, name));
  return success_line({{"copy", name},
                       {"created", iso8601(call.installation.clock.now())},
                       {"account", call.installation.owner_account},
                       {"volumes", std::move(volumes)},
                       {"snapshots", std::move(snapshots)}});
}

Result<std::string> backup_domain_keys(AdminCall& call) {
  const auto kind = format::seal_kind_named(call.text("seal"));
  const auto sequence = call.request.find("sequence");
  const std::string text = call.text("box");
  const auto box = from_base64(text);
  if (!kind || sequence == call.request.end() || !sequence->is_number_unsigned() || text.empty() ||
      text.size() > kLongestBox || !box)
    return fail(ErrorKind::kInvalidArgument, "a backup of the domain keys has a seal, a sequence and a box");
  COFFER_CHECK(record(call, {{"what", "domain keys"}, {"seal", format::name_of(*kind)}}));
  COFFER_TRY(copy, call.installation.keyd.export_domain_keys(*kind, sequence->get<uint64_t>(), *box));
  return success_line({{"copy", base64(copy)}});
}

}  // namespace coffer::api
