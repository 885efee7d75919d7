// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <gtest/gtest.h>

#include <functional>

#include "base/bytes.h"
#include "base/result.h"

namespace coffer {

// Opens `bytes` with each bit flipped: always refused, by one and the same error. `open` says how it went; it
// must succeed for the bytes as they are.
inline void expect_every_flip_refused(const Bytes& bytes, const std::function<Status(ByteView)>& open) {
  ASSERT_TRUE(open(bytes)) << "the positive control";
  std::string message;
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
    const Status opened = open(flipped);
    ASSERT_FALSE(opened) << "bit " << bit;
    EXPECT_EQ(opened.error().kind, ErrorKind::kRefusedCiphertext) << "bit " << bit;
    if (message.empty()) message = opened.error().message;
    EXPECT_EQ(opened.error().message, message) << "bit " << bit;
    EXPECT_EQ(opened.error().code, "") << "bit " << bit;
  }
}

template <class T>
Status status_of(const Result<T>& result) {
  if (result) return {};
  return tl::unexpected(result.error());
}

}  // namespace coffer
