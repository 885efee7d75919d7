// SPDX-License-Identifier: Apache-2.0
#include "keys/backing_keys.h"

#include <cstring>

#include "base/ids.h"
#include "crypto/random.h"
#include "format/backing_key_token.h"
#include "format/ciphertext_blob.h"
#include "format/codec.h"
#include "format/key_id.h"
#include "keys/message_sealing.h"

namespace coffer::keys {
namespace {

constexpr size_t kLongestRegion = 64;
// A parsed RSA key takes some ten KiB of the arena with what OpenSSL keeps for it.
constexpr size_t kWeightOfSecret = 1, kWeightOfPair = 16;

std::string_view label(uint8_t token_version) {
  switch (token_version) {
    case format::kOldTokenVersion:
      return "coffer backing-key token v1";
    case format::kHsmTokenVersion:
      return "coffer backing-key token v3";
    default:
      return "coffer backing-key token v2";
  }
}

size_t weight(const BackingKey& key) {
  return key.pair ? kWeightOfPair : kWeightOfSecret;
}

Result<SharedBackingKey> parse(KeyMaterial material) {
  auto key = std::make_shared<BackingKey>();
  key->spec = material.spec;
  if (material.in_hsm) {
    COFFER_TRY(object, format::parse_hsm_object(material.bytes.read(
                           secret::RawAccess::because("where a key is in a token is no secret"))));
    key->hsm = std::move(object);
  } else if (format::is_key_pair(material.spec)) {
    COFFER_TRY(pair, crypto::PrivateKey::parse(key_pair_kind(material.spec), material.bytes,
                                               crypto::PrivateKey::Trust::kOwn));
    key->pair = std::move(pair);
  } else {
    key->secret = std::move(material.bytes);
  }
  return key;
}

}  // namespace

Result<Bytes> wrap_material(const DomainKeys& domain_keys, const format::KeyBinding& binding,
                            uint32_t version, const KeyMaterial& material) {
  if (!is_account_id(binding.account) || !format::key_id_bytes(binding.key_id) || binding.region.empty() ||
      binding.region.size() > kLongestRegion || version == 0)
    return fail(ErrorKind::kInvalidArgument,
                "a backing key is bound to an account, a region, a key id and a version");
  const format::BackingKeyTokenHeader header{
      material.in_hsm ? format::kHsmTokenVersion : format::kTokenVersion,
      material.spec,
      domain_keys.newest_version(),
      binding,
      version,
      random_message_key_inputs()};
  const Bytes header_bytes = format::encode(header);
  COFFER_TRY(sealed, seal_message(domain_keys.newest(), label(header.version), header.inputs, header_bytes,
                                  material.bytes));
  return format::Writer().raw(header_bytes).raw(sealed).take();
}

Result<KeyMaterial> open_material(const DomainKeys& domain_keys, const format::WrappedBackingKey& key) {
  COFFER_TRY(token, format::parse_backing_key_token(key.token));
  const secret::SecretBytes* domain_key = domain_keys.find(token.header.domain_key_version);
  if (domain_key == nullptr || token.header.binding != key.binding ||
      token.header.backing_key_version != key.version)
    return tl::unexpected(format::refused_ciphertext());
  COFFER_TRY(bytes, open_message(*domain_key, label(token.header.version), token.header.inputs,
                                 token.header_bytes, token.sealed));
  return KeyMaterial{token.header.spec, std::move(bytes), token.header.version == format::kHsmTokenVersion};
}

Result<Bytes> create_backing_key(const DomainKeys& domain_keys, const format::KeyBinding& binding,
                                 uint32_t version) {
  return wrap_material(domain_keys, binding, version, generate_material(format::KeySpec::kSymmetricDefault));
}

Result<secret::SecretBytes> open_backing_key(const DomainKeys& domain_keys,
                                             const format::WrappedBackingKey& key) {
  COFFER_TRY(material, open_material(domain_keys, key));
  if (material.spec != format::KeySpec::kSymmetricDefault || material.in_hsm)
    return tl::unexpected(format::refused_ciphertext());
  return std::move(material.bytes);
}

size_t BackingKeyCache::NameHash::operator()(const Name& name) const {
  size_t hash = 0;
  std::memcpy(&hash, name.data(), sizeof hash);
  return hash;
}

Result<SharedBackingKey> BackingKeyCache::get(const format::WrappedBackingKey& key) {
  format::Writer writer;
  writer.field(key.token).field(key.binding.account).field(key.binding.region).field(key.binding.key_id);
  const Name name = crypto::sha256(writer.u32(key.version).bytes());
  uint64_t cleared = 0;
  {
    const std::lock_guard lock(mutex_);
    cleared = cleared_;
    if (const auto found = entries_.find(name); found != entries_.end()) {
      recent_.splice(recent_.begin(), recent_, found->second);
      return found->second->key;
    }
  }
  COFFER_TRY(material, open_material(*domain_keys_.get(), key));
  COFFER_TRY(parsed, parse(std::move(material)));
  const std::lock_guard lock(mutex_);
  if (entries_.contains(name)) return parsed;  // another thread was faster
  if (cleared != cleared_)
    return parsed;  // perhaps opened by a domain key that is no more, or of a key that is
  recent_.push_front({name, parsed, key.binding});
  entries_.emplace(name, recent_.begin());
  weight_ += weight(*parsed);
  while (weight_ > capacity_ && recent_.size() > 1) drop(std::prev(recent_.end()));
  return parsed;
}

void BackingKeyCache::drop(std::list<Entry>::iterator entry) {
  weight_ -= weight(*entry->key);
  entries_.erase(entry->name);
  recent_.erase(entry);
}

void BackingKeyCache::forget(const format::KeyBinding& binding) {
  const std::lock_guard lock(mutex_);
  ++cleared_;
  for (auto entry = recent_.begin(); entry != recent_.end();) {
    const auto next = std::next(entry);
    if (entry->binding == binding) drop(entry);
    entry = next;
  }
}

void BackingKeyCache::clear() {
  const std::lock_guard lock(mutex_);
  ++cleared_;
  weight_ = 0;
  entries_.clear();
  recent_.clear();
}

size_t BackingKeyCache::size() const {
  const std::lock_guard lock(mutex_);
  return recent_.size();
}

}  // namespace coffer::keys
