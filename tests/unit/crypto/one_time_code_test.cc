// SPDX-License-Identifier: Apache-2.0
#include "crypto/one_time_code.h"

#include <gtest/gtest.h>

#include <array>

namespace coffer::crypto {
namespace {

secret::SecretBytes rfc_seed() {
  return secret::SecretBytes::copy_of(to_bytes("12345678901234567890"));
}

// RFC 4226, appendix D.
TEST(OneTimeCode, AgreesWithHotpsVectors) {
  constexpr std::array kCodes = {"755224", "287082", "359152", "969429", "338314",
                                 "254676", "287922", "162583", "399871", "520489"};
  for (size_t i = 0; i < kCodes.size(); ++i)
    EXPECT_EQ(one_time_code(rfc_seed(), static_cast<int64_t>(i)), kCodes.at(i));
}

// RFC 6238, appendix B: the last six of its eight digits.
TEST(OneTimeCode, AgreesWithTotpsVectors) {
  constexpr std::array<std::pair<int64_t, const char*>, 6> kCodes = {{{59, "287082"},
                                                                      {1111111109, "081804"},
                                                                      {1111111111, "050471"},
                                                                      {1234567890, "005924"},
                                                                      {2000000000, "279037"},
                                                                      {20000000000, "353130"}}};
  for (const auto& [seconds, code] : kCodes)
    EXPECT_EQ(one_time_code(rfc_seed(), one_time_code_step(Timestamp{seconds * 1'000'000})), code);
}

TEST(OneTimeCode, ChangesEveryThirtySeconds) {
  EXPECT_EQ(one_time_code_step(Timestamp{29'999'999}), 0);
  EXPECT_EQ(one_time_code_step(Timestamp{30'000'000}), 1);
}

}  // namespace
}  // namespace coffer::crypto
