// SPDX-License-Identifier: Apache-2.0
// Re-wraps the data keys of volumes' layers under the newest material of their KMS keys, which a rotation
// does not do. keyd opens and wraps; only wrapped keys pass here. What was done shows in the wrapped keys
// themselves: so it may be cut off anywhere, and asked again.
#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "services/installation.h"

namespace coffer::services::kms {

struct RewrapBatch {
  size_t rewrapped = 0, current = 0;
  // A layer, and why its key stays as it is: its KMS key cannot be used now.
  std::vector<std::pair<std::string, std::string>> failed;
  std::string after;  // the last layer that was looked at
  size_t left = 0;    // after that one
};

// The next `most` encrypted layers after `after`; of one KMS key alone where `key_id` is not empty.
Result<RewrapBatch> rewrap_layers(Installation& installation, const std::string& key_id,
                                  const std::string& after, size_t most);

// How many layers are under which version of which KMS key's material, and the volumes and snapshots that
// need it.
struct VersionUse {
  std::string key_id;
  uint32_t version = 0, current_version = 0;  // 0: the KMS key is gone
  size_t layers = 0;
  std::vector<std::string> volumes, snapshots;
};
Result<std::vector<VersionUse>> versions_in_use(Installation& installation);

}  // namespace coffer::services::kms
