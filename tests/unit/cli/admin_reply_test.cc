// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/admin_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace coffer::cli {
namespace {

TEST(AdminReply, GivesTheResult) {
  auto result =
      parse_reply(R"({"ok":true,"result":{"keyd":{"seal":"key file"},"accounts":[{"account":"1"}]}})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->text("keyd.seal"), "key file");
  EXPECT_EQ(result->items("accounts").at(0).text("account"), "1");
  EXPECT_EQ(result->text("keyd.absent.deeper"), "");
}

TEST(AdminReply, OfARefusalEndsWithTheStatusForIt) {
  auto result =
      parse_reply(R"({"ok":false,"error":{"code":"InvalidVolume.NotFound","message":"no such volume"}})");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, "InvalidVolume.NotFound");
  EXPECT_EQ(complain_about(result.error()), kRefused);
}

TEST(AdminReply, OfATroubleIsAFailure) {
  auto result = parse_reply(R"({"ok":false,"error":{"code":"ServiceUnavailable","message":"keyd is down"}})");
  ASSERT_FALSE(result);
  EXPECT_EQ(complain_about(result.error()), kFailed);
}

TEST(AdminReply, ThatIsNoneIsAFailure) {
  for (const char* line : {"", "{", "[]", "null", "{}", "{\"result\":{}}", "\xff"}) {
    auto result = parse_reply(line);
    ASSERT_FALSE(result) << line;
    EXPECT_EQ(complain_about(result.error()), kFailed) << line;
  }
}

}  // namespace
}  // namespace coffer::cli
