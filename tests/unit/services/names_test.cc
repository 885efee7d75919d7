// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "services/arn.h"
#include "services/condition_key_names.h"
#include "services/iam_names.h"
#include "services/kms/key_identifier.h"
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

TEST(IamNames, OnlyARolesOwnPathMakesItServiceLinked) {
  const std::string account = "123456789012";
  EXPECT_TRUE(is_service_linked_role(iam_arn(account, "role", "/aws-service-role/ebs.amazonaws.com/", "r")));
  EXPECT_FALSE(is_service_linked_role(iam_arn(account, "role", "/:role/aws-service-role/", "r")));
  EXPECT_FALSE(is_service_linked_role(iam_arn(account, "user", "/:role/aws-service-role/", "u")));
  EXPECT_FALSE(is_service_linked_role(iam_arn(account, "user", "/aws-service-role/", "u")));
}

TEST(KeyIdentifier, TellsIdsAndAliasesWithAndWithoutArn) {
  using Kind = kms::KeyIdentifier::Kind;
  const std::string id = "12345678-1234-1234-1234-123456789012";
  const std::string start = "arn:aws:kms:us-west-2:123456789012:";
  const auto kind = [](const std::string& text) {
    const auto read = kms::read_key_identifier(text);
    EXPECT_TRUE(read) << text;
    return read ? read->kind : Kind::kOther;
  };
  EXPECT_EQ(kind(id), Kind::kKey);
  EXPECT_EQ(kind(start + "key/" + id), Kind::kKey);
  EXPECT_EQ(kind("alias/x"), Kind::kAlias);
  EXPECT_EQ(kind(start + "alias/x"), Kind::kAlias);
  for (const auto& text : {std::string("banana"), "key/" + id, start + id, start + "key/alias/x",
                           start + "key/banana", start + "key/x/" + id})
    EXPECT_EQ(kind(text), Kind::kOther) << text;
  EXPECT_EQ(kms::read_key_identifier(start + "key/" + id)->name, id);
  for (const std::string text : {"arn:", "arn:aws:s3:::bucket", "arn:aws:kms:us-west-2:123456789012"})
    EXPECT_EQ(kms::read_key_identifier(text).error().code, "InvalidArnException") << text;
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

TEST(ConditionKeyNames, AreWrittenAsAwsDoes) {
  EXPECT_EQ(written_key("ec2:encrypted"), "ec2:Encrypted");
  EXPECT_EQ(written_key("aws:requesttag/team"), "aws:RequestTag/team");
  EXPECT_EQ(written_key("kms:encryptioncontext:aws:ebs:id"), "kms:EncryptionContext:aws:ebs:id");
  EXPECT_EQ(written_key("ec2:attribute/size"), "ec2:Attribute/size");
  for (const char* unknown : {"", "aws:username", "issuer.example:sub"})
    EXPECT_EQ(written_key(unknown), unknown);
}

}  // namespace
}  // namespace coffer::services
