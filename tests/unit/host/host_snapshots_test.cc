// SPDX-License-Identifier: Apache-2.0
// Do snapshots, and access to their blocks, get their keys from their own sessions, and let go of them?
#include "tests/unit/host/host_fixture.h"

namespace coffer::host {
namespace {

using control::kBlockSize;

class HostSnapshots : public HostFixture {
 protected:
  const std::string kTop = id("layer", 2), kClone = id("vol", 2);

  Result<Bytes> read_block(const std::string& snapshot_id, uint32_t block) {
    return host_->read_block(snapshot_id, block, 0, kBlockSize);
  }
  void open_snapshot(const std::string& snapshot_id) {
    ASSERT_TRUE(deliver(snapshot_id, kSession));
    const Status opened = host_->open_snapshot(snapshot_id, kSession);
    ASSERT_TRUE(opened) << opened.error().message;
  }
};

TEST_F(HostSnapshots, OfAnAttachedVolumeKeepsWhatWasThere) {
  const auto attached = attach();
  const auto user = client(*attached);
  EXPECT_EQ(user->write(0, Bytes(4096, 'x')), kSuccess);
  ASSERT_TRUE(deliver(kVolume, kSession, {kTop}));
  const Status made = host_->create_snapshots({snapshot(kSnapshot, kVolume, kTop, kSession)});
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(host_->keys_waiting(), 0u);
  EXPECT_EQ(user->write(0, Bytes(4096, 'y')), kSuccess);
  EXPECT_FALSE(host_->list_snapshots()->at(0).complete);
  ASSERT_TRUE(host_->complete_snapshot(kSnapshot));
  EXPECT_TRUE(host_->list_snapshots()->at(0).complete);
  ASSERT_TRUE(host_->create_volume(volume(kClone, id("layer", 3), kSnapshot)));
  EXPECT_EQ(read(*client(*attach(kClone, kOther)), 0, 4096), Bytes(4096, 'x'));
  EXPECT_EQ(read(*user, 0, 4096), Bytes(4096, 'y'));
}

TEST_F(HostSnapshots, OfAnAttachedVolumeNeedsTheNewTopsKey) {
  ASSERT_TRUE(attach());
  EXPECT_EQ(host_->create_snapshots({snapshot(kSnapshot, kVolume, kTop, kSession)}).error().kind,
            ErrorKind::kConflict);
  ASSERT_TRUE(host_->prepare_keys(kVolume, kSession));
  EXPECT_FALSE(host_->create_snapshots({snapshot(kSnapshot, kVolume, kTop, kSession)}));
  // Not another volume's session.
  ASSERT_TRUE(host_->create_volume(volume(kClone, id("layer", 3))));
  ASSERT_TRUE(deliver(kClone, kSession, {kTop}));
  EXPECT_FALSE(host_->create_snapshots({snapshot(kSnapshot, kVolume, kTop, kSession)}));
  EXPECT_TRUE(host_->list_snapshots()->empty());
  ASSERT_TRUE(deliver(kVolume, kSession, {kTop}));
  EXPECT_TRUE(host_->create_snapshots({snapshot(kSnapshot, kVolume, kTop, kSession)}));
  // Again: it is there.
  EXPECT_TRUE(host_->create_snapshots({snapshot(kSnapshot, kVolume, kTop, kSession)}));
}

TEST_F(HostSnapshots, OfADetachedVolumeNeedsNoKey) {
  with(kVolume, [](NbdClient& user) { EXPECT_EQ(user.write(0, Bytes(4096, 'x')), kSuccess); });
  ASSERT_TRUE(host_->create_snapshots({snapshot(kSnapshot, kVolume, kTop)}));
  ASSERT_TRUE(host_->complete_snapshot(kSnapshot));
  open();
  EXPECT_EQ(host_->list_snapshots()->size(), 1u);
  with(kVolume, [](NbdClient& user) { EXPECT_EQ(read(user, 0, 4096), Bytes(4096, 'x')); });
}

TEST_F(HostSnapshots, BlocksAreListedWithoutKeysAndReadWithThem) {
  with(kVolume, [](NbdClient& user) { EXPECT_EQ(user.write(kBlockSize, Bytes(4096, 'x')), kSuccess); });
  ASSERT_TRUE(host_->create_snapshots({snapshot(kSnapshot, kVolume, kTop)}));
  ASSERT_TRUE(host_->complete_snapshot(kSnapshot));
  EXPECT_EQ(*host_->list_blocks(kSnapshot, "", 0, 100), std::vector<uint32_t>{1});
  EXPECT_TRUE(host_->list_blocks(kSnapshot, "", 0, 0)->empty());
  EXPECT_EQ(read_block(kSnapshot, 1).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(host_->open_snapshot(kSnapshot, kSession).error().kind, ErrorKind::kConflict);
  open_snapshot(kSnapshot);
  EXPECT_EQ(host_->keys_waiting(), 0u);
  Bytes expected(kBlockSize);
  std::fill_n(expected.begin(), 4096, 'x');
  EXPECT_EQ(*read_block(kSnapshot, 1), expected);
  EXPECT_EQ(host_->write_block(kSnapshot, 1, 0, expected).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(read_block(kSnapshot, 2).error().kind, ErrorKind::kInvalidArgument);
}

TEST_F(HostSnapshots, AccessEndsAMinuteAfterItsLastUse) {
  ASSERT_TRUE(host_->create_snapshots({snapshot(kSnapshot, kVolume, kTop)}));
  ASSERT_TRUE(host_->complete_snapshot(kSnapshot));
  open_snapshot(kSnapshot);
  clock_.move(SnapshotSessions::kLifetime - std::chrono::seconds(20));
  EXPECT_TRUE(read_block(kSnapshot, 0));
  clock_.move(SnapshotSessions::kLifetime - std::chrono::seconds(20));
  open_snapshot(kSnapshot);  // renews it
  clock_.move(SnapshotSessions::kLifetime - std::chrono::seconds(20));
  EXPECT_TRUE(read_block(kSnapshot, 0));
  clock_.move(SnapshotSessions::kLifetime + std::chrono::seconds(1));
  EXPECT_EQ(read_block(kSnapshot, 0).error().kind, ErrorKind::kConflict);
}

// Keys that are in memory for one purpose do not serve another.
TEST_F(HostSnapshots, WhatIsOpenElsewhereStillNeedsItsOwnKeys) {
  ASSERT_TRUE(host_->create_snapshots({snapshot(kSnapshot, kVolume, kTop)}));
  ASSERT_TRUE(host_->complete_snapshot(kSnapshot));
  ASSERT_TRUE(attach());  // unlocks the snapshot's layer, too
  EXPECT_EQ(host_->open_snapshot(kSnapshot, kSession).error().kind, ErrorKind::kConflict);
  ASSERT_TRUE(host_->prepare_keys(kSnapshot, kSession));
  EXPECT_EQ(host_->open_snapshot(kSnapshot, kSession).error().kind, ErrorKind::kInvalidArgument);
  open_snapshot(kSnapshot);
}

TEST_F(HostSnapshots, AreWrittenBlockByBlockUntilTheyAreComplete) {
  ASSERT_TRUE(host_->create_detached_snapshot({kSnapshot, kSize, layer(kTop, kSnapshot), "", ""}));
  open_snapshot(kSnapshot);
  const Bytes block(kBlockSize, 'w');
  ASSERT_TRUE(host_->write_block(kSnapshot, 1, 0, ByteView(block).first(kBlockSize / 2)));
  ASSERT_TRUE(host_->write_block(kSnapshot, 1, kBlockSize / 2, ByteView(block).first(kBlockSize / 2)));
  ASSERT_TRUE(host_->complete_snapshot(kSnapshot));
  EXPECT_EQ(host_->write_block(kSnapshot, 0, 0, block).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(*read_block(kSnapshot, 1), block);
  ASSERT_TRUE(host_->create_volume(volume(kClone, id("layer", 3), kSnapshot)));
  with(kClone, [&](NbdClient& user) { EXPECT_EQ(read(user, kBlockSize, kBlockSize), block); });
}

TEST_F(HostSnapshots, ADeletedOneIsGoneAlsoWhereItIsOpen) {
  ASSERT_TRUE(host_->create_detached_snapshot({kSnapshot, kSize, layer(kTop, kSnapshot), "", ""}));
  ASSERT_TRUE(host_->complete_snapshot(kSnapshot));
  open_snapshot(kSnapshot);
  EXPECT_TRUE(read_block(kSnapshot, 0));
  ASSERT_TRUE(host_->delete_snapshot(kSnapshot));
  ASSERT_TRUE(host_->delete_snapshot(kSnapshot));
  EXPECT_EQ(read_block(kSnapshot, 0).error().kind, ErrorKind::kConflict);
  EXPECT_TRUE(host_->list_snapshots()->empty());
}

}  // namespace
}  // namespace coffer::host
