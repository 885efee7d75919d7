// SPDX-License-Identifier: Apache-2.0
#include "format/import_token.h"

#include "format/backing_key_token.h"
#include "format/ciphertext_blob.h"
#include "format/codec.h"

namespace coffer::format {

Bytes encode(const ImportTokenHeader& header) {
  Writer writer;
  writer.u8(kImportTokenVersion).u8(static_cast<uint8_t>(header.wrapping_spec));
  writer.u8(static_cast<uint8_t>(header.algorithm));
  writer.u64(static_cast<uint64_t>(header.valid_to.microseconds)).u32(header.domain_key_version);
  write(writer, header.inputs);
  return writer.take();
}

Result<ImportToken> parse_import_token(ByteView bytes) {
  Reader reader(bytes);
  ImportToken token;
  const uint8_t version = reader.u8();
  const auto spec = key_spec(reader.u8());
  const auto algorithm = wrapping_algorithm(reader.u8());
  token.header.valid_to = {static_cast<int64_t>(reader.u64())};
  token.header.domain_key_version = reader.u32();
  token.header.inputs = read_message_key_inputs(reader);
  if (!reader.ok() || version != kImportTokenVersion || !spec || !is_rsa(*spec) || !algorithm ||
      reader.left() <= kTagSize || reader.left() > kLargestKeyMaterial + kTagSize)
    return tl::unexpected(refused_ciphertext());
  token.header.wrapping_spec = *spec;
  token.header.algorithm = *algorithm;
  token.header_bytes = bytes.first(bytes.size() - reader.left());
  token.sealed = bytes.last(reader.left());
  return token;
}

Bytes associated_data(ByteView header_bytes, const KeyBinding& binding) {
  return Writer().raw(header_bytes).field(binding.account).field(binding.region).field(binding.key_id).take();
}

}  // namespace coffer::format
