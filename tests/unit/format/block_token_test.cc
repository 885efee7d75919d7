// SPDX-License-Identifier: Apache-2.0
// Is a block token read back as it was written, and nothing else for one?
#include "format/block_token.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace coffer::format {
namespace {

BlockToken a_token() {
  BlockToken token{1'700'000'000, 134'217'727, {}};
  for (size_t i = 0; i < token.mac.size(); ++i) token.mac[i] = static_cast<uint8_t>(i);
  return token;
}

TEST(BlockToken, IsReadBack) {
  const auto text = encode(a_token());
  EXPECT_EQ(text.size(), 60u);
  const auto back = parse_block_token(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->expiry_seconds, 1'700'000'000u);
  EXPECT_EQ(back->block, 134'217'727u);
  EXPECT_EQ(back->mac, a_token().mac);
}

TEST(BlockToken, NothingElseIsOne) {
  const Bytes bytes = *from_base64(encode(a_token()));
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parse_block_token(base64(ByteView(bytes).first(size)))) << size;
  Bytes longer = bytes, later = bytes;
  longer.push_back(0);
  later[0] = 2;
  EXPECT_FALSE(parse_block_token(base64(longer)));
  EXPECT_FALSE(parse_block_token(base64(later)));
  EXPECT_FALSE(parse_block_token("not base64!"));
}

TEST(BlockToken, WhatIsAuthenticatedTellsEverythingApart) {
  const BlockTokenBinding binding{"111111111111", "us-west-2", "snap-1"};
  const Bytes data = authenticated_data(a_token(), binding);
  auto other = a_token();
  other.block = 1;
  EXPECT_NE(authenticated_data(other, binding), data);
  other = a_token();
  other.expiry_seconds = 1;
  EXPECT_NE(authenticated_data(other, binding), data);
  EXPECT_NE(authenticated_data(a_token(), {"11111111111", "1us-west-2", "snap-1"}), data);
  EXPECT_NE(authenticated_data(a_token(), {"111111111111", "us-west-", "2snap-1"}), data);
  EXPECT_NE(authenticated_data(a_token(), {"111111111111", "us-west-2", "snap-2"}), data);
  other = a_token();
  other.mac = {};
  EXPECT_EQ(authenticated_data(other, binding), data);
}

}  // namespace
}  // namespace coffer::format
