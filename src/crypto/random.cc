// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include "base/random.h"

namespace coffer::crypto {

secret::SecretBytes random_secret(size_t size) {
  secret::SecretBytes bytes(size);
  // Straight from the kernel into the arena: no generator's state of ours from which keys could be told.
  system_random().fill(bytes.write(secret::RawAccess::because("the kernel fills a new key")));
  return bytes;
}

Bytes random_bytes(size_t size) {
  Bytes bytes(size);
  system_random().fill(bytes);
  return bytes;
}

}  // namespace coffer::crypto
