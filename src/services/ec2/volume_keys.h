// SPDX-License-Identifier: Apache-2.0
// The data keys of volumes and snapshots, made under a caller's KMS key. apid never sees one in the clear
// (ARCHITECTURE section 1). The encryption context is always {"aws:ebs:id": ID} of the volume or snapshot
// that the key is made for. How they get to volumed: layer_keys.h.
#pragma once
#include <optional>
#include <string>

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

// The same for work in the background, in whose name it is; a key that cannot be used is an error with KMS's
// code. Recorded when it returns; failures are not, since they are met again and again.
Result<Bytes> make_volume_key(Installation& installation, const policy::Principal& principal,
                              const std::string& volume_id, const std::string& kms_key_arn);

}  // namespace coffer::services::ec2
