// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <memory>

#include "base/bytes.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {

using Sha256 = std::array<uint8_t, 32>;
Sha256 sha256(ByteView data);

// SHA-256 of what does not lie in memory as a whole. One thread at a time.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  void update(ByteView data);
  Sha256 finish() &&;

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// HMAC-SHA-256 (FIPS 198-1). The result is kept as a secret where it is itself a key.
Sha256 hmac_sha256(const secret::SecretBytes& key, ByteView data);
secret::SecretBytes hmac_sha256_secret(const secret::SecretBytes& key, ByteView data);

// Constant time in the contents, not in the sizes.
bool equal_constant_time(ByteView a, ByteView b);

}  // namespace coffer::crypto
