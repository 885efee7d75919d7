// SPDX-License-Identifier: Apache-2.0
// Is base64 that of RFC 4648, and nothing else taken for it; and hexadecimal likewise?
#include "base/encoding.h"

#include <gtest/gtest.h>

#include <random>

namespace coffer {
namespace {

TEST(Base64Test, HasTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [text, encoded] : vectors) {
    EXPECT_EQ(base64(as_bytes(text)), encoded);
    const auto decoded = from_base64(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(as_text(*decoded), text);
  }
  EXPECT_EQ(base64(Bytes{0xFB, 0xFF, 0xBF}), "+/+/");
}

TEST(Base64Test, ReadsWhatItWrites) {
  std::mt19937 random(7);
  for (size_t size = 0; size < 400; ++size) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<uint8_t>(random());
    const auto decoded = from_base64(base64(bytes));
    ASSERT_TRUE(decoded) << size;
    EXPECT_EQ(*decoded, bytes);
    EXPECT_EQ(*from_hex(hex(bytes)), bytes);
  }
}

TEST(Base64Test, RefusesWhatIsNone) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "====", "=Zg=", "Zg==Zg==", "Zm9v\n", "Zm 9", "Zm9-",
                           "Zm9_", "Zm9\xff", "Z===", "Zm=v"})
    EXPECT_FALSE(from_base64(text)) << text;
}

// Whatever byte stands anywhere, only the alphabet is taken.
TEST(Base64Test, KnowsItsAlphabetAlone) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int byte = 0; byte < 256; ++byte)
    for (size_t at = 0; at < 6; ++at) {
      std::string text = "Zm9vYmFy";
      text[at] = static_cast<char>(byte);
      EXPECT_EQ(from_base64(text).has_value(), alphabet.find(static_cast<char>(byte)) != std::string::npos)
          << byte << " at " << at;
    }
}

}  // namespace
}  // namespace coffer
