// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace coffer::format {

// What a wrapped backing key belongs to. keyd refuses a token under any other binding.
struct KeyBinding {
  std::string account;  // twelve digits
  std::string region;
  std::string key_id;  // the KMS key's: format/key_id.h
  auto operator<=>(const KeyBinding&) const = default;
};

// A backing key as the catalog stores it.
struct WrappedBackingKey {
  KeyBinding binding;
  uint32_t version = 1;
  Bytes token;
};

// What a data key may be used for; authenticated in the ciphertext blob (ARCHITECTURE section 1).
enum class BlobClass : uint8_t {
  kCustomer = 1,  // opens by Decrypt
  kVolume = 2,    // opens only into a box for an enrolled recipient
};

}  // namespace coffer::format
