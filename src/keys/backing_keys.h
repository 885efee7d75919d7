// SPDX-License-Identifier: Apache-2.0
// Backing keys of KMS keys: made here, leave only as tokens, come back with each call (docs/format/token.md).
#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/mac.h"
#include "format/key_binding.h"
#include "keys/domain_keys.h"
#include "secret/secret_bytes.h"

namespace coffer::keys {

using BackingKey = std::shared_ptr<const secret::SecretBytes>;

// A new random backing key, as a token. kInvalidArgument unless the binding is well formed.
Result<Bytes> create_backing_key(const DomainKeys& domain_keys, const format::KeyBinding& binding,
                                 uint32_t version);
// kRefusedCiphertext unless the token is one of ours for just this binding and version.
Result<secret::SecretBytes> open_backing_key(const DomainKeys& domain_keys,
                                             const format::WrappedBackingKey& key);

// The backing keys that were unwrapped lately, least recently used first out (and wiped). Thread-safe; no
// lock is held while a token is opened.
class BackingKeyCache {
 public:
  BackingKeyCache(const DomainKeys& domain_keys, size_t capacity)
      : domain_keys_(domain_keys), capacity_(capacity) {}
  Result<BackingKey> get(const format::WrappedBackingKey& key);
  size_t size() const;

 private:
  // Of the token and everything that it must be bound to: a hit proves what open_backing_key() would.
  using Name = crypto::Sha256;
  struct NameHash {
    size_t operator()(const Name& name) const;
  };
  struct Entry {
    Name name;
    BackingKey key;
  };

  const DomainKeys& domain_keys_;
  const size_t capacity_;
  mutable std::mutex mutex_;
  std::list<Entry> recent_;  // most recent first
  std::unordered_map<Name, std::list<Entry>::iterator, NameHash> entries_;
};

}  // namespace coffer::keys
