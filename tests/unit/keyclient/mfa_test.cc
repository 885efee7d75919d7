// SPDX-License-Identifier: Apache-2.0
// Does keyd keep the seeds of MFA devices to itself, and say which codes are right of about now only?
#include <gtest/gtest.h>

#include "base/clock.h"
#include "crypto/one_time_code.h"
#include "keyclient/keyd_client.h"
#include "tests/unit/keyclient/keyd_in_process.h"

namespace coffer::keyclient {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

const std::string kDevice = "arn:aws:iam::123456789012:mfa/alice";

SecretBytes from_base32(const SecretBytes& text) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  Bytes bytes;
  uint32_t bits = 0, count = 0;
  for (const uint8_t c : text.read(RawAccess::because("the test is an authenticator"))) {
    bits = (bits << 5) | static_cast<uint32_t>(alphabet.find(static_cast<char>(c)));
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<uint8_t>(bits >> count));
  }
  return SecretBytes::copy_of(bytes);
}

struct MfaCodes : ::testing::Test {
  MfaCodes() {
    apid.connect(keyd.channel_for("apid", "i-1"));
    auto made = apid.create_mfa_seed(kDevice);
    wrapped = made->wrapped;
    seed = from_base32(made->plaintext);
  }
  std::string code(int64_t step) const { return crypto::one_time_code(seed, step); }
  Result<std::optional<int64_t>> verify(int64_t first, uint32_t steps,
                                        const std::vector<std::string>& codes) {
    return apid.verify_mfa_codes(kDevice, wrapped, {first, steps}, codes);
  }

  KeydInProcess keyd;
  KeydClient apid;
  Bytes wrapped;
  SecretBytes seed;
  const int64_t now = crypto::one_time_code_step(system_clock().now());
};

TEST_F(MfaCodes, ASeedHasFortyBytes) {
  EXPECT_EQ(seed.size(), 40u);
}

TEST_F(MfaCodes, TheStepOfARightCodeIsTold) {
  EXPECT_EQ(*verify(now - 1, 3, {code(now + 1)}), now + 1);
  EXPECT_EQ(*verify(now - 20, 41, {code(now - 7), code(now - 6)}), now - 7);
}

TEST_F(MfaCodes, OtherCodesAreOfNoStep) {
  EXPECT_EQ(*verify(now - 1, 3, {code(now + 2)}), std::nullopt);
  EXPECT_EQ(*verify(now - 20, 41, {code(now - 7), code(now - 5)}), std::nullopt);
  EXPECT_EQ(*verify(now - 20, 41, {code(now - 7), code(now - 7)}), std::nullopt);
}

TEST_F(MfaCodes, OnlyStepsOfAboutNowAreVerified) {
  EXPECT_TRUE(verify(now - 60, 64, {code(now)}));
  EXPECT_FALSE(verify(now - 70, 3, {code(now - 70)}));
  EXPECT_FALSE(verify(now + 60, 20, {code(now + 70)}));
  EXPECT_FALSE(verify(now, 0, {code(now)}));
  EXPECT_FALSE(verify(now - 32, 65, {code(now)}));
  EXPECT_FALSE(verify(-1, 3, {code(now)}));
}

TEST_F(MfaCodes, ACodeIsSixDigits) {
  for (const std::string bad : {"", "12345", "1234567", "12345a", "-12345"})
    EXPECT_FALSE(verify(now, 1, {bad}));
  EXPECT_FALSE(verify(now, 1, {}));
  EXPECT_FALSE(verify(now, 1, {code(now), code(now + 1), code(now + 2)}));
}

TEST_F(MfaCodes, ASeedIsItsDevicesAndNothingElse) {
  const std::string other = kDevice + "2";
  EXPECT_FALSE(apid.verify_mfa_codes(other, wrapped, {now - 1, 3}, {code(now)}));
  const std::string today = basic_iso8601(system_clock().now()).substr(0, 8);
  EXPECT_FALSE(apid.derive_signing_key(kDevice, wrapped, today, "us-west-2", "sts"));
  const auto access_key = apid.create_access_key_secret(kDevice);
  EXPECT_FALSE(apid.verify_mfa_codes(kDevice, access_key->wrapped, {now - 1, 3}, {code(now)}));
}

TEST_F(MfaCodes, TheyFollowTheDomainKey) {
  const auto again = apid.rewrap_secrets({{kDevice, wrapped}});
  ASSERT_TRUE(again);
  EXPECT_EQ(*apid.verify_mfa_codes(kDevice, again->at(0), {now - 1, 3}, {code(now)}), now);
}

}  // namespace
}  // namespace coffer::keyclient
