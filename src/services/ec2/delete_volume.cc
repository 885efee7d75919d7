// SPDX-License-Identifier: Apache-2.0
// DeleteVolume: marks the volume; the volume worker erases it.
#include <fmt/format.h>

#include "services/ec2/ec2_service.h"
#include "services/ec2/volume_lookup.h"

namespace coffer::services::ec2 {

Result<api::DeleteVolumeResponse> Ec2Service::delete_volume(Call& call,
                                                            const api::DeleteVolumeRequest& request) {
  COFFER_TRY(found, find_volume(call, request.volume_id));
  auto response = call.commit<api::DeleteVolumeResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::DeleteVolumeResponse> {
        // Read again: an attachment may have come in between.
        COFFER_TRY(attachment, transaction.attachment(request.volume_id));
        if (attachment)
          return fail(ErrorKind::kConflict,
                      fmt::format("Volume {} is currently attached to {}", request.volume_id,
                                  attachment->instance_id),
                      "VolumeInUse");
        COFFER_TRY(volume, transaction.volume(request.volume_id));
        if (!volume || volume->state == "deleting" || volume->state == "deleted")
          return volume_not_found(request.volume_id);
        if (volume->state != "available") return incorrect_state(*volume);
        volume->state = "deleting";
        COFFER_CHECK(transaction.update_volume(*volume));
        return api::DeleteVolumeResponse{};
      });
  worker_.notify();
  return response;
}

}  // namespace coffer::services::ec2
