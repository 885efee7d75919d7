// SPDX-License-Identifier: Apache-2.0
#include "format/wrapped_secret.h"

#include "format/ciphertext_blob.h"
#include "format/codec.h"

namespace coffer::format {

Bytes encode(const WrappedSecretHeader& header) {
  Writer writer;
  writer.u8(kWrappedSecretVersion).u8(static_cast<uint8_t>(header.kind)).u32(header.domain_key_version);
  write(writer, header.inputs);
  return writer.take();
}

Result<WrappedSecret> parse_wrapped_secret(ByteView bytes) {
  Reader reader(bytes);
  WrappedSecret secret;
  const uint8_t version = reader.u8();
  const uint8_t kind = reader.u8();
  secret.header.domain_key_version = reader.u32();
  secret.header.inputs = read_message_key_inputs(reader);
  const bool known_kind = kind >= static_cast<uint8_t>(SecretKind::kAccessKeySecret) &&
                          kind <= static_cast<uint8_t>(SecretKind::kMfaSeed);
  if (!reader.ok() || version != kWrappedSecretVersion || !known_kind || reader.left() <= kTagSize)
    return tl::unexpected(refused_ciphertext());
  secret.header.kind = static_cast<SecretKind>(kind);
  secret.header_bytes = bytes.first(bytes.size() - reader.left());
  secret.sealed = bytes.last(reader.left());
  return secret;
}

Bytes associated_data(ByteView header_bytes, std::string_view name) {
  return Writer().raw(header_bytes).field(name).take();
}

}  // namespace coffer::format
