// SPDX-License-Identifier: Apache-2.0
// Do MFA devices, and when roles were last used, come back as they were stored?
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::catalog {
namespace {

constexpr const char* kAccount = "123456789012";

MfaDevice a_device(const std::string& name) {
  MfaDevice device;
  device.serial_number = "arn:aws:iam::123456789012:mfa/" + name;
  device.account = kAccount;
  device.wrapped_secret = {1, 2};
  device.created = Timestamp{5};
  device.tags = {{"b", "1"}, {"a", "2"}};
  return device;
}

class MfaRows : public CatalogFixture {
 protected:
  std::optional<MfaDevice> found(const std::string& name) {
    return read<std::optional<MfaDevice>>(
        [&](Transaction& transaction) { return transaction.mfa_device(a_device(name).serial_number); });
  }
};

TEST_F(MfaRows, ADeviceIsNobodysUntilItIsEnabled) {
  stored([&](Transaction& transaction) { return transaction.insert_mfa_device(a_device("phone")); });
  const auto device = found("phone");
  ASSERT_TRUE(device);
  EXPECT_EQ(device->wrapped_secret, (Bytes{1, 2}));
  EXPECT_EQ(device->tags, a_device("phone").tags);
  EXPECT_TRUE(device->user_id.empty());
  EXPECT_FALSE(device->enabled || device->last_failure);
  stored([&](Transaction& transaction) -> Status {
    COFFER_TRY(none, transaction.mfa_devices_of_user(""));
    EXPECT_TRUE(none.empty());
    MfaDevice enabled = *device;
    enabled.user_id = "AIDA1";
    enabled.enabled = Timestamp{7};
    enabled.drift_steps = -3;
    enabled.last_step = 59'000'000;
    COFFER_CHECK(transaction.update_mfa_device(enabled));
    COFFER_TRY(counts, transaction.count_iam(kAccount));
    EXPECT_EQ(counts.mfa_devices, 1);
    EXPECT_EQ(counts.mfa_devices_in_use, 1);
    COFFER_TRY(of_user, transaction.mfa_devices_of_user("AIDA1"));
    EXPECT_EQ(of_user.size(), 1u);
    EXPECT_EQ(of_user.at(0).drift_steps, -3);
    EXPECT_EQ(of_user.at(0).last_step, 59'000'000);
    return {};
  });
}

TEST_F(MfaRows, ASerialNumberIsTakenOnce) {
  stored([&](Transaction& transaction) { return transaction.insert_mfa_device(a_device("phone")); });
  const auto again = catalog_->write(
      [&](Transaction& transaction) { return transaction.insert_mfa_device(a_device("phone")); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kConflict);
}

TEST_F(MfaRows, WhatADeviceWasHeardToSayLeavesCachesTrue) {
  stored([&](Transaction& transaction) { return transaction.insert_mfa_device(a_device("phone")); });
  const uint64_t before = catalog_->generation();
  MfaDevice heard = a_device("phone");
  heard.failures = 2;
  heard.last_failure = Timestamp{9};
  ASSERT_TRUE(catalog_->write([&](Transaction& transaction) { return transaction.note_mfa_code(heard); }));
  EXPECT_EQ(catalog_->generation(), before);
  EXPECT_EQ(found("phone")->failures, 2);
  EXPECT_EQ(found("phone")->last_failure, Timestamp{9});
}

TEST_F(MfaRows, SeedsAreAmongWhatIsRewrapped) {
  stored([&](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_mfa_device(a_device("phone")));
    COFFER_TRY(wrapped, transaction.access_keys_after("", 10));
    EXPECT_EQ(wrapped.size(), 1u);
    EXPECT_EQ(wrapped.at(0).id, a_device("phone").serial_number);
    COFFER_CHECK(transaction.replace_wrapped_secret(wrapped.at(0), {7}));
    COFFER_TRY(count, transaction.count_wrapped());
    EXPECT_EQ(count, 1u);
    return {};
  });
  EXPECT_EQ(found("phone")->wrapped_secret, Bytes{7});
}

TEST_F(MfaRows, ARemovedDeviceLeavesNothing) {
  stored([&](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_mfa_device(a_device("phone")));
    COFFER_CHECK(transaction.remove_mfa_device(a_device("phone").serial_number));
    COFFER_TRY(tags, transaction.iam_tags(a_device("phone").serial_number));
    EXPECT_TRUE(tags.empty());
    return {};
  });
  EXPECT_FALSE(found("phone"));
}

TEST_F(MfaRows, ARolesUseIsForgottenWithIt) {
  const uint64_t generation = catalog_->generation();
  ASSERT_TRUE(catalog_->write([&](Transaction& transaction) {
    return transaction.set_role_used("AROA1", {Timestamp{3}, "us-west-2"});
  }));
  EXPECT_EQ(catalog_->generation(), generation) << "what is cached stays true";
  stored([&](Transaction& transaction) -> Status {
    COFFER_TRY(of_none, transaction.role_use("AROA1"));
    EXPECT_FALSE(of_none) << "there is no such role";
    IamEntity role;
    role.id = "AROA1";
    role.kind = "role";
    role.account = kAccount;
    role.path = "/";
    role.name = "web";
    COFFER_CHECK(transaction.insert_iam_entity(role));
    COFFER_CHECK(transaction.set_role_used("AROA1", {Timestamp{3}, "us-west-2"}));
    COFFER_CHECK(transaction.set_role_used("AROA1", {Timestamp{4}, "eu-north-1"}));
    COFFER_TRY(use, transaction.role_use("AROA1"));
    EXPECT_TRUE(use && use->time == Timestamp{4} && use->region == "eu-north-1");
    COFFER_CHECK(transaction.remove_iam_entity("AROA1"));
    COFFER_TRY(gone, transaction.role_use("AROA1"));
    EXPECT_FALSE(gone);
    return {};
  });
}

}  // namespace
}  // namespace coffer::catalog
