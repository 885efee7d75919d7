// SPDX-License-Identifier: Apache-2.0
// Are only proper names under amazonaws.com taken as CONNECT targets?
#include "wire/connect_target.h"

#include <gtest/gtest.h>

namespace coffer::wire {
namespace {

TEST(ConnectTarget, AcceptsNamesUnderAmazonaws) {
  for (const char* name : {"kms.us-west-2.amazonaws.com", "ec2.amazonaws.com", "a-b.c.amazonaws.com"}) {
    const auto host = parse_connect_target(std::string(name) + ":443");
    ASSERT_TRUE(host) << name;
    EXPECT_EQ(*host, name);
  }
  EXPECT_EQ(*parse_connect_target("KMS.us-west-2.AmazonAWS.com:443"), "kms.us-west-2.amazonaws.com");
  const std::string label(63, 'a');
  EXPECT_TRUE(parse_connect_target(label + ".amazonaws.com:443"));
}

TEST(ConnectTarget, RefusesTheRest) {
  const std::string label(63, 'a');
  const std::string long_name = label + "." + label + "." + label + "." + label + ".amazonaws.com:443";
  for (const std::string& target : {std::string("kms.us-west-2.amazonaws.com"),
                                    std::string("kms.us-west-2.amazonaws.com:80"),
                                    std::string("kms.us-west-2.amazonaws.com:0443"),
                                    std::string("amazonaws.com:443"),
                                    std::string(".amazonaws.com:443"),
                                    std::string("notamazonaws.com:443"),
                                    std::string("kms.amazonaws.com.evil.example:443"),
                                    std::string("kms.amazonaws.com.cn:443"),
                                    std::string("kms.amazonaws.com.:443"),
                                    std::string("*.amazonaws.com:443"),
                                    std::string("a..amazonaws.com:443"),
                                    std::string("-a.amazonaws.com:443"),
                                    std::string("a-.amazonaws.com:443"),
                                    std::string("a_b.amazonaws.com:443"),
                                    std::string("a/b.amazonaws.com:443"),
                                    std::string("a\0b.amazonaws.com:443", 21),
                                    std::string("[::1]:443"),
                                    std::string("user@kms.amazonaws.com:443"),
                                    std::string(":443"),
                                    std::string(),
                                    label + "a.amazonaws.com:443",
                                    long_name}) {
    const auto host = parse_connect_target(target);
    ASSERT_FALSE(host) << testing::PrintToString(target);
    EXPECT_EQ(host.error().kind, ErrorKind::kPermissionDenied);
  }
}

}  // namespace
}  // namespace coffer::wire
