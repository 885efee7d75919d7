// SPDX-License-Identifier: Apache-2.0
// The token of a grant on a KMS key (docs/format/grant-token.md). It names the grant and holds no secret: who
// shows it must still be the grant's principal. Pure.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coffer::format {

struct GrantToken {
  std::array<uint8_t, 32> grant_id{};
  std::string region;  // of the key; at most 64 bytes
};

std::string encode(const GrantToken& token);                         // base64
std::optional<GrantToken> parse_grant_token(std::string_view text);  // nothing for anything else

}  // namespace coffer::format
