// SPDX-License-Identifier: Apache-2.0
// Is a VPC endpoint read as it is written on the command line, and nothing else?
#include "base/vpc_endpoint.h"

#include <gtest/gtest.h>

namespace coffer {
namespace {

TEST(VpcEndpoint, IsReadWithAndWithoutItsVpc) {
  for (const std::string text : {"vpce-0123456789abcdef0=127.0.0.1:4600", "vpce-01234567=[::1]:0",
                                 "vpce-0123456789abcdef0/vpc-89abcdef=10.0.0.1:443"}) {
    const auto endpoint = parse_vpc_endpoint(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(to_text(*endpoint), text);
  }
  EXPECT_EQ(parse_vpc_endpoint("vpce-01234567/vpc-89abcdef=a:1")->vpc, "vpc-89abcdef");
}

TEST(VpcEndpoint, NothingElseIsOne) {
  for (const char* text :
       {"", "=", "127.0.0.1:4600", "vpce-01234567", "vpce-01234567=", "vpc-01234567=a:1", "vpce-0123456=a:1",
        "vpce-0123456G=a:1", "vpce-01234567/=a:1", "vpce-01234567/vpce-01234567=a:1",
        "vpce-01234567/vpc-1/vpc-2=a:1", "VPCE-01234567=a:1"})
    EXPECT_FALSE(parse_vpc_endpoint(text)) << text;
}

}  // namespace
}  // namespace coffer
