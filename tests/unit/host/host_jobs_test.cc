// SPDX-License-Identifier: Apache-2.0
// Does background work run when its keys are there, stop when they are not to be, wait, fail and resume as
// told?
#include "tests/unit/host/host_fixture.h"

namespace coffer::host {
namespace {

constexpr uint64_t kLarge = 160 << 20;  // ten steps of a job

class HostJobs : public HostFixture {
 protected:
  const std::string kTop = id("layer", 2), kClone = id("vol", 2), kCloneLayer = id("layer", 3);
  const std::string kCopy = id("snap", 2), kCopyLayer = id("layer", 4);

  // A complete snapshot of a volume of `size` that is full of `fill`.
  void make_snapshot(uint64_t size = kSize, uint8_t fill = 'x') {
    ASSERT_TRUE(host_->grow_volume(kVolume, size));
    with(kVolume, [&](NbdClient& user) {
      for (uint64_t at = 0; at < size; at += kSize) ASSERT_EQ(user.write(at, Bytes(kSize, fill)), kSuccess);
    });
    ASSERT_TRUE(host_->create_snapshots({snapshot(kSnapshot, kVolume, kTop)}));
    ASSERT_TRUE(host_->complete_snapshot(kSnapshot));
  }
  void start_copy(uint64_t size = kSize) {
    ASSERT_TRUE(host_->create_detached_snapshot({kCopy, size, layer(kCopyLayer, kCopy), kSnapshot, ""}));
  }
  Status run(const std::string& subject) {
    COFFER_CHECK(deliver(subject, kSession));
    return host_->run_job(subject, kSession);
  }
  // A copy that has begun, and waits for a clock that stands still.
  void start_copy_and_halt() {
    start_copy(kLarge);
    clock_.hold();
    ASSERT_TRUE(host_->set_job_rate(4 << 20));
    ASSERT_TRUE(run(kCopy));
    ASSERT_TRUE(eventually([&] { return job(kCopy)->done_bytes > 0; }));
  }
  std::string state(const std::string& subject) {
    const auto found = job(subject);
    return found ? found->state : "none";
  }
  bool done(const std::string& subject) {
    return eventually([&] { return !job(subject); });
  }
};

TEST_F(HostJobs, ACopyWaitsForItsKeysAndIsMade) {
  make_snapshot();
  start_copy();
  ASSERT_TRUE(job(kCopy));
  EXPECT_EQ(job(kCopy)->kind, "copy");
  EXPECT_EQ(job(kCopy)->state, "waiting");
  EXPECT_EQ(job(kCopy)->total_bytes, kSize);
  EXPECT_EQ(host_->complete_snapshot(kCopy).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(host_->run_job(kCopy, kSession).error().kind, ErrorKind::kConflict);  // not prepared
  // Neither the source's key alone nor its own.
  for (const auto& half : {kLayer, kCopyLayer}) {
    const auto prepared = host_->prepare_keys(kCopy, kSession);
    ASSERT_EQ(prepared->layers.size(), 2u);
    ASSERT_TRUE(host_->deliver_keys(kCopy, kSession, box_for(kCopy, kSession, prepared->nonce, {half})));
    EXPECT_EQ(host_->run_job(kCopy, kSession).error().kind, ErrorKind::kInvalidArgument);
  }
  ASSERT_TRUE(run(kCopy));
  ASSERT_TRUE(done(kCopy));
  EXPECT_EQ(host_->keys_waiting(), 0u);
  ASSERT_TRUE(host_->complete_snapshot(kCopy));
  // It lives without its source.
  ASSERT_TRUE(host_->delete_snapshot(kSnapshot));
  ASSERT_TRUE(host_->delete_volume(kVolume));
  ASSERT_TRUE(host_->create_volume(volume(kClone, kCloneLayer, kCopy)));
  with(kClone, [](NbdClient& user) { EXPECT_EQ(read(user, 0, kSize), Bytes(kSize, 'x')); });
  EXPECT_FALSE(run(kCopy));
}

TEST_F(HostJobs, AnAttachedCloneHydratesByItself) {
  make_snapshot();
  ASSERT_TRUE(host_->create_volume(volume(kClone, kCloneLayer, kSnapshot, true)));
  EXPECT_EQ(state(kCloneLayer), "waiting");
  EXPECT_EQ(job(kCloneLayer)->kind, "hydrate");
  EXPECT_EQ(job(kCloneLayer)->volume_id, kClone);
  ASSERT_TRUE(attach(kClone, kOther));
  ASSERT_TRUE(done(kCloneLayer));
  ASSERT_TRUE(host_->detach(kClone, false));
  EXPECT_EQ(host_->prepare_keys(kClone, kOther)->layers.size(), 1u);
  with(kClone, [](NbdClient& user) { EXPECT_EQ(read(user, 0, kSize), Bytes(kSize, 'x')); });
}

TEST_F(HostJobs, ARekeyedVolumeIsLiftedWhileItIsAttached) {
  make_snapshot();
  const auto attached = attach();
  ASSERT_TRUE(attached);
  const std::string fresh = id("layer", 5);
  EXPECT_FALSE(host_->rekey_volume(kVolume, layer(fresh, kVolume), kSession));
  ASSERT_TRUE(deliver(kVolume, kSession, {fresh}));
  const Status begun = host_->rekey_volume(kVolume, layer(fresh, kVolume), kSession);
  ASSERT_TRUE(begun) << begun.error().message;
  ASSERT_TRUE(done(fresh));
  EXPECT_EQ(read(*client(*attached), 0, kSize), Bytes(kSize, 'x'));
  const auto needed = host_->prepare_keys(kVolume, kSession);
  ASSERT_EQ(needed->layers.size(), 1u);
  EXPECT_EQ(needed->layers[0].layer_id, fresh);
}

TEST_F(HostJobs, ADeletedSnapshotIsMergedWhereTheKeysAre) {
  make_snapshot();
  const auto attached = attach();
  ASSERT_TRUE(host_->delete_snapshot(kSnapshot));
  ASSERT_TRUE(done(kTop));
  EXPECT_EQ(read(*client(*attached), 0, kSize), Bytes(kSize, 'x'));
  EXPECT_EQ(host_->prepare_keys(kVolume, kSession)->layers.size(), 1u);
}

TEST_F(HostJobs, WhatRunsByItselfStopsWithTheAttachmentAndGoesOnWithTheNext) {
  make_snapshot(kLarge);
  clock_.hold();
  ASSERT_TRUE(host_->set_job_rate(4 << 20));  // a step, and no more by a clock that stands still
  ASSERT_TRUE(host_->create_volume(volume(kClone, kCloneLayer, kSnapshot, true, kLarge)));
  ASSERT_TRUE(attach(kClone, kOther));
  ASSERT_TRUE(eventually([&] { return job(kCloneLayer)->done_bytes > 0; }));
  EXPECT_EQ(state(kCloneLayer), "running");
  ASSERT_TRUE(host_->detach(kClone, false));
  EXPECT_EQ(state(kCloneLayer), "waiting");  // none of its layers is unlocked any more
  ASSERT_TRUE(attach(kClone, kOther));
  ASSERT_TRUE(host_->set_job_rate(0));
  EXPECT_TRUE(done(kCloneLayer));
}

TEST_F(HostJobs, KeepToTheirRate) {
  make_snapshot(kLarge);
  start_copy(kLarge);
  clock_.hold();
  ASSERT_TRUE(host_->set_job_rate(16 << 20));
  ASSERT_TRUE(run(kCopy));
  // What may be saved up, and the step that overdraws it.
  ASSERT_TRUE(eventually([&] { return job(kCopy)->done_bytes >= 32 << 20; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(job(kCopy)->done_bytes, 33u << 20);  // a step ends a chunk later at most
  clock_.move(std::chrono::milliseconds(1001));
  ASSERT_TRUE(eventually([&] { return job(kCopy)->done_bytes >= 48 << 20; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_LT(job(kCopy)->done_bytes, 49u << 20);
  ASSERT_TRUE(host_->set_job_rate(0));
  EXPECT_TRUE(done(kCopy));
}

TEST_F(HostJobs, AFailureIsKeptAndTriedAgain) {
  make_snapshot(kLarge);
  start_copy_and_halt();
  disk_.fail_flush = true;
  ASSERT_TRUE(host_->set_job_rate(0));
  ASSERT_TRUE(eventually([&] { return state(kCopy) == "failed"; }));
  EXPECT_NE(job(kCopy)->failure.find("injected"), std::string::npos);
  disk_.fail_flush = false;
  EXPECT_EQ(host_->run_job(kCopy, kSession).error().kind, ErrorKind::kConflict);  // its keys are gone
  ASSERT_TRUE(run(kCopy));
  ASSERT_TRUE(done(kCopy));
}

TEST_F(HostJobs, AFullDiskIsAPauseThatKeepsTheKeys) {
  make_snapshot(kLarge);
  start_copy_and_halt();
  disk_.full = true;
  ASSERT_TRUE(host_->set_job_rate(0));
  ASSERT_TRUE(eventually([&] { return state(kCopy) == "failed"; }));
  EXPECT_NE(job(kCopy)->failure.find("injected: full"), std::string::npos);
  disk_.full = false;
  clock_.move(options_.job_retry_pause + std::chrono::seconds(1));
  EXPECT_TRUE(done(kCopy));
}

TEST_F(HostJobs, ADeletedTargetEndsItsCopy) {
  make_snapshot(kLarge);
  start_copy_and_halt();
  ASSERT_TRUE(host_->delete_snapshot(kCopy));
  EXPECT_FALSE(job(kCopy));
  EXPECT_EQ(host_->run_job(kCopy, kSession).error().kind, ErrorKind::kNotFound);
}

TEST_F(HostJobs, ACopyGoesOnAfterARestart) {
  make_snapshot(kLarge);
  start_copy_and_halt();
  open();
  EXPECT_EQ(state(kCopy), "waiting");
  ASSERT_TRUE(run(kCopy));
  ASSERT_TRUE(done(kCopy));
  ASSERT_TRUE(host_->complete_snapshot(kCopy));
}

}  // namespace
}  // namespace coffer::host
