// SPDX-License-Identifier: Apache-2.0
#include "keys/backing_keys.h"

#include <cstring>

#include "base/ids.h"
#include "crypto/random.h"
#include "format/backing_key_token.h"
#include "format/ciphertext_blob.h"
#include "format/codec.h"
#include "keys/message_sealing.h"

namespace coffer::keys {
namespace {

constexpr std::string_view kLabel = "coffer backing-key token v1";
constexpr size_t kLongestRegion = 64;

}  // namespace

Result<Bytes> create_backing_key(const DomainKeys& domain_keys, const format::KeyBinding& binding,
                                 uint32_t version) {
  if (!is_account_id(binding.account) || !is_uuid(binding.key_id) || binding.region.empty() ||
      binding.region.size() > kLongestRegion || version == 0)
    return fail(ErrorKind::kInvalidArgument,
                "a backing key is bound to an account, a region, a key id and a version");
  const format::BackingKeyTokenHeader header{domain_keys.newest_version(), binding, version,
                                             random_message_key_inputs()};
  const Bytes header_bytes = format::encode(header);
  COFFER_TRY(sealed, seal_message(domain_keys.newest(), kLabel, header.inputs, header_bytes,
                                  crypto::random_secret(format::kBackingKeySize)));
  return format::Writer().raw(header_bytes).raw(sealed).take();
}

Result<secret::SecretBytes> open_backing_key(const DomainKeys& domain_keys,
                                             const format::WrappedBackingKey& key) {
  COFFER_TRY(token, format::parse_backing_key_token(key.token));
  const secret::SecretBytes* domain_key = domain_keys.find(token.header.domain_key_version);
  if (domain_key == nullptr || token.header.binding != key.binding ||
      token.header.backing_key_version != key.version)
    return tl::unexpected(format::refused_ciphertext());
  return open_message(*domain_key, kLabel, token.header.inputs, token.header_bytes, token.sealed);
}

size_t BackingKeyCache::NameHash::operator()(const Name& name) const {
  size_t hash = 0;
  std::memcpy(&hash, name.data(), sizeof hash);
  return hash;
}

Result<BackingKey> BackingKeyCache::get(const format::WrappedBackingKey& key) {
  format::Writer writer;
  writer.field(key.token).field(key.binding.account).field(key.binding.region).field(key.binding.key_id);
  const Name name = crypto::sha256(writer.u32(key.version).bytes());
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(name); found != entries_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return found->second->key;
    }
  }
  COFFER_TRY(opened, open_backing_key(domain_keys_, key));
  auto shared = std::make_shared<const secret::SecretBytes>(std::move(opened));
  const std::lock_guard lock(mutex_);
  if (entries_.contains(name)) return shared;  // another thread was faster
  recent_.push_front({name, shared});
  entries_.emplace(name, recent_.begin());
  if (recent_.size() > capacity_) {
    entries_.erase(recent_.back().name);
    recent_.pop_back();
  }
  return shared;
}

size_t BackingKeyCache::size() const {
  const std::lock_guard lock(mutex_);
  return recent_.size();
}

}  // namespace coffer::keys
