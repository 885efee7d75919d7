// SPDX-License-Identifier: Apache-2.0
// DetachVolume: volumed flushes, closes and wipes first; then the catalog forgets the attachment.
#include <fmt/format.h>

#include "services/ec2/ec2_service.h"
#include "services/ec2/volume_lookup.h"

namespace coffer::services::ec2 {
namespace {

Status check_attachment(const FoundVolume& found, const api::DetachVolumeRequest& request) {
  if (!found.attachment) return incorrect_state(found.volume);
  const bool other_instance = request.instance_id && *request.instance_id != found.attachment->instance_id;
  const bool other_device = request.device && *request.device != found.attachment->device;
  if (other_instance || other_device)
    return fail(ErrorKind::kNotFound,
                fmt::format("The volume '{}' is not attached to instance '{}' as device '{}'.",
                            found.volume.id, request.instance_id.value_or(found.attachment->instance_id),
                            request.device.value_or(found.attachment->device)),
                "InvalidAttachment.NotFound");
  if (found.attachment->state == "attaching")
    return fail(ErrorKind::kConflict, fmt::format("Volume '{}' is still attaching.", found.volume.id),
                "IncorrectState");
  return {};
}

}  // namespace

Result<api::VolumeAttachment> Ec2Service::detach_volume(Call& call, const api::DetachVolumeRequest& request) {
  const auto lock = locks_.hold(request.volume_id);
  COFFER_TRY(found, find_volume(call, request.volume_id));
  COFFER_CHECK(check_attachment(found, request));
  COFFER_CHECK(call.installation.volumed.detach(request.volume_id, request.force.value_or(false)));
  return call.commit<api::VolumeAttachment>(
      [&](catalog::Transaction& transaction) -> Result<api::VolumeAttachment> {
        COFFER_CHECK(transaction.remove_attachment(request.volume_id));
        COFFER_TRY(volume, transaction.volume(request.volume_id));
        if (volume) {
          volume->state = "available";
          COFFER_CHECK(transaction.update_volume(*volume));
        }
        catalog::Attachment detached = *found.attachment;
        detached.state = "detaching";
        return to_api(detached);
      });
}

}  // namespace coffer::services::ec2
