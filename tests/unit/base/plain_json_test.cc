// SPDX-License-Identifier: Apache-2.0
// Which texts stand for themselves in JSON?
#include "base/plain_json.h"

#include <gtest/gtest.h>

#include <string>

namespace coffer {
namespace {

bool needs_no_escape(unsigned char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

TEST(PlainJson, EachByteCountsWhereverItStands) {
  for (size_t size = 1; size <= 24; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        for (const char around : {'a', ' ', '~', '!', '#', '[', ']'}) {
          std::string text(size, around);
          text[at] = static_cast<char>(byte);
          ASSERT_EQ(is_plain_json(text), needs_no_escape(static_cast<unsigned char>(byte)))
              << byte << " at " << at << " of " << size;
        }
      }
    }
  }
}

TEST(PlainJson, NothingIsPlain) {
  EXPECT_TRUE(is_plain_json(""));
}

}  // namespace
}  // namespace coffer
