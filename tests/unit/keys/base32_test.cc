// SPDX-License-Identifier: Apache-2.0
#include "keys/base32.h"

#include <gtest/gtest.h>

namespace coffer::keys {
namespace {

// RFC 4648 section 10, the one vector without padding, and RFC 6238's seed as authenticators write it.
TEST(Base32, AgreesWithTheStandard) {
  const auto encoded = [](const char* text) { return base32(secret::SecretBytes::copy_of(to_bytes(text))); };
  const auto is = [](const secret::SecretBytes& text, const char* expected) {
    return text.equals(secret::SecretBytes::copy_of(to_bytes(expected)));
  };
  EXPECT_TRUE(is(encoded("fooba"), "MZXW6YTB"));
  EXPECT_TRUE(is(encoded("12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"));
}

}  // namespace
}  // namespace coffer::keys
