// SPDX-License-Identifier: Apache-2.0
// The contents of snapshots, read and written in volumed. A snapshot is opened there under a session of keys
// when it has to be, for all calls that follow; whether the caller may use its KMS key, and whether anybody
// can, is asked for each call. Thread-safe.
#pragma once
#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "services/call.h"
#include "services/ec2/layer_keys.h"

namespace coffer::services::ebs {

class SnapshotContents {
 public:
  explicit SnapshotContents(Installation& installation) : installation_(installation) {}

  // Errors about the KMS key are the EBS direct APIs'.
  Result<Bytes> read(Call& call, const catalog::Snapshot& snapshot, uint32_t block);
  // Durable when it returns. After a failure the block holds the old contents, the new, or parts of both; the
  // old ones if `before` was not called, which is done once the caller may use the keys.
  Status write(Call& call, const catalog::Snapshot& snapshot, uint32_t block, ByteView data,
               const std::function<Status()>& before);

 private:
  Status check_keys(Call& call, std::vector<ec2::KeyUse> uses);
  std::optional<std::vector<ec2::KeyUse>> opened_with(const std::string& snapshot_id);
  Status open(Call& call, const catalog::Snapshot& snapshot);
  Status with_open(Call& call, const catalog::Snapshot& snapshot, const std::function<Status()>& action);

  static constexpr size_t kMostRemembered = 1024;

  Installation& installation_;
  std::array<std::mutex, 16> opening_;  // by snapshot: those who find it closed at once open it once
  std::mutex opened_mutex_;
  std::map<std::string, std::vector<ec2::KeyUse>>
      opened_;  // what each was opened with, though it may be closed
};

}  // namespace coffer::services::ebs
