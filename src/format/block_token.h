// SPDX-License-Identifier: Apache-2.0
// The token of one block of a snapshot (docs/format/block-token.md): what GetSnapshotBlock must be shown. It
// holds no secret; its MAC is made and checked by services/ebs. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"

namespace coffer::format {

struct BlockToken {
  uint64_t expiry_seconds = 0;  // since 1970
  uint32_t block = 0;
  std::array<uint8_t, 32> mac{};
};

std::string encode(const BlockToken& token);                         // base64, 60 characters
std::optional<BlockToken> parse_block_token(std::string_view text);  // nothing for anything else

// Whose block it is; not in the token, but under its MAC.
struct BlockTokenBinding {
  std::string_view account, region, snapshot_id;
};
// What the MAC covers.
Bytes authenticated_data(const BlockToken& token, const BlockTokenBinding& binding);

}  // namespace coffer::format
