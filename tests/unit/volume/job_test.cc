// SPDX-License-Identifier: Apache-2.0
// Do merges, hydration, copies, re-keys and growth do what they are for, and leave nothing behind?
#include <gtest/gtest.h>

#include "tests/unit/volume/store_fixture.h"

namespace coffer::volume {
namespace {

class JobTest : public StoreFixture {
 protected:
  // Of a snapshot; the store is opened anew. The same again mends it.
  void flip_a_bit_of_its_manifest(uint64_t snapshot) {
    volumes_.clear();
    const std::string path = folder_.path() + "/" + snapshot_id(snapshot) + "/snapshot";
    Bytes manifest = *read_file(system_disk(), path);
    manifest[12] ^= 1;
    ASSERT_TRUE(replace_file(system_disk(), path, manifest));
    restart();
  }
};
INSTANTIATE_TEST_SUITE_P(Plain, JobTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(Encrypted, JobTest, testing::Values(true));

constexpr JobLimits kSmall{64 << 10, 192 << 10};

TEST_P(JobTest, ADeletedSnapshotsLayerMergesAndItsKeyIsGone) {
  create(1);
  std::vector<Bytes> expected;
  for (uint64_t i = 1; i <= 5; ++i) {
    for (int writes = 0; writes < 4; ++writes) write_somewhere(1);
    discard_somewhere(1);
    expected.push_back(contents(1));
    snapshot(i, 1, 100 + i);
    ASSERT_TRUE(store_->complete_snapshot(snapshot_id(i)));
  }
  write_somewhere(1);
  const Bytes now = contents(1);
  // Snapshot n's layer: that of the volume's creation for the first, 100 + n - 1 for the others.
  for (const uint64_t gone : {3, 1, 2}) {
    const uint64_t layer = gone == 1 ? 1 : 100 + gone - 1;
    ASSERT_TRUE(store_->remove_snapshot(snapshot_id(gone)));
    EXPECT_TRUE(layer_exists(layer));
    EXPECT_EQ(stored(wrapped_key_of(layer_id(layer))), GetParam()) << "the search can hit";
    EXPECT_EQ(store_->pending_jobs().front().kind, JobKind::kMerge);
    const Status merged = run_jobs(*store_, kSmall);
    ASSERT_TRUE(merged) << merged.error().message;
    EXPECT_FALSE(layer_exists(layer));
    EXPECT_FALSE(stored(wrapped_key_of(layer_id(layer))));
    EXPECT_EQ(contents(1), now);
    for (const uint64_t left : {4, 5}) EXPECT_EQ(snapshot_contents(left), expected[left - 1]) << left;
  }
  ASSERT_TRUE(open(1)->flush());
  restart();
  EXPECT_EQ(contents(1), now);
  for (const uint64_t left : {4, 5}) EXPECT_EQ(snapshot_contents(left), expected[left - 1]) << left;
  EXPECT_EQ(store_->layers_of(volume_id(1))->size(), GetParam() ? 3u : 0u);
}

// Also while the volume is open and nobody flushes it: else its space and its key would stay.
TEST_P(JobTest, AMergedLayerIsLetGoOf) {
  create(1);
  ASSERT_TRUE(open(1)->write(0, Bytes(100000, 1), false));
  const std::weak_ptr<Layer> sealed = open(1)->chain()->layers().front();
  snapshot(1, 1, 101);
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  ASSERT_TRUE(open(1)->write(0, Bytes(4096, 2), false));
  ASSERT_TRUE(store_->remove_snapshot(snapshot_id(1)));
  EXPECT_FALSE(sealed.expired());
  ASSERT_TRUE(run_jobs(*store_, kSmall));
  EXPECT_TRUE(sealed.expired());
}

TEST_P(JobTest, AMergeGoesOnWhileTheVolumeIsUsedAndAfterItWasCutShort) {
  create(1);
  for (int i = 0; i < 40; ++i) write_somewhere(1);
  snapshot(1, 1, 101);
  write_somewhere(1);
  snapshot(2, 1, 102);
  const Bytes second = contents(1);
  ASSERT_TRUE(store_->remove_snapshot(snapshot_id(1)));
  const std::string subject = store_->pending_jobs().front().subject_id;
  for (int attempt = 0; attempt < 3; ++attempt) {
    auto job = *store_->open_job(subject, keys_for(*store_, subject), kSmall);
    EXPECT_EQ(store_->open_job(subject, keys_for(*store_, subject)).error().kind, ErrorKind::kConflict);
    for (int step = 0; step < 1 + attempt % 2; ++step) {
      ASSERT_TRUE(job->step());
      write_somewhere(1);
      ASSERT_EQ(snapshot_contents(2), second);
    }
    if (attempt == 1) {
      const Bytes now = contents(1);
      ASSERT_TRUE(open(1)->flush());
      job.reset();
      restart();
      ASSERT_EQ(contents(1), now);
    }
  }
  const Bytes now = contents(1);
  ASSERT_TRUE(run_jobs(*store_, kSmall));
  EXPECT_EQ(contents(1), now);
  EXPECT_EQ(snapshot_contents(2), second);
  EXPECT_FALSE(layer_exists(1));
}

TEST_P(JobTest, AHydratedCloneOutlivesItsBase) {
  create(1);
  for (int i = 0; i < 10; ++i) write_somewhere(1);
  const Bytes expected = contents(1);
  snapshot(1, 1, 101);
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  ASSERT_TRUE(store_->create({volume_id(2), kSize, new_layer(102, true), snapshot_id(1), true}));
  volumes_.erase(1);
  ASSERT_TRUE(store_->remove(volume_id(1)));
  ASSERT_TRUE(store_->remove_snapshot(snapshot_id(1)));
  EXPECT_TRUE(layer_exists(1)) << "still needed";
  EXPECT_EQ(store_->pending_jobs().front().kind, JobKind::kHydrate);
  EXPECT_EQ(store_->pending_jobs().front().volume_id, volume_id(2));
  EXPECT_EQ(contents(2), expected);
  ASSERT_TRUE(run_jobs(*store_, kSmall));
  EXPECT_FALSE(layer_exists(1));
  EXPECT_EQ(contents(2), expected);
  ASSERT_EQ(store_->layers_of(volume_id(2))->size(), 1u);
  restart();
  EXPECT_EQ(contents(2), expected);
}

TEST_P(JobTest, AnEncryptedCloneOfAPlainBaseDoesNotStayOnIt) {
  if (GetParam()) return;
  create(1);
  const Bytes canary = random_contents(random_, 8192);
  ASSERT_TRUE(open(1)->write(1 << 20, canary, true));
  snapshot(1, 1, 101);
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  ASSERT_TRUE(store_->create({volume_id(2), kSize, new_layer(102, true), snapshot_id(1), false}));
  ASSERT_TRUE(run_jobs(*store_));
  volumes_.clear();
  ASSERT_TRUE(store_->remove(volume_id(1)));
  EXPECT_TRUE(stored(canary)) << "the search can hit";
  ASSERT_TRUE(store_->remove_snapshot(snapshot_id(1)));
  EXPECT_FALSE(stored(canary));
  EXPECT_EQ(read_back(*open(2), 1 << 20, 8192), canary);
}

TEST_P(JobTest, ACopyIsTheSameUnderAnotherKeyAndResumes) {
  create(1);
  for (int i = 0; i < 30; ++i) write_somewhere(1);
  ASSERT_TRUE(open(1)->discard(1 << 20, 1 << 20, false));
  const Bytes expected = contents(1);
  snapshot(1, 1, 101);
  const NewDetachedSnapshot wanted{snapshot_id(2), kSize, new_layer(102, true), snapshot_id(1), {}};
  EXPECT_EQ(store_->create_detached_snapshot(wanted).error().kind, ErrorKind::kConflict) << "not complete";
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  NewDetachedSnapshot shorter = wanted;
  shorter.size_bytes -= 4096;
  EXPECT_EQ(store_->create_detached_snapshot(shorter).error().kind, ErrorKind::kInvalidArgument);
  ASSERT_TRUE(store_->create_detached_snapshot(wanted));
  ASSERT_TRUE(store_->create_detached_snapshot(wanted));
  EXPECT_EQ(store_->complete_snapshot(snapshot_id(2)).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(store_->open_snapshot(snapshot_id(2), {}).error().kind, ErrorKind::kConflict);
  // What is made durable on the way need not be copied again.
  {
    auto job = *store_->open_job(snapshot_id(2), keys_for(*store_, snapshot_id(2)), kSmall);
    for (int steps = 0; steps < 6; ++steps) ASSERT_FALSE(job->step()->done);
  }
  ASSERT_TRUE(store_->remove_snapshot(snapshot_id(1))) << "the copy holds its layer";
  restart();
  const auto blocks = store_->list_blocks(snapshot_id(2), "", 0, 1000);
  EXPECT_GT(blocks->size(), 1u);
  ASSERT_TRUE(run_job(*store_, snapshot_id(2), kSmall));
  EXPECT_EQ(snapshot_contents(2), expected);
  ASSERT_TRUE(run_jobs(*store_));
  restart();
  EXPECT_EQ(snapshot_contents(2), expected);
  EXPECT_EQ(store_->layers_of(snapshot_id(2))->size(), 1u);
}

TEST_P(JobTest, ARekeyedVolumeHasNothingUnderItsOldKey) {
  create(1);
  const Bytes canary = random_contents(random_, 4096);
  ASSERT_TRUE(open(1)->write(0, canary, true));
  for (int i = 0; i < 10; ++i) write_somewhere(1);
  snapshot(1, 1, 101);
  write_somewhere(1);
  const Bytes now = contents(1), then = snapshot_contents(1);
  const NewLayer layer = new_layer(102, true);
  EXPECT_EQ(store_->rekey(volume_id(1), layer, {}).error().kind, ErrorKind::kInvalidArgument)
      << "its key is missing";
  ASSERT_TRUE(store_->rekey(volume_id(1), layer, keys_of({layer})));
  EXPECT_TRUE(store_->rekey(volume_id(1), layer, keys_of({layer}))) << "repeated";
  EXPECT_TRUE(open(1)->encrypted());
  EXPECT_EQ(contents(1), now);
  write_somewhere(1);
  const Bytes later = contents(1);
  ASSERT_TRUE(run_jobs(*store_, kSmall));
  EXPECT_EQ(contents(1), later);
  ASSERT_EQ(store_->layers_of(volume_id(1))->size(), 1u);
  EXPECT_EQ(store_->layers_of(volume_id(1))->front().layer_id, layer.layer_id);
  EXPECT_FALSE(layer_exists(101));
  EXPECT_TRUE(layer_exists(1)) << "the snapshot's";
  EXPECT_EQ(snapshot_contents(1), then);
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  ASSERT_TRUE(store_->remove_snapshot(snapshot_id(1)));
  EXPECT_FALSE(layer_exists(1));
}

TEST_P(JobTest, AVolumeGrowsOpenOrNotBesideWhatIsMadeOfIt) {
  create(1);
  for (int i = 0; i < 5; ++i) write_somewhere(1);
  snapshot(1, 1, 101);
  Bytes expected = contents(1);
  EXPECT_EQ(store_->grow(volume_id(1), kSize - 4096).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(store_->grow(volume_id(1), kSize + 1).error().kind, ErrorKind::kInvalidArgument);
  constexpr uint64_t kGrown = uint64_t{130} << 20;  // more pages of the state map
  ASSERT_TRUE(store_->grow(volume_id(1), kGrown));
  EXPECT_TRUE(store_->grow(volume_id(1), kGrown)) << "repeated";
  EXPECT_EQ(open(1)->size(), kGrown);
  const Bytes data = random_contents(random_, 10000);
  ASSERT_TRUE(open(1)->write(kGrown - 10000, data, true));
  snapshot(2, 1, 102);
  EXPECT_EQ(snapshot_contents(1).size(), kSize);
  volumes_.clear();
  ASSERT_TRUE(store_->grow(volume_id(1), kGrown + 4096));
  restart();
  EXPECT_EQ(store_->information(volume_id(1))->size_bytes, kGrown + 4096);
  EXPECT_EQ(read_back(*open(1), kGrown - 10000, 10000), data);
  EXPECT_EQ(read_back(*open(1), 0, kSize), expected);
  EXPECT_EQ(snapshot_contents(1), expected);
  ASSERT_TRUE(store_->remove_snapshot(snapshot_id(1)));
  ASSERT_TRUE(run_jobs(*store_));
  EXPECT_EQ(read_back(*open(1), 0, kSize), expected);
  EXPECT_EQ(snapshot_contents(2).size(), kGrown);
}

// A merge takes its parent's contents away. Who knows whether a snapshot that cannot be read needs them?
TEST_P(JobTest, NothingIsMergedOrErasedWhileAManifestCannotBeRead) {
  create(1);
  for (int i = 0; i < 5; ++i) write_somewhere(1);
  snapshot(1, 1, 101);
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  const Bytes expected = snapshot_contents(1);
  ASSERT_TRUE(open(1)->flush());
  flip_a_bit_of_its_manifest(1);
  EXPECT_TRUE(store_->pending_jobs().empty());
  EXPECT_FALSE(store_->open_job(layer_id(101), keys_for(*store_, volume_id(1))));
  EXPECT_EQ(store_->remove(volume_id(1)).error().kind, ErrorKind::kCorrupt);
  flip_a_bit_of_its_manifest(1);  // back again
  EXPECT_EQ(snapshot_contents(1), expected);
}

// Whoever asked for a new key hears of no success while the old one can still be used.
TEST_P(JobTest, AReKeyingIsNotDoneWhileTheOldKeyIsThere) {
  create(1);
  write_somewhere(1);
  const Bytes expected = contents(1);
  create(2);
  snapshot(1, 2, 102);
  ASSERT_TRUE(open(1)->flush());
  flip_a_bit_of_its_manifest(1);
  const NewLayer top = new_layer(103, GetParam());
  ASSERT_TRUE(store_->rekey(volume_id(1), top, keys_of({top})));
  EXPECT_EQ(run_jobs(*store_).error().kind, ErrorKind::kCorrupt);
  const auto pending = store_->pending_jobs();
  ASSERT_EQ(pending.size(), 1u);
  EXPECT_EQ(pending.front().subject_id, layer_id(103));
  EXPECT_EQ(store_->open_job(layer_id(103), {}).error().kind, ErrorKind::kCorrupt);
  EXPECT_TRUE(layer_exists(1));
  flip_a_bit_of_its_manifest(1);  // back again
  EXPECT_TRUE(store_->pending_jobs().empty());
  EXPECT_FALSE(layer_exists(1));
  EXPECT_EQ(contents(1), expected);
}

// Nor while a manifest names a layer that is not there.
TEST_P(JobTest, NothingIsErasedWhileALayerIsMissing) {
  create(1);
  snapshot(1, 1, 101);
  ASSERT_TRUE(store_->complete_snapshot(snapshot_id(1)));
  volumes_.clear();
  std::filesystem::rename(folder_.path() + "/" + layer_id(101), folder_.path() + "/elsewhere");
  restart();
  EXPECT_FALSE(store_->remove_snapshot(snapshot_id(1)));
  restart();
  EXPECT_TRUE(layer_exists(1)) << "the missing one may need it";
  EXPECT_EQ(store_->open(volume_id(1), {}).error().kind, ErrorKind::kCorrupt);
  std::filesystem::rename(folder_.path() + "/elsewhere", folder_.path() + "/" + layer_id(101));
  restart();
  EXPECT_EQ(contents(1), Bytes(kSize));
}

}  // namespace
}  // namespace coffer::volume
