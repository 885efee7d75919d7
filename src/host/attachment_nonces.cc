// SPDX-License-Identifier: Apache-2.0
#include "host/attachment_nonces.h"

#include <algorithm>

namespace coffer::host {

Bytes AttachmentNonces::issue(const std::string& volume_id, const std::string& attachment_id, Time now) {
  Bytes nonce(kSize);
  random_.fill(nonce);
  std::lock_guard lock(mutex_);
  std::erase_if(issued_, [&](const auto& entry) { return now - entry.second.when > kLifetime; });
  if (issued_.size() >= kMost)
    issued_.erase(std::ranges::min_element(issued_, {}, [](const auto& entry) { return entry.second.when; }));
  issued_[{volume_id, attachment_id}] = {nonce, now};
  return nonce;
}

std::optional<Bytes> AttachmentNonces::take(const std::string& volume_id, const std::string& attachment_id,
                                            Time now) {
  std::lock_guard lock(mutex_);
  const auto found = issued_.find({volume_id, attachment_id});
  if (found == issued_.end()) return std::nullopt;
  const Issued issued = std::move(found->second);
  issued_.erase(found);
  if (now - issued.when > kLifetime) return std::nullopt;
  return issued.nonce;
}

}  // namespace coffer::host
