// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "services/arn.h"
#include "services/page_token.h"

namespace coffer::services {
namespace {

TEST(Arn, PartsComeBack) {
  const auto arn = parse_arn(key_arn("us-west-2", "123456789012", "12345678-1234-1234-1234-123456789012"));
  ASSERT_TRUE(arn);
  EXPECT_EQ(arn->service, "kms");
  EXPECT_EQ(arn->region, "us-west-2");
  EXPECT_EQ(arn->account, "123456789012");
  EXPECT_EQ(arn->resource, "key/12345678-1234-1234-1234-123456789012");
}

TEST(Arn, WhatIsNoArnIsRefused) {
  for (const char* text :
       {"", "arn", "arn:aws:kms:us-west-2:123456789012", "arn:aws::us-west-2:123456789012:key/x",
        "urn:aws:kms:us-west-2:123456789012:key/x", "arn:aws:kms:us-west-2:123456789012:"})
    EXPECT_FALSE(parse_arn(text)) << text;
}

TEST(PageToken, OpensOnlyForItsOwnList) {
  const std::string token = make_page_token("ListKeys", "abc");
  EXPECT_EQ(parse_page_token("ListKeys", token), "abc");
  EXPECT_FALSE(parse_page_token("ListAliases", token));
  EXPECT_FALSE(parse_page_token("ListKeys", "not base64!"));
  EXPECT_FALSE(parse_page_token("ListKeys", ""));
  EXPECT_EQ(*next_token_position("ListKeys", std::nullopt), "");
  EXPECT_EQ(*next_token_position("ListKeys", token), "abc");
  EXPECT_EQ(next_token_position("ListAliases", token).error().code, "InvalidNextToken");
}

}  // namespace
}  // namespace coffer::services
