// SPDX-License-Identifier: Apache-2.0
// Our small files end with the SHA-256 of all that precedes it, in every version of their formats.
#pragma once
#include "base/bytes.h"
#include "crypto/mac.h"

namespace coffer::seals {

inline bool ends_with_checksum(ByteView file) {
  constexpr size_t kSize = sizeof(crypto::Sha256);
  return file.size() >= kSize &&
         crypto::equal_constant_time(crypto::sha256(file.first(file.size() - kSize)), file.last(kSize));
}

}  // namespace coffer::seals
