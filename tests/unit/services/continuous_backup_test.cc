// SPDX-License-Identifier: Apache-2.0
// Is nothing said to be shipped that is not stored, and is every shipment in a base or after it?
#include "services/kms/continuous_backup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::services::kms {
namespace {

using std::chrono::milliseconds;

const ContinuousBackup::Patience kLong{milliseconds(50), milliseconds(20000), milliseconds(20000)};
// For those who are to wait in vain.
const ContinuousBackup::Patience kShort{milliseconds(50), milliseconds(300), milliseconds(200)};
constexpr size_t kMost = 1 << 20;
const auto kNoRecord = [](catalog::Transaction&) { return Status(); };

catalog::ShippedKeys rows(const std::string& id) {
  catalog::Key key;
  key.id = id;
  return {.keys = {key}};
}

class ContinuousBackupTest : public catalog::CatalogFixture {
 protected:
  void SetUp() override {
    CatalogFixture::SetUp();
    with_patience(kLong);
  }
  void with_patience(const ContinuousBackup::Patience& patience) {
    backup_ = std::make_unique<ContinuousBackup>(*catalog_, patience);
  }
  // On, with a receiver "r".
  void turn_on() {
    backup_->begin("/target", "r");
    ASSERT_TRUE(backup_->take_base("r", 0, [] { return Status(); }));
    ASSERT_TRUE(backup_->base_stored("r", kNoRecord));
  }
  std::future<Result<ContinuousBackup::Shipment>> ship(const std::string& id) {
    return std::async(std::launch::async, [this, id] { return backup_->ship(rows(id)); });
  }
  // The ids of the next shipments.
  std::vector<std::string> next(const ContinuousBackup::Outcome& outcome = {true, ""}, size_t most = kMost) {
    const auto next = backup_->next("r", outcome, most, milliseconds(5000));
    EXPECT_TRUE(next) << next.error().message;
    std::vector<std::string> ids;
    for (const Bytes& each : next->shipments)
      ids.push_back(catalog::parse_shipped_keys(each).value().keys.at(0).id);
    return ids;
  }

  std::unique_ptr<ContinuousBackup> backup_;
};

using Ids = std::vector<std::string>;

TEST_F(ContinuousBackupTest, WhileItIsOffNobodyWaits) {
  EXPECT_TRUE(backup_->ship(rows("a")));
  EXPECT_TRUE(backup_->require_base(9));
  EXPECT_FALSE(backup_->report().on);
}

TEST_F(ContinuousBackupTest, AnotherFolderTakesNothingBeforeItHasABase) {
  turn_on();
  backup_->begin("/other", "r");
  EXPECT_FALSE(backup_->ship(rows("a"))) << "neither folder could restore it";
  ASSERT_TRUE(backup_->take_base("r", 0, [] { return Status(); }));
  ASSERT_TRUE(backup_->base_stored("r", kNoRecord));
  auto shipment = ship("b");
  EXPECT_EQ(next(), Ids{"b"});
  next();
  EXPECT_TRUE(shipment.get());
}

TEST_F(ContinuousBackupTest, AnEndedReceiverDoesNotBeginAgainByItself) {
  turn_on();
  ASSERT_TRUE(backup_->end(kNoRecord));
  const auto ended = backup_->next("r", {true, ""}, kMost, milliseconds(10));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().kind, ErrorKind::kConflict);
  EXPECT_NE(ended.error().code, "ReceiverUnknown");
}

TEST_F(ContinuousBackupTest, AShipmentReturnsWhenItIsStoredAndNotBefore) {
  turn_on();
  auto shipment = ship("a");
  EXPECT_EQ(next(), Ids{"a"});
  EXPECT_EQ(shipment.wait_for(milliseconds(50)), std::future_status::timeout);
  next({true, ""}, 0);
  EXPECT_TRUE(shipment.get());
}

TEST_F(ContinuousBackupTest, AFailureIsToldAtOnceAndCanBeTriedAgain) {
  turn_on();
  auto shipment = ship("a");
  EXPECT_EQ(next(), Ids{"a"});
  next({false, "the disk is full"}, 0);
  const auto refused = shipment.get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(backup_->report().failure, "the disk is full");
}

TEST_F(ContinuousBackupTest, WithoutAReceiverNothingIsShippedAlsoAfterARestart) {
  turn_on();
  backup_->leave("r");
  EXPECT_FALSE(backup_->ship(rows("a")));
  with_patience(kLong);
  ASSERT_TRUE(backup_->restore());
  EXPECT_FALSE(backup_->ship(rows("a")));
  EXPECT_EQ(backup_->report().target, "/target");
  ASSERT_TRUE(backup_->end(kNoRecord));
  EXPECT_TRUE(backup_->ship(rows("a")));
}

TEST_F(ContinuousBackupTest, WhoIsNotAnsweredInTimeIsRefusedAndHoldsNothingUp) {
  with_patience(kShort);
  turn_on();
  auto shipment = ship("a");
  EXPECT_EQ(next(), Ids{"a"});
  EXPECT_FALSE(shipment.get());
  next({true, ""}, 0);  // stored, too late
  EXPECT_TRUE(backup_->take_base("r", 0, [] { return Status(); }));
}

TEST_F(ContinuousBackupTest, ABaseWaitsForWhatIsStoredAndNotCommitted) {
  turn_on();
  auto pending = ship("a");
  EXPECT_EQ(next(), Ids{"a"});
  next({true, ""}, 0);
  auto shipment = std::make_unique<Result<ContinuousBackup::Shipment>>(pending.get());
  ASSERT_TRUE(*shipment);
  std::atomic<bool> committed = false;
  auto base = std::async(std::launch::async, [&] {
    return backup_->take_base("r", 0, [&]() -> Status {
      EXPECT_TRUE(committed);
      return {};
    });
  });
  EXPECT_EQ(base.wait_for(milliseconds(100)), std::future_status::timeout);
  committed = true;
  shipment.reset();
  EXPECT_TRUE(base.get());
}

TEST_F(ContinuousBackupTest, TheFirstBaseWaitsForCallsThatBeganBeforeIt) {
  with_patience(kShort);
  auto before = std::make_unique<Result<ContinuousBackup::Shipment>>(backup_->ship(rows("a")));
  ASSERT_TRUE(*before);
  backup_->begin("/target", "r");
  EXPECT_FALSE(backup_->take_base("r", 0, [] { return Status(); }));
  before.reset();
  EXPECT_TRUE(backup_->take_base("r", 0, [] { return Status(); }));
}

TEST_F(ContinuousBackupTest, WhatComesAfterTheFirstBaseIsShippedThoughItIsNotOnYet) {
  backup_->begin("/target", "r");
  EXPECT_TRUE(backup_->take_base("r", 0, [] { return Status(); }));
  auto after = ship("b");
  EXPECT_EQ(next(), Ids{"b"});
  next({true, ""}, 0);
  EXPECT_TRUE(after.get());
}

TEST_F(ContinuousBackupTest, ABaseIsRefusedWhileItIsNotKnownWhatBecameOfShipments) {
  turn_on();
  auto shipment = ship("a");
  EXPECT_EQ(next(), Ids{"a"});
  EXPECT_FALSE(backup_->take_base("r", 0, [] { return Status(); }));
  next({true, ""}, 0);
  EXPECT_TRUE(shipment.get());
}

TEST_F(ContinuousBackupTest, ARotationGetsABaseOfItsOwn) {
  turn_on();
  EXPECT_EQ(backup_->require_base(2).error().kind, ErrorKind::kUnavailable);
  EXPECT_TRUE(backup_->next("r", {true, ""}, kMost, milliseconds(0))->base_wanted);
  ASSERT_TRUE(backup_->take_base("r", 0, [] { return Status(); }));  // began before the rotation got so far
  ASSERT_TRUE(backup_->base_stored("r", kNoRecord));
  EXPECT_FALSE(backup_->require_base(2));
  ASSERT_TRUE(backup_->take_base("r", 2, [] { return Status(); }));
  EXPECT_FALSE(backup_->require_base(2)) << "it is not stored yet";
  ASSERT_TRUE(backup_->base_stored("r", kNoRecord));
  EXPECT_TRUE(backup_->require_base(2));
}

TEST_F(ContinuousBackupTest, TheLastReceiverCounts) {
  EXPECT_EQ(backup_->next("r", {true, ""}, kMost, milliseconds(0)).error().code, "ReceiverUnknown");
  turn_on();
  auto shipment = ship("a");
  EXPECT_EQ(next(), Ids{"a"});
  backup_->begin("/elsewhere", "s");
  EXPECT_FALSE(shipment.get()) << "nobody knows what became of it";
  EXPECT_EQ(backup_->next("r", {true, ""}, kMost, milliseconds(0)).error().kind, ErrorKind::kConflict);
}

}  // namespace
}  // namespace coffer::services::kms
