// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/volume_lookup.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "services/ec2/tag_specifications.h"

namespace coffer::services::ec2 {

namespace api = coffer::ec2;

Status check_volume_id(const std::string& volume_id) {
  if (is_resource_id(volume_id, "vol")) return {};
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("Value ({}) for parameter volumeId is invalid. Expected: 'vol-...'.", volume_id),
              "InvalidParameterValue");
}

tl::unexpected<Error> volume_not_found(const std::string& volume_id) {
  return fail(ErrorKind::kNotFound, fmt::format("The volume '{}' does not exist.", volume_id),
              "InvalidVolume.NotFound");
}

tl::unexpected<Error> incorrect_state(const catalog::Volume& volume) {
  return fail(ErrorKind::kConflict, fmt::format("Volume '{}' is in the '{}' state.", volume.id, volume.state),
              "IncorrectState");
}

Status require_available_or_in_use(const catalog::Volume& volume) {
  if (volume.state == "available" || volume.state == "in-use") return {};
  return incorrect_state(volume);
}

Result<std::optional<FoundVolume>> volume_of(Installation& installation, const std::string& account,
                                             const std::string& region, const std::string& volume_id) {
  FoundVolume found;
  std::optional<catalog::Volume> volume;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.volume(volume_id));
    volume = std::move(row);
    COFFER_TRY(attachment, transaction.attachment(volume_id));
    found.attachment = std::move(attachment);
    return {};
  }));
  if (!volume || volume->account != account || volume->region != region) return std::optional<FoundVolume>();
  // A deleted volume is gone; one that failed to be made shows as deleted for an hour, so that waiters end.
  if (volume->state == "deleted" && volume->failure_code.empty()) return std::optional<FoundVolume>();
  found.volume = std::move(*volume);
  return std::optional(std::move(found));
}

Result<FoundVolume> find_volume(Call& call, const std::string& volume_id) {
  COFFER_CHECK(check_volume_id(volume_id));
  COFFER_TRY(found, volume_of(call.installation, call.account, call.region, volume_id));
  if (!found) return volume_not_found(volume_id);
  return std::move(*found);
}

api::VolumeAttachment to_api(const catalog::Attachment& attachment) {
  api::VolumeAttachment shown;
  shown.attach_time = attachment.attached;
  shown.device = attachment.device;
  shown.instance_id = attachment.instance_id;
  shown.state = attachment.state;
  shown.volume_id = attachment.volume_id;
  shown.delete_on_termination = attachment.delete_on_termination;
  return shown;
}

api::Volume to_api(const FoundVolume& found) {
  const catalog::Volume& volume = found.volume;
  api::Volume shown;
  shown.attachments.emplace();
  if (found.attachment) shown.attachments->push_back(to_api(*found.attachment));
  shown.availability_zone = volume.availability_zone;
  shown.create_time = volume.created;
  shown.encrypted = volume.encrypted;
  if (volume.encrypted) shown.kms_key_id = volume.kms_key_arn;
  shown.size = static_cast<int32_t>(volume.size_gib);
  shown.snapshot_id = volume.snapshot_id;
  shown.state = volume.state;
  shown.volume_id = volume.id;
  shown.iops = volume.iops;
  shown.throughput = volume.throughput;
  shown.volume_type = volume.type;
  shown.multi_attach_enabled = volume.multi_attach;
  shown.tags = to_api(volume.tags);
  return shown;
}

}  // namespace coffer::services::ec2
