// SPDX-License-Identifier: Apache-2.0
// Does an answer leave that nobody was asked for? The handlers are the test's own.
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

class UnaskedCallTest : public ApiFixture {
 protected:
  UnaskedCallTest() {
    ServiceRegistry registry;
    registry.add({&kms::model(), [](std::string_view operation, Call& call, const wire::Value&) {
                    return operation == "ListKeys" ? list(call) : create_alias(call);
                  }});
    pipeline_ = std::make_unique<Pipeline>(*installation_, std::move(registry), Failpoint());
  }
  static Result<wire::Value> list(Call&) { return to_value(kms::ListKeysResponse{}); }
  // Stores something, as a setting, without asking.
  static Result<wire::Value> create_alias(Call& call) {
    COFFER_TRY(done, call.commit<kms::CreateAliasResponse>(
                         [](catalog::Transaction& transaction) -> Result<kms::CreateAliasResponse> {
                           COFFER_CHECK(transaction.set_setting("made", "yes"));
                           return kms::CreateAliasResponse{};
                         }));
    return to_value(done);
  }
};

TEST_F(UnaskedCallTest, AReadIsAnInternalError) {
  const auto response = serve_kms("ListKeys", "{}");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(json_code(response), "KMSInternalException");
}

TEST_F(UnaskedCallTest, AChangeIsNotMade) {
  const auto response = serve_kms(
      "CreateAlias", R"({"AliasName":"alias/a","TargetKeyId":"12345678-1234-1234-1234-123456789012"})");
  EXPECT_EQ(response.status, 500);
  EXPECT_TRUE(catalog_->read([](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(made, transaction.setting("made"));
    EXPECT_FALSE(made);
    return {};
  }));
}

}  // namespace
}  // namespace coffer::api
