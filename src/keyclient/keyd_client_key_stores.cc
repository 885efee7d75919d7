// SPDX-License-Identifier: Apache-2.0
// The secrets of custom key stores.
#include "keyclient/keyd_channel.h"

namespace coffer::keyclient {

using format::keyd::Operation;
namespace protocol = format::keyd;

Result<Bytes> KeydClient::wrap_key_store_secret(format::SecretKind kind, const std::string& key_store_id,
                                                ByteView secret) {
  return channel_->call_for_bytes(Operation::kWrapKeyStoreSecret,
                                  protocol::WrapKeyStoreSecret{kind, key_store_id, secret});
}

Result<secret::SecretBytes> KeydClient::derive_proxy_signing_key(const std::string& key_store_id,
                                                                 ByteView wrapped_secret,
                                                                 const std::string& date,
                                                                 const std::string& region) {
  return channel_->call(
      Operation::kDeriveProxySigningKey,
      protocol::DeriveProxySigningKey{key_store_id, to_bytes(wrapped_secret), date, region});
}

}  // namespace coffer::keyclient
