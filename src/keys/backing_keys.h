// SPDX-License-Identifier: Apache-2.0
// Backing keys of KMS keys: made here, leave only as tokens, come back with each call (docs/format/token.md).
#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/mac.h"
#include "format/hsm_object.h"
#include "format/key_binding.h"
#include "keys/domain_keys.h"
#include "keys/key_material.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

// Material of any kind, as a token. kInvalidArgument unless the binding is well formed.
Result<Bytes> wrap_material(const DomainKeys& domain_keys, const format::KeyBinding& binding,
                            uint32_t version, const KeyMaterial& material);
// kRefusedCiphertext unless the token is one of ours for just this binding and version.
Result<KeyMaterial> open_material(const DomainKeys& domain_keys, const format::WrappedBackingKey& key);

// The same for symmetric encryption keys alone: a new random one, as a token; and one of them opened.
Result<Bytes> create_backing_key(const DomainKeys& domain_keys, const format::KeyBinding& binding,
                                 uint32_t version);
Result<secret::SecretBytes> open_backing_key(const DomainKeys& domain_keys,
                                             const format::WrappedBackingKey& key);

// An opened token, ready for use.
struct BackingKey {
  format::KeySpec spec = format::KeySpec::kSymmetricDefault;
  secret::SecretBytes secret;              // of a symmetric or an HMAC key; empty if it is in a token
  std::optional<format::HsmObject> hsm;    // where the material is, if in a PKCS#11 token
  std::optional<crypto::PrivateKey> pair;  // parsed once: that costs as much as a signature
};
using SharedBackingKey = std::shared_ptr<const BackingKey>;

// The backing keys that were unwrapped lately, least recently used first out (and wiped). Thread-safe; no
// lock is held while a token is opened. `capacity` is counted in symmetric keys; a parsed key pair takes the
// place of many.
class BackingKeyCache {
 public:
  BackingKeyCache(const CurrentDomainKeys& domain_keys, size_t capacity)
      : domain_keys_(domain_keys), capacity_(capacity) {}
  Result<SharedBackingKey> get(const format::WrappedBackingKey& key);
  size_t size() const;
  // Wipes what is kept of that key, of whatever version.
  void forget(const format::KeyBinding& binding);
  // After a domain key was destroyed: what it wrapped opens no more.
  void clear();

 private:
  // Of the token and everything that it must be bound to: a hit proves what open_backing_key() would.
  using Name = crypto::Sha256;
  struct NameHash {
    size_t operator()(const Name& name) const;
  };
  struct Entry {
    Name name;
    SharedBackingKey key;
    format::KeyBinding binding;
  };
  void drop(std::list<Entry>::iterator entry);

  const CurrentDomainKeys& domain_keys_;
  const size_t capacity_;
  mutable std::mutex mutex_;
  size_t weight_ = 0;
  uint64_t cleared_ = 0;     // how often
  std::list<Entry> recent_;  // most recent first
  std::unordered_map<Name, std::list<Entry>::iterator, NameHash> entries_;
};

}  // namespace coffer::keys
