// SPDX-License-Identifier: Apache-2.0
// May the caller make this volume? Asked on the volume that is to be, on the snapshot it is made of, and for
// its tags, with condition keys that tell what the volume will be. Thread-safe.
// Source: Service Authorization Reference, Amazon EC2 (CreateVolume, CreateTags).
#pragma once
#include <optional>

#include "generated/ec2/model.h"
#include "services/call.h"

namespace coffer::services::ec2 {

// UnauthorizedOperation. A request that cannot be fulfilled is asked about as far as it goes.
Status authorise_create_volume(Call& call, const coffer::ec2::CreateVolumeRequest& request);

// As the volume will be, not as the request says: an encrypted snapshot makes no other. So ec2:Encrypted, and
// what the handler does, cannot differ; an account's setting to encrypt by default belongs here too.
bool will_be_encrypted(const coffer::ec2::CreateVolumeRequest& request,
                       const std::optional<catalog::Snapshot>& source);

}  // namespace coffer::services::ec2
