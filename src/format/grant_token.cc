// SPDX-License-Identifier: Apache-2.0
#include "format/grant_token.h"

#include <algorithm>

#include "base/encoding.h"
#include "format/codec.h"

namespace coffer::format {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kLongestRegion = 64;
constexpr size_t kLongestText = 256;

}  // namespace

std::string encode(const GrantToken& token) {
  return base64(Writer().u8(kVersion).raw(token.grant_id).field(token.region).bytes());
}

std::optional<GrantToken> parse_grant_token(std::string_view text) {
  if (text.size() > kLongestText) return std::nullopt;
  const auto bytes = from_base64(text);
  if (!bytes) return std::nullopt;
  Reader reader(*bytes);
  const uint8_t version = reader.u8();
  GrantToken token;
  const ByteView grant_id = reader.raw(token.grant_id.size());
  token.region = reader.text_field();
  if (!reader.at_end() || version != kVersion || token.region.empty() || token.region.size() > kLongestRegion)
    return std::nullopt;
  std::ranges::copy(grant_id, token.grant_id.begin());
  // One text for one token: base64 alone would take any bits in the last character's unused ones.
  if (encode(token) != text) return std::nullopt;
  return token;
}

}  // namespace coffer::format
