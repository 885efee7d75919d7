// SPDX-License-Identifier: Apache-2.0
// Do 16 bytes say which text of a KMS key's id they stand for?
#include "format/key_id.h"

#include <gtest/gtest.h>

#include "base/ids.h"

namespace coffer::format {
namespace {

TEST(KeyId, BothKindsComeBack) {
  for (int i = 0; i < 1000; ++i) {
    for (const std::string& id : {make_uuid(system_random()), make_multi_region_key_id(system_random())}) {
      ASSERT_TRUE(is_key_id(id)) << id;
      const auto bytes = key_id_bytes(id);
      ASSERT_TRUE(bytes) << id;
      ASSERT_EQ(key_id_text(*bytes), id);
    }
  }
}

TEST(KeyId, NoBytesStandForTwoTexts) {
  EXPECT_TRUE(key_id_bytes("mrk-1234abcd12ab84cd96ef1234567890ab"));
  EXPECT_FALSE(key_id_bytes("mrk-1234abcd12ab34cd56ef1234567890ab"));  // a version 3 UUID's digits
  EXPECT_FALSE(key_id_bytes("1234abcd-12ab-84cd-96ef-1234567890ab"));  // what mrk-… has
  EXPECT_TRUE(key_id_bytes("1234abcd-12ab-34cd-56ef-1234567890ab"));
}

TEST(KeyId, OtherTextsAreNone) {
  for (const char* text :
       {"", "mrk-", "mrk-1234ABCD12ab84cd96ef1234567890ab", "mrk-1234abcd12ab84cd96ef1234567890a",
        "mrk-1234abcd12ab84cd96ef1234567890abc", "1234abcd12ab34cd56ef1234567890ab"})
    EXPECT_FALSE(key_id_bytes(text)) << text;
}

}  // namespace
}  // namespace coffer::format
