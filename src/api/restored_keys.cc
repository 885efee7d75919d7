// SPDX-License-Identifier: Apache-2.0
#include "api/restored_keys.h"

#include <fmt/format.h>

#include "base/log.h"
#include "catalog/shipped_keys.h"
#include "format/codec.h"
#include "services/service_event.h"

namespace coffer::api {
namespace {

constexpr uint64_t kLargest = 1ull << 30;

struct Taken {
  size_t shipments = 0, keys = 0, refused = 0;
};

Status take(Installation& installation, ByteView file, Taken& taken) {
  format::Reader reader(file);
  while (reader.left() > 0) {
    const ByteView bytes = reader.field();
    if (!reader.ok()) return fail(ErrorKind::kCorrupt, "the restored keys cannot be read");
    COFFER_TRY(shipped, catalog::parse_shipped_keys(bytes));
    const Status stored = installation.catalog.write(
        [&](catalog::Transaction& transaction) { return catalog::store(transaction, shipped); });
    // It was refused then, too: nobody was told of it.
    if (!stored && stored.error().kind != ErrorKind::kUnavailable) return stored;
    stored ? ++taken.shipments : ++taken.refused;
    if (stored) taken.keys += shipped.keys.size();
  }
  return {};
}

services::ServiceEvent event_of(const Installation& installation, const Taken& taken) {
  services::ServiceEvent event;
  event.account = installation.owner_account;
  event.region = installation.regions.front();
  event.event_source = "coffer.local";
  event.event_name = "RestoreKeys";
  event.request_parameters_json =
      fmt::format(R"({{"shipments":{},"keys":{},"refused":{}}})", taken.shipments, taken.keys, taken.refused);
  event.invoked_by = "AWS Internal";
  return event;
}

}  // namespace

Status take_restored_keys(Installation& installation, Disk& disk, const std::string& data) {
  const std::string folder = data + "/apid", path = folder + "/restored-keys";
  COFFER_TRY(there, disk.exists(path));
  if (!there) return {};
  COFFER_TRY(file, read_file(disk, path, kLargest));
  Taken taken;
  COFFER_CHECK(take(installation, file, taken));
  COFFER_CHECK(installation.catalog.write([&](catalog::Transaction& transaction) {
    return services::record_service_event(installation, transaction, event_of(installation, taken));
  }));
  log_info("restored from the continuous backup: {} {}", taken.keys, taken.keys == 1 ? "key" : "keys");
  COFFER_CHECK(disk.remove(path));
  return disk.flush_directory(folder);
}

}  // namespace coffer::api
