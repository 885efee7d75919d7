// SPDX-License-Identifier: Apache-2.0
#include "format/block_token.h"

#include <algorithm>

#include "base/encoding.h"
#include "format/codec.h"

namespace coffer::format {
namespace {

constexpr uint8_t kVersion = 1;

void write_header(Writer& writer, const BlockToken& token) {
  writer.u8(kVersion).u64(token.expiry_seconds).u32(token.block);
}

}  // namespace

std::string encode(const BlockToken& token) {
  Writer writer;
  write_header(writer, token);
  writer.raw(token.mac);
  return base64(writer.bytes());
}

std::optional<BlockToken> parse_block_token(std::string_view text) {
  const auto bytes = from_base64(text);
  if (!bytes) return std::nullopt;
  Reader reader(*bytes);
  BlockToken token;
  const uint8_t version = reader.u8();
  token.expiry_seconds = reader.u64();
  token.block = reader.u32();
  const ByteView mac = reader.raw(token.mac.size());
  if (!reader.at_end() || version != kVersion) return std::nullopt;
  std::ranges::copy(mac, token.mac.begin());
  return token;
}

Bytes authenticated_data(const BlockToken& token, const BlockTokenBinding& binding) {
  Writer writer;
  write_header(writer, token);
  writer.field(binding.account).field(binding.region).field(binding.snapshot_id);
  return writer.take();
}

}  // namespace coffer::format
