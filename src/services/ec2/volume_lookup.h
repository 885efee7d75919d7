// SPDX-License-Identifier: Apache-2.0
// Volumes as the EC2 API shows them, and the errors of those it does not have.
#pragma once
#include "generated/ec2/model.h"
#include "services/call.h"

namespace coffer::services::ec2 {

// A volume with what it is attached to.
struct FoundVolume {
  catalog::Volume volume;
  std::optional<catalog::Attachment> attachment;
};

// InvalidVolume.NotFound for what is not there, not this account's or region's, or deleted;
// InvalidParameterValue for what is no volume id.
Result<FoundVolume> find_volume(Call& call, const std::string& volume_id);
// The same volume for whoever explains a call; nothing for what find_volume() does not find.
Result<std::optional<FoundVolume>> volume_of(Installation& installation, const std::string& account,
                                             const std::string& region, const std::string& volume_id);
Status check_volume_id(const std::string& volume_id);
tl::unexpected<Error> volume_not_found(const std::string& volume_id);
// IncorrectState, naming the state.
tl::unexpected<Error> incorrect_state(const catalog::Volume& volume);
// IncorrectState unless it is available or in use.
Status require_available_or_in_use(const catalog::Volume& volume);

coffer::ec2::Volume to_api(const FoundVolume& found);
coffer::ec2::VolumeAttachment to_api(const catalog::Attachment& attachment);

}  // namespace coffer::services::ec2
