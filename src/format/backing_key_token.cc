// SPDX-License-Identifier: Apache-2.0
#include "format/backing_key_token.h"

#include <algorithm>

#include "format/ciphertext_blob.h"
#include "format/codec.h"
#include "format/hsm_object.h"
#include "format/key_id.h"

namespace coffer::format {
namespace {

bool is_known_version(uint8_t version) {
  return version == kOldTokenVersion || version == kTokenVersion || version == kHsmTokenVersion;
}

bool fits(uint8_t version, KeySpec spec, size_t sealed) {
  if (sealed <= kTagSize) return false;
  const size_t size = sealed - kTagSize;
  if (version == kHsmTokenVersion) return spec == KeySpec::kSymmetricDefault && size <= kLargestHsmObject;
  return spec == KeySpec::kSymmetricDefault ? size == kBackingKeySize : size <= kLargestKeyMaterial;
}

}  // namespace

Bytes encode(const BackingKeyTokenHeader& header) {
  const UuidBytes key_id = key_id_bytes(header.binding.key_id).value_or(UuidBytes{});
  Writer writer;
  writer.u8(header.version);
  if (header.version != kOldTokenVersion) writer.u8(static_cast<uint8_t>(header.spec));
  writer.u32(header.domain_key_version);
  writer.field(header.binding.account).field(header.binding.region).raw(key_id);
  writer.u32(header.backing_key_version);
  write(writer, header.inputs);
  return writer.take();
}

Result<BackingKeyToken> parse_backing_key_token(ByteView bytes) {
  Reader reader(bytes);
  BackingKeyToken token;
  token.header.version = reader.u8();
  const bool old = token.header.version == kOldTokenVersion;
  const auto spec = old ? KeySpec::kSymmetricDefault : key_spec(reader.u8());
  token.header.domain_key_version = reader.u32();
  token.header.binding.account = reader.text_field();
  token.header.binding.region = reader.text_field();
  UuidBytes key_id{};
  const ByteView key_id_bytes = reader.raw(key_id.size());
  token.header.backing_key_version = reader.u32();
  token.header.inputs = read_message_key_inputs(reader);
  if (!reader.ok() || !is_known_version(token.header.version) || !spec ||
      !fits(token.header.version, *spec, reader.left()))
    return tl::unexpected(refused_ciphertext());
  token.header.spec = *spec;
  std::copy(key_id_bytes.begin(), key_id_bytes.end(), key_id.begin());
  token.header.binding.key_id = key_id_text(key_id);
  token.header_bytes = bytes.first(bytes.size() - reader.left());
  token.sealed = bytes.last(reader.left());
  return token;
}

}  // namespace coffer::format
