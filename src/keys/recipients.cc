// SPDX-License-Identifier: Apache-2.0
#include "keys/recipients.h"

#include "crypto/sealed_box.h"

namespace coffer::keys {

Status Recipients::enrol(const std::string& host_id, ByteView public_key) {
  if (public_key.size() != crypto::kX25519KeySize)
    return fail(ErrorKind::kInvalidArgument, "a recipient enrols an X25519 public key of 32 bytes");
  const std::lock_guard lock(mutex_);
  public_keys_[host_id] = to_bytes(public_key);
  return {};
}

std::optional<Bytes> Recipients::find(const std::string& host_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = public_keys_.find(host_id);
  if (found == public_keys_.end()) return std::nullopt;
  return found->second;
}

bool Recipients::empty() const {
  const std::lock_guard lock(mutex_);
  return public_keys_.empty();
}

}  // namespace coffer::keys
