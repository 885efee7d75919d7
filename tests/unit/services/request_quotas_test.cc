// SPDX-License-Identifier: Apache-2.0
// Is an account held to AWS's request quotas, and only the account and region that used them up?
#include "services/kms/request_quotas.h"

#include <gtest/gtest.h>

namespace coffer::services::kms {
namespace {

class StillClock final : public Clock {
 public:
  Timestamp now() const override { return {}; }
  std::chrono::steady_clock::time_point steady_now() const override { return now_; }
  void pass(std::chrono::milliseconds time) { now_ += time; }

 private:
  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
};

class Quotas : public ::testing::Test {
 protected:
  int taken(const std::string& account, const std::string& region, std::string_view operation, int wanted) {
    int number = 0;
    for (int i = 0; i < wanted; ++i)
      if (quotas_.take(account, region, quota_of(operation, ""))) ++number;
    return number;
  }

  StillClock clock_;
  RequestQuotas quotas_{clock_};
};

TEST_F(Quotas, AreUsedUpAndFillAgainEvenly) {
  EXPECT_EQ(taken("1", "r", "CreateKey", 9), 5);
  clock_.pass(std::chrono::milliseconds(400));
  EXPECT_EQ(taken("1", "r", "CreateKey", 9), 2);
  clock_.pass(std::chrono::hours(1));
  EXPECT_EQ(taken("1", "r", "CreateKey", 9), 5);
}

TEST_F(Quotas, ARefusalIsAwsOwn) {
  taken("1", "r", "CreateKey", 5);
  const auto refused = quotas_.take("1", "r", quota_of("CreateKey", ""));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "ThrottlingException");
}

TEST_F(Quotas, OfOneAccountAndRegionAreNotAnothers) {
  EXPECT_EQ(taken("1", "r", "CreateKey", 9), 5);
  EXPECT_EQ(taken("2", "r", "CreateKey", 9), 5);
  EXPECT_EQ(taken("1", "s", "CreateKey", 9), 5);
  EXPECT_EQ(taken("1", "r", "DisableKey", 9), 5);
}

TEST_F(Quotas, CryptographicOperationsShareOne) {
  EXPECT_EQ(taken("1", "r", "Encrypt", 6000), 6000);
  EXPECT_EQ(taken("1", "r", "GenerateRandom", 6000), 4000);
  EXPECT_EQ(taken("1", "r", "Sign", 1), 1);
}

TEST_F(Quotas, LessThanOneASecondIsOneAndThenAWait) {
  EXPECT_EQ(taken("1", "r", "GetParametersForImport", 3), 1);
  clock_.pass(std::chrono::milliseconds(3900));
  EXPECT_EQ(taken("1", "r", "GetParametersForImport", 3), 0);
  clock_.pass(std::chrono::milliseconds(200));
  EXPECT_EQ(taken("1", "r", "GetParametersForImport", 3), 1);
}

TEST(RequestQuota, PairsGoByTheirSpec) {
  EXPECT_EQ(quota_of("GenerateDataKeyPair", "RSA_4096").per_second, 0.1);
  EXPECT_EQ(quota_of("GenerateDataKeyPair", "ECC_NIST_P256").per_second, 100);
  EXPECT_EQ(quota_of("DescribeKey", "").per_second, 2000);
}

}  // namespace
}  // namespace coffer::services::kms
