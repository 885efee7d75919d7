// SPDX-License-Identifier: Apache-2.0
// Replicas, destruction and rotation of KMS keys.
#include "base/ids.h"
#include "format/ciphertext_blob.h"
#include "keys/data_encryption.h"
#include "keys/operations.h"

namespace coffer::keys {

namespace protocol = format::keyd;

// Any other key is bound to its region for good: nobody asked for it to be anywhere else.
Result<ReplyBody> Operations::replicate_backing_key(const protocol::ReplicateBackingKey& request) const {
  if (!is_multi_region_key_id(request.key.binding.key_id))
    return fail(ErrorKind::kInvalidArgument, "only multi-Region keys have replicas");
  const auto domain_keys = vault_.keys().get();
  COFFER_TRY(material, open_material(*domain_keys, request.key));
  if (material.in_hsm)
    return fail(ErrorKind::kInvalidArgument, "a key in a custom key store has no replicas");
  format::KeyBinding binding = request.key.binding;
  binding.region = request.region;
  COFFER_TRY(token, wrap_material(*domain_keys, binding, request.key.version, material));
  return ReplyBody{std::move(token), {}};
}

Result<ReplyBody> Operations::forget_key(const protocol::ForgetKey& request) {
  cache_.forget(request.binding);
  return ReplyBody{};
}

Result<ReplyBody> Operations::rewrap_volume_key(const protocol::RewrapVolumeKey& request) {
  if (request.from.binding != request.to.binding)
    return fail(ErrorKind::kInvalidArgument, "a data key is rewrapped under its own KMS key");
  COFFER_TRY(data_key, open_volume_key({request.from, to_bytes(request.blob), request.context, {}}));
  COFFER_TRY(key, symmetric_key(request.to));
  COFFER_TRY(blob, key.seal(format::BlobClass::kVolume, request.context, data_key));
  return ReplyBody{std::move(blob), {}};
}

}  // namespace coffer::keys
