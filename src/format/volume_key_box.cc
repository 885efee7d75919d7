// SPDX-License-Identifier: Apache-2.0
#include "format/volume_key_box.h"

#include "format/codec.h"

namespace coffer::format {
namespace {
constexpr uint8_t kBoxVersion = 1;
constexpr std::string_view kBindingLabel = "coffer volume key box v1";
}  // namespace

Bytes frame(const BoxBinding& binding) {
  Writer writer;
  writer.field(kBindingLabel).field(binding.host_id).field(binding.volume_id);
  writer.field(binding.attachment_id).field(binding.nonce);
  return writer.take();
}

size_t boxed_keys_size(const std::vector<BoxedKeyView>& keys) {
  size_t size = 1 + 4;
  for (const BoxedKeyView& key : keys) size += 4 + key.layer_id.size() + kVolumeKeySize;
  return size;
}

void encode_boxed_keys(const std::vector<BoxedKeyView>& keys, MutableByteView out) {
  FixedWriter writer(out);
  writer.u8(kBoxVersion).u32(static_cast<uint32_t>(keys.size()));
  for (const BoxedKeyView& key : keys) writer.field(key.layer_id).raw(key.key);
}

Result<std::vector<BoxedKeyView>> parse_boxed_keys(ByteView contents) {
  Reader reader(contents);
  const uint8_t version = reader.u8();
  if (reader.ok() && version > kBoxVersion)
    return fail(ErrorKind::kTooNew, "the volume keys were boxed by a later release");
  const uint32_t count = reader.u32();
  if (version != kBoxVersion || count > kMostBoxedKeys) reader.fail();
  std::vector<BoxedKeyView> keys;
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    std::string layer_id = reader.text_field();
    keys.push_back({std::move(layer_id), reader.raw(kVolumeKeySize)});
  }
  if (!reader.at_end()) return fail(ErrorKind::kCorrupt, "the box of volume keys is malformed");
  return keys;
}

}  // namespace coffer::format
