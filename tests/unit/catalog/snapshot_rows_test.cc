// SPDX-License-Identifier: Apache-2.0
// Do snapshots, and what changes volumes, come back as they were stored?
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SnapshotRows : public CatalogFixture {
 protected:
  std::vector<std::string> ids(const std::vector<Snapshot>& snapshots) {
    std::vector<std::string> found;
    for (const auto& snapshot : snapshots) found.push_back(snapshot.id);
    return found;
  }
};

Snapshot a_snapshot(const std::string& id) {
  Snapshot snapshot;
  snapshot.id = id;
  snapshot.account = "123456789012";
  snapshot.region = "us-west-2";
  snapshot.volume_id = "vol-1";
  snapshot.volume_size_gib = 65536;
  snapshot.state = "pending";
  snapshot.progress = 57;
  snapshot.description = "before the upgrade";
  snapshot.encrypted = true;
  snapshot.kms_key_arn = "arn:aws:kms:us-west-2:123456789012:key/k";
  snapshot.data_encryption_key_id = "dek";
  snapshot.source_snapshot_id = "snap-source";
  snapshot.source_region = "us-east-1";
  snapshot.parent_snapshot_id = "snap-parent";
  snapshot.layer_id = "layer-1";
  snapshot.wrapped_key = {1, 0, 2};
  snapshot.principal_arn = "arn:aws:iam::123456789012:root";
  snapshot.started = Timestamp{9};
  snapshot.tags = {{"Name", "database"}};
  return snapshot;
}

Volume a_volume(const std::string& id) {
  Volume volume;
  volume.id = id;
  volume.account = "123456789012";
  volume.region = "us-west-2";
  volume.state = "available";
  volume.independent = true;
  volume.data_encryption_key_id = "dek";
  volume.principal_arn = "arn:aws:iam::123456789012:root";
  return volume;
}

TEST_F(SnapshotRows, SnapshotWithTags) {
  const Snapshot stored_one = a_snapshot("snap-1");
  stored([&](Transaction& t) { return t.insert_snapshot(stored_one); });
  auto found = read<std::optional<Snapshot>>([](Transaction& t) { return t.snapshot("snap-1"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->volume_size_gib, 65536u);
  EXPECT_EQ(found->progress, 57u);
  EXPECT_EQ(found->description, stored_one.description);
  EXPECT_TRUE(found->encrypted);
  EXPECT_EQ(found->kms_key_arn, stored_one.kms_key_arn);
  EXPECT_EQ(found->data_encryption_key_id, "dek");
  EXPECT_EQ(found->source_snapshot_id, "snap-source");
  EXPECT_EQ(found->source_region, "us-east-1");
  EXPECT_EQ(found->parent_snapshot_id, "snap-parent");
  EXPECT_EQ(found->layer_id, "layer-1");
  EXPECT_EQ(found->wrapped_key, stored_one.wrapped_key);
  EXPECT_EQ(found->principal_arn, stored_one.principal_arn);
  EXPECT_EQ(found->started, Timestamp{9});
  EXPECT_FALSE(found->completed);
  EXPECT_EQ(found->tags, stored_one.tags);

  found->state = "completed";
  found->progress = 100;
  found->wrapped_key.clear();
  found->completed = Timestamp{10};
  found->tags.clear();
  stored([&](Transaction& t) { return t.update_snapshot(*found); });
  found = read<std::optional<Snapshot>>([](Transaction& t) { return t.snapshot("snap-1"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->state, "completed");
  EXPECT_THAT(found->wrapped_key, IsEmpty());
  EXPECT_EQ(found->completed, Timestamp{10});
  EXPECT_THAT(found->tags, IsEmpty());

  stored([](Transaction& t) { return t.remove_snapshot("snap-1"); });
  EXPECT_FALSE(read<std::optional<Snapshot>>([](Transaction& t) { return t.snapshot("snap-1"); }));
  EXPECT_FALSE(catalog_->write([&](Transaction& t) { return t.update_snapshot(stored_one); }));
}

TEST_F(SnapshotRows, SnapshotsByOwnerStateAndVolume) {
  stored([](Transaction& t) -> Status {
    for (const char* id : {"snap-3", "snap-1", "snap-2"}) COFFER_CHECK(t.insert_snapshot(a_snapshot(id)));
    Snapshot other = a_snapshot("snap-4");
    other.account = "210987654321";
    other.state = "completed";
    other.volume_id = "vol-2";
    return t.insert_snapshot(other);
  });
  const auto page = [&](const std::string& after) {
    return ids(read<std::vector<Snapshot>>(
        [&](Transaction& t) { return t.snapshots("123456789012", "us-west-2", after, 2); }));
  };
  EXPECT_THAT(page(""), ElementsAre("snap-1", "snap-2"));
  EXPECT_THAT(page("snap-2"), ElementsAre("snap-3"));
  EXPECT_THAT(
      ids(read<std::vector<Snapshot>>([](Transaction& t) { return t.snapshots_in_state("completed"); })),
      ElementsAre("snap-4"));
  EXPECT_THAT(ids(read<std::vector<Snapshot>>([](Transaction& t) { return t.snapshots_of_volume("vol-1"); })),
              ElementsAre("snap-1", "snap-2", "snap-3"));
  EXPECT_THAT(read<std::vector<std::string>>([](Transaction& t) { return t.snapshot_ids(); }),
              ElementsAre("snap-1", "snap-2", "snap-3", "snap-4"));
}

TEST_F(SnapshotRows, VolumesKnowWhoMadeThemAndWhetherTheyStandAlone) {
  stored([](Transaction& t) { return t.insert_volume(a_volume("vol-1")); });
  const auto found = read<std::optional<Volume>>([](Transaction& t) { return t.volume("vol-1"); });
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->independent);
  EXPECT_EQ(found->data_encryption_key_id, "dek");
  EXPECT_EQ(found->principal_arn, "arn:aws:iam::123456789012:root");
}

TEST_F(SnapshotRows, ModificationsNewestFirst) {
  const auto modification = [](const char* volume, int64_t started, const char* state) {
    VolumeModification made;
    made.volume_id = volume;
    made.account = "123456789012";
    made.region = "us-west-2";
    made.original = {1, "gp2", std::nullopt, std::nullopt};
    made.target = {2, "gp3", 3000, 125};
    made.state = state;
    made.started = Timestamp{started};
    return made;
  };
  stored([&](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_volume(a_volume("vol-1")));
    COFFER_CHECK(t.insert_volume(a_volume("vol-2")));
    COFFER_CHECK(t.insert_volume_modification(modification("vol-1", 1, "completed")));
    COFFER_CHECK(t.insert_volume_modification(modification("vol-1", 2, "modifying")));
    return t.insert_volume_modification(modification("vol-2", 1, "modifying"));
  });
  using Found = std::vector<VolumeModification>;
  auto of_one = read<Found>([](Transaction& t) { return t.modifications_of_volume("vol-1"); });
  ASSERT_EQ(of_one.size(), 2u);
  EXPECT_EQ(of_one[0].started, Timestamp{2});
  EXPECT_EQ(of_one[0].original.iops, std::nullopt);
  EXPECT_EQ(of_one[0].target.type, "gp3");
  EXPECT_EQ(of_one[0].target.throughput, 125);
  EXPECT_EQ(read<Found>([](Transaction& t) { return t.modifications_in_state("modifying"); }).size(), 2u);
  const auto newest =
      read<Found>([](Transaction& t) { return t.newest_modifications("123456789012", "us-west-2", "", 9); });
  ASSERT_EQ(newest.size(), 2u);
  EXPECT_EQ(newest[0].started, Timestamp{2});
  of_one[0].state = "completed";
  of_one[0].progress = 100;
  of_one[0].ended = Timestamp{5};
  stored([&](Transaction& t) { return t.update_volume_modification(of_one[0]); });
  of_one = read<Found>([](Transaction& t) { return t.modifications_of_volume("vol-1"); });
  EXPECT_EQ(of_one[0].ended, Timestamp{5});
  EXPECT_EQ(of_one[1].ended, std::nullopt);
}

TEST_F(SnapshotRows, RekeysGoWithTheirVolume) {
  VolumeRekey rekey;
  rekey.layer_id = "layer-2";
  rekey.volume_id = "vol-1";
  rekey.account = "123456789012";
  rekey.region = "us-west-2";
  rekey.original_kms_key_arn = "old";
  rekey.kms_key_arn = "new";
  rekey.data_encryption_key_id = "dek-2";
  rekey.state = "rekeying";
  rekey.wrapped_key = {3};
  rekey.started = Timestamp{1};
  stored([&](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_volume(a_volume("vol-1")));
    return t.insert_volume_rekey(rekey);
  });
  using Found = std::vector<VolumeRekey>;
  auto found = read<Found>([](Transaction& t) { return t.rekeys_in_state("rekeying"); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kms_key_arn, "new");
  EXPECT_EQ(found[0].data_encryption_key_id, "dek-2");
  EXPECT_EQ(found[0].wrapped_key, Bytes({3}));
  rekey.layer_id = "layer-3";
  rekey.state = "completed";
  rekey.wrapped_key.clear();
  rekey.ended = Timestamp{2};
  stored([&](Transaction& t) { return t.update_volume_rekey(rekey); });
  found = read<Found>([](Transaction& t) { return t.rekeys("123456789012", "us-west-2", "", 9); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].layer_id, "layer-3");
  EXPECT_EQ(found[0].ended, Timestamp{2});
  EXPECT_THAT(found[0].wrapped_key, IsEmpty());

  stored([&](Transaction& t) -> Status {
    Volume gone = a_volume("vol-1");
    gone.state = "deleted";
    gone.deleted = Timestamp{1};
    COFFER_CHECK(t.update_volume(gone));
    return t.purge_deleted_volumes(Timestamp{2});
  });
  EXPECT_THAT(read<Found>([](Transaction& t) { return t.rekeys_of_volume("vol-1"); }), IsEmpty());
}

}  // namespace
}  // namespace coffer::catalog
