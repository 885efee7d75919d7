// SPDX-License-Identifier: Apache-2.0
#include "keys/rewrap.h"

#include "format/backing_key_token.h"
#include "keys/backing_keys.h"
#include "keys/installation_secrets.h"

namespace coffer::keys {

Result<Bytes> rewrap_backing_key(const DomainKeys& domain_keys, ByteView bytes) {
  COFFER_TRY(token, format::parse_backing_key_token(bytes));
  const auto& header = token.header;
  if (header.domain_key_version == domain_keys.newest_version()) return to_bytes(bytes);
  COFFER_TRY(material,
             open_material(domain_keys, {header.binding, header.backing_key_version, to_bytes(bytes)}));
  return wrap_material(domain_keys, header.binding, header.backing_key_version, material);
}

Result<Bytes> rewrap_secret(const DomainKeys& domain_keys, std::string_view name, ByteView wrapped) {
  COFFER_TRY(parsed, format::parse_wrapped_secret(wrapped));
  if (parsed.header.domain_key_version == domain_keys.newest_version()) return to_bytes(wrapped);
  COFFER_TRY(secret, open_secret(domain_keys, parsed.header.kind, name, wrapped));
  return wrap_secret(domain_keys, parsed.header.kind, name, secret);
}

}  // namespace coffer::keys
