// SPDX-License-Identifier: Apache-2.0
// Requests about custom key stores.
#include "format/keyd_protocol.h"

namespace coffer::format::keyd {

void WrapKeyStoreSecret::write(Writer& writer) const {
  writer.u8(static_cast<uint8_t>(kind)).field(key_store_id);
  writer.reserve(secret.size() + sizeof(uint32_t)).field(secret);
}

WrapKeyStoreSecret WrapKeyStoreSecret::read(Reader& reader) {
  WrapKeyStoreSecret body;
  body.kind = static_cast<SecretKind>(reader.u8());
  if (body.kind != SecretKind::kProxySecret && body.kind != SecretKind::kKeyStorePassword) reader.fail();
  body.key_store_id = reader.text_field();
  body.secret = reader.field();
  return body;
}

void DeriveProxySigningKey::write(Writer& writer) const {
  writer.field(key_store_id).field(wrapped_secret).field(date).field(region);
}

DeriveProxySigningKey DeriveProxySigningKey::read(Reader& reader) {
  DeriveProxySigningKey body;
  body.key_store_id = reader.text_field();
  body.wrapped_secret = reader.bytes_field();
  body.date = reader.text_field();
  body.region = reader.text_field();
  return body;
}

}  // namespace coffer::format::keyd
