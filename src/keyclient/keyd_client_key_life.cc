// SPDX-License-Identifier: Apache-2.0
// Replicas, destruction and rotation of KMS keys.
#include "keyclient/keyd_channel.h"

namespace coffer::keyclient {

using format::keyd::Operation;
namespace protocol = format::keyd;

Result<Bytes> KeydClient::replicate_backing_key(const WrappedBackingKey& key, const std::string& region) {
  return channel_->call_for_bytes(Operation::kReplicateBackingKey,
                                  protocol::ReplicateBackingKey{key, region});
}

Status KeydClient::forget_key(const format::KeyBinding& binding) {
  COFFER_CHECK(channel_->call_for_bytes(Operation::kForgetKey, protocol::ForgetKey{binding}));
  return {};
}

Result<Bytes> KeydClient::rewrap_volume_key(const WrappedBackingKey& from, const WrappedBackingKey& to,
                                            ByteView blob, const format::EncryptionContext& context) {
  return channel_->call_for_bytes(Operation::kRewrapVolumeKey,
                                  protocol::RewrapVolumeKey{from, to, context, blob});
}

}  // namespace coffer::keyclient
