// SPDX-License-Identifier: Apache-2.0
// What decides whether a request is refused before it is done: services' names, and the room for session
// policies and tags.
#include <gtest/gtest.h>

#include "services/known_principals.h"
#include "services/sts/packed_size.h"

namespace coffer::services {
namespace {

TEST(ServicePrincipal, HasTheFormOfAwss) {
  for (const char* name : {"ec2.amazonaws.com", "a-b.c.amazonaws.com", "resource-explorer-2.amazonaws.com",
                           "s3.us-west-2.amazonaws.com", "alexa-appkit.amazon.com"})
    EXPECT_TRUE(is_service_principal(name)) << name;
  std::string too_long(64, 'a');
  too_long.append(".amazonaws.com");
  for (const char* name : {"", "ec2", "amazonaws.com", ".amazonaws.com", "ec2..amazonaws.com",
                           "-a.amazonaws.com", "a-.amazonaws.com", "Ec2.amazonaws.com", "ec2.amazonaws.com.",
                           "ec2.amazon.com", "ec2.xamazonaws.com.cn", "e c2.amazonaws.com", too_long.c_str()})
    EXPECT_FALSE(is_service_principal(name)) << name;
}

int32_t percentage(const std::vector<std::string>& policies, const sts::SessionTags& tags) {
  const auto size = sts::packed_size(policies, tags);
  return size && *size ? **size : -1;
}

TEST(PackedSize, IsOfBothPoliciesAndTags) {
  EXPECT_FALSE(*sts::packed_size({}, {}));
  EXPECT_EQ(percentage({}, {{"a", std::string(465, 'x')}}), 100);  // 480 bytes
  EXPECT_EQ(percentage({}, {{"a", ""}}), 3);
  const std::string policy = R"({"Version":"2012-10-17","Statement":[]})";
  const int32_t alone = percentage({policy}, {});
  EXPECT_GT(alone, 0);
  EXPECT_LE(alone + 50, percentage({policy}, {{"a", std::string(225, 'x')}}));
  EXPECT_GE(alone + 51, percentage({policy}, {{"a", std::string(225, 'x')}}));
}

TEST(PackedSize, BeyondTheRoomIsRefusedInAwssWords) {
  const sts::SessionTags nine(9, {"T1", std::string(250, 'a')});
  const auto tags = sts::packed_size({}, nine);
  ASSERT_FALSE(tags);
  EXPECT_EQ(tags.error().code, "PackedPolicyTooLarge");
  EXPECT_EQ(tags.error().message, "Packed size of session tags consumes 498% of allotted space.");
  EXPECT_FALSE(sts::packed_size({"{}"}, nine));
  EXPECT_FALSE(sts::packed_size({}, {{"a", std::string(470, 'x')}}));  // 485 bytes
}

}  // namespace
}  // namespace coffer::services
