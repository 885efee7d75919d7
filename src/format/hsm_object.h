// SPDX-License-Identifier: Apache-2.0
// A KMS key whose material is in a PKCS#11 token: which object of which key store it is. What the sealed part
// of its backing-key token holds instead of material (docs/format/token.md). Pure.
#pragma once
#include <array>
#include <string>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer::format {

inline constexpr size_t kLongestKeyStoreId = 64;  // KMS API, CustomKeyStoreIdType
using HsmObjectId = std::array<uint8_t, 16>;      // PKCS#11's CKA_ID of the object; random

struct HsmObject {
  std::string key_store_id;  // "cks-…"
  HsmObjectId id{};
  bool operator==(const HsmObject&) const = default;
};
inline constexpr size_t kLargestHsmObject = 4 + kLongestKeyStoreId + sizeof(HsmObjectId);

Bytes encode(const HsmObject& object);
// kRefusedCiphertext for anything else.
Result<HsmObject> parse_hsm_object(ByteView bytes);

}  // namespace coffer::format
