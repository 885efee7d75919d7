// SPDX-License-Identifier: Apache-2.0
// Is the envelope of an authorization message read as it is written, and nothing else?
#include "format/authorization_message.h"

#include <gtest/gtest.h>

namespace coffer::format {
namespace {

AuthorizationMessage message(size_t size) {
  AuthorizationMessage made;
  made.salt.fill(0xFB);
  made.iv.fill(0xFF);
  made.sealed.assign(size, 0xFE);
  return made;
}

TEST(AuthorizationMessage, IsOneWordAndReadAsWritten) {
  for (const size_t size : {16u, 17u, 18u, 19u, 5000u}) {
    const std::string text = encode(message(size));
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    const auto read = parse_authorization_message(text);
    ASSERT_TRUE(read) << size;
    EXPECT_EQ(read->salt, message(size).salt);
    EXPECT_EQ(read->iv, message(size).iv);
    EXPECT_EQ(read->sealed, message(size).sealed);
  }
}

TEST(AuthorizationMessage, HasOneTextOnly) {
  std::string text = encode(message(17));  // 46 bytes: the last character has four bits to spare
  ASSERT_EQ(text.back(), 'g');
  text.back() = 'h';
  EXPECT_FALSE(parse_authorization_message(text));
}

TEST(AuthorizationMessage, RefusesWhatIsNone) {
  const std::string text = encode(message(16));
  for (const std::string& wrong : {std::string(), std::string("x"), text.substr(0, text.size() - 4),
                                   text + "=", "B" + text.substr(1), text + "!", std::string(10241, 'A')})
    EXPECT_FALSE(parse_authorization_message(wrong)) << wrong.substr(0, 60);
  EXPECT_FALSE(parse_authorization_message(encode(message(9000))));  // longer than the API takes
}

}  // namespace
}  // namespace coffer::format
