// SPDX-License-Identifier: Apache-2.0
// The data keys of volumes: made for a new volume, and boxed for volumed when one is attached. apid never
// sees either in the clear (ARCHITECTURE section 1). The encryption context is always {"aws:ebs:id":
// VOLUME-ID}.
#pragma once
#include <optional>
#include <string>

#include "control/volumed_client.h"
#include "services/call.h"

namespace coffer::services::ec2 {

struct NewVolumeKey {
  std::string kms_key_arn;  // in full, whatever form the caller gave
  Bytes wrapped_key;
  std::optional<Error> failure;  // why there is no key; the volume will not come to be
};

// Makes the data key under the caller's key, or the account's alias/aws/ebs. As at AWS a key that is missing,
// disabled or forbidden fails the volume, not the call. Errors: kUnavailable. Recorded in the call.
Result<NewVolumeKey> make_volume_key(Call& call, const std::string& volume_id,
                                     const std::optional<std::string>& kms_key_id);

struct BoxedVolumeKeys {
  Bytes box;
  std::string kms_key_arn;
};

// Has keyd put the keys of all layers in a box for this host's volumed. Errors carry KMS's codes
// (DisabledException…).
Result<BoxedVolumeKeys> box_volume_keys(Installation& installation, const catalog::Volume& volume,
                                        const control::PreparedAttachment& prepared,
                                        const std::string& attachment_id);

// The kms:Decrypt record of an attachment, made or refused.
DependentCall decrypt_record(const catalog::Volume& volume, const Error* failure);

}  // namespace coffer::services::ec2
