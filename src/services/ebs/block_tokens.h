// SPDX-License-Identifier: Apache-2.0
// Makes and checks the tokens of snapshots' blocks (docs/format/block-token.md). Nothing is kept for one.
// Thread-safe.
#pragma once
#include <memory>
#include <string>

#include "secret/secret_bytes.h"
#include "services/call.h"

namespace coffer::services::ebs {

class BlockTokens {
 public:
  static constexpr int64_t kLifetimeSeconds = 7 * 24 * 3600;  // as at AWS

  explicit BlockTokens(Installation& installation) : installation_(installation) {}

  // What the tokens that are made in this call are bound to, but for the block.
  struct Batch {
    std::string account, region, snapshot_id;
    Timestamp expiry;
    std::shared_ptr<const secret::SecretBytes> key;

    std::string token_of(uint32_t block) const;
  };
  // kUnavailable while keyd is down and the key is not known yet.
  Result<Batch> batch(const Call& call, const std::string& snapshot_id);

  // INVALID_BLOCK_TOKEN unless it was made for this account, region, snapshot and block, and is not expired.
  Status check(const Call& call, const std::string& snapshot_id, uint32_t block, const std::string& token);

 private:
  Installation& installation_;
};

}  // namespace coffer::services::ebs
