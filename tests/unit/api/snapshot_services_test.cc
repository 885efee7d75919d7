// SPDX-License-Identifier: Apache-2.0
// What becomes of snapshots when volumed, the catalog or a process fails at the worst moment?
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

#include "control/volumed_server.h"
#include "tests/support/unsupporting_handler.h"
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

const std::string kVolume = "vol-0123456789abcdef0", kOther = "vol-0123456789abcdef1";

// Keeps snapshots in memory, and fails when it is told to.
class RememberingVolumed : public control::UnsupportingHandler {
 public:
  Status create_snapshots(const std::vector<control::NewSnapshot>& wanted) override {
    const std::lock_guard lock(mutex_);
    for (const auto& each : wanted) snapshots_[each.snapshot_id] = false;
    return outcome_of_create;
  }
  Status complete_snapshot(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    if (!outcome_of_complete) return outcome_of_complete;
    const auto found = snapshots_.find(id);
    if (found == snapshots_.end()) return fail(ErrorKind::kNotFound, "no such snapshot");
    found->second = true;
    return {};
  }
  Status delete_snapshot(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    snapshots_.erase(id);
    return {};
  }
  Status create_detached_snapshot(const control::NewDetachedSnapshot& wanted) override {
    const std::lock_guard lock(mutex_);
    snapshots_[wanted.snapshot_id] = false;
    control::Job job;
    job.subject_id = wanted.snapshot_id;
    job.kind = "copy";
    job.state = "running";
    job.done_bytes = 57;
    job.total_bytes = 100;
    jobs_.push_back(job);
    return {};
  }
  Result<std::vector<control::SnapshotDescription>> list_snapshots() override {
    const std::lock_guard lock(mutex_);
    std::vector<control::SnapshotDescription> all;
    for (const auto& [id, complete] : snapshots_) all.push_back({id, uint64_t{size_gib} << 30, complete});
    return all;
  }
  Result<std::vector<control::Job>> jobs() override {
    const std::lock_guard lock(mutex_);
    return jobs_;
  }

  void put(const std::string& id, bool complete = false) {
    const std::lock_guard lock(mutex_);
    snapshots_[id] = complete;
  }
  bool has(const std::string& id) {
    const std::lock_guard lock(mutex_);
    return snapshots_.contains(id);
  }
  size_t count() {
    const std::lock_guard lock(mutex_);
    return snapshots_.size();
  }
  void set_jobs(const std::string& state, const std::string& failure) {
    const std::lock_guard lock(mutex_);
    for (auto& job : jobs_) {
      job.state = state;
      job.failure = failure;
    }
  }
  void finish_jobs() {
    const std::lock_guard lock(mutex_);
    jobs_.clear();
  }
  void complete_with(Status outcome) {
    const std::lock_guard lock(mutex_);
    outcome_of_complete = std::move(outcome);
  }
  Status outcome_of_create;
  std::atomic<uint32_t> size_gib = 1;  // of each snapshot

 private:
  std::mutex mutex_;
  Status outcome_of_complete;
  std::map<std::string, bool> snapshots_;
  std::vector<control::Job> jobs_;
};

class ShiftedSteadyClock : public Clock {
 public:
  Timestamp now() const override { return system_clock().now(); }
  std::chrono::steady_clock::time_point steady_now() const override {
    return std::chrono::steady_clock::now() + std::chrono::seconds(shift_seconds);
  }
  std::atomic<int> shift_seconds = 0;
};

class SnapshotServices : public ApiFixture {
 protected:
  SnapshotServices() {
    installation_ = std::make_unique<Installation>(
        Installation{installation_->owner_account, installation_->regions, installation_->host_id, true,
                     clock_, system_random(), *catalog_, keyd_, volumed_});
    ec2_ = std::make_unique<services::ec2::Ec2Service>(*installation_);
    make_pipeline();
    auto pair = make_channel_pair();
    server_ = std::make_unique<control::VolumedServer>(std::move(pair->first), remembering_);
    volumed_.connect(std::move(pair->second));
    for (const auto& id : {kVolume, kOther}) {
      catalog::Volume volume;
      volume.id = id;
      volume.account = "123456789012";
      volume.region = "us-west-2";
      volume.state = "available";
      volume.type = "gp3";
      volume.size_gib = 1;
      EXPECT_TRUE(catalog_->write([&](auto& transaction) { return transaction.insert_volume(volume); }));
    }
  }
  ~SnapshotServices() override { ec2_->stop(); }

  std::string create() {
    const auto answer = serve_ec2("CreateSnapshot", "&VolumeId=" + kVolume);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return xml_text(answer, "snapshotId");
  }
  std::optional<catalog::Snapshot> row(const std::string& id) {
    std::optional<catalog::Snapshot> found;
    EXPECT_TRUE(catalog_->read([&](auto& transaction) -> Status {
      COFFER_TRY(snapshot, transaction.snapshot(id));
      found = std::move(snapshot);
      return {};
    }));
    return found;
  }
  std::string state(const std::string& id) {
    const auto found = row(id);
    return found ? found->state : "gone";
  }
  bool comes(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  void insert(const std::string& id, const std::string& state) {
    catalog::Snapshot snapshot;
    snapshot.id = id;
    snapshot.account = "123456789012";
    snapshot.region = "us-west-2";
    snapshot.volume_id = kVolume;
    snapshot.state = state;
    EXPECT_TRUE(catalog_->write([&](auto& transaction) { return transaction.insert_snapshot(snapshot); }));
  }

  ShiftedSteadyClock clock_;
  RememberingVolumed remembering_;
  std::unique_ptr<control::VolumedServer> server_;
};

TEST_F(SnapshotServices, WhatVolumedRefusesIsNotThere) {
  ec2_->resume();
  remembering_.outcome_of_create = fail(ErrorKind::kIo, "the disk is gone");
  const auto answer = serve_ec2("CreateSnapshot", "&VolumeId=" + kVolume);
  EXPECT_GE(answer.status, 500) << answer.body;
  EXPECT_TRUE(comes([&] { return remembering_.count() == 0; }));
  const auto list = serve_ec2("DescribeSnapshots", "&Owner.1=self");
  EXPECT_EQ(xml_text(list, "snapshotId"), "");
  // It does not count against those that are in progress.
  remembering_.outcome_of_create = {};
  const std::string made = create();
  EXPECT_TRUE(comes([&] { return state(made) == "completed"; }));
}

TEST_F(SnapshotServices, FiveAVolumeAreInProgressAtMost) {
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) made.push_back(create());  // no worker completes them
  const auto sixth = serve_ec2("CreateSnapshot", "&VolumeId=" + kVolume);
  EXPECT_EQ(xml_text(sixth, "Code"), "ConcurrentSnapshotLimitExceeded") << sixth.body;
  EXPECT_EQ(serve_ec2("CreateSnapshot", "&VolumeId=" + kOther).status, 200);
  EXPECT_EQ(remembering_.count(), 6u);
  ec2_->resume();
  for (const auto& id : made) EXPECT_TRUE(comes([&] { return state(id) == "completed"; })) << id;
  EXPECT_EQ(serve_ec2("CreateSnapshot", "&VolumeId=" + kVolume).status, 200);
}

TEST_F(SnapshotServices, AtTheStartStoreAndCatalogAreBroughtInLine) {
  remembering_.put("snap-00000000000000001");        // nobody knows it, as one that was never finished
  remembering_.put("snap-00000000000000006", true);  // that the catalog does not know any more
  remembering_.put("snap-00000000000000002");
  insert("snap-00000000000000002", "creating");  // its call was cut off
  remembering_.put("snap-00000000000000003");
  insert("snap-00000000000000003", "pending");
  insert("snap-00000000000000004", "pending");  // never made
  remembering_.put("snap-00000000000000005");
  insert("snap-00000000000000005", "deleting");
  ec2_->resume();
  EXPECT_TRUE(comes([&] { return state("snap-00000000000000003") == "completed"; }));
  EXPECT_TRUE(comes([&] { return state("snap-00000000000000004") == "error"; }));
  EXPECT_TRUE(comes([&] { return state("snap-00000000000000002") == "gone"; }));
  EXPECT_TRUE(comes([&] { return state("snap-00000000000000005") == "gone"; }));
  EXPECT_TRUE(comes([&] { return remembering_.count() == 2; }));
  EXPECT_TRUE(remembering_.has("snap-00000000000000003"));
  EXPECT_TRUE(remembering_.has("snap-00000000000000006"));
  EXPECT_NE(row("snap-00000000000000004")->state_message, "");
}

TEST_F(SnapshotServices, WhatVolumedMadeTooLateIsDeletedWithoutARestart) {
  ec2_->resume();
  const std::string made = create();
  EXPECT_TRUE(comes([&] { return state(made) == "completed"; }));
  remembering_.put("snap-00000000000000001");
  clock_.shift_seconds = 31;
  const std::string next = create();  // wakes the worker
  EXPECT_TRUE(comes([&] { return !remembering_.has("snap-00000000000000001"); }));
  EXPECT_TRUE(comes([&] { return state(next) == "completed"; }));
  EXPECT_EQ(remembering_.count(), 2u);
}

TEST_F(SnapshotServices, WhatCannotBeMadeDurableIsAnError) {
  remembering_.complete_with(fail(ErrorKind::kNoSpace, "full"));
  ec2_->resume();
  const std::string made = create();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(state(made), "pending");  // there may be room again
  remembering_.complete_with(fail(ErrorKind::kIo, "the flush failed"));
  EXPECT_TRUE(comes([&] { return state(made) == "error"; }));
  EXPECT_NE(row(made)->state_message.find("the flush failed"), std::string::npos);
  EXPECT_EQ(remembering_.count(), 0u);
}

// The volume grew, and apid does not know it yet: the answer was lost.
TEST_F(SnapshotServices, ASnapshotHasTheSizeThatVolumedMadeItWith) {
  remembering_.size_gib = 2;
  ec2_->resume();
  const std::string made = create();
  EXPECT_TRUE(comes([&] { return state(made) == "completed"; }));
  EXPECT_EQ(row(made)->volume_size_gib, 2u);
  const auto smaller = serve_ec2("CreateVolume", "&AvailabilityZone=us-west-2a&Size=1&SnapshotId=" + made);
  EXPECT_EQ(xml_text(smaller, "Code"), "InvalidParameterValue") << smaller.body;
}

TEST_F(SnapshotServices, ACopyShowsItsProgressAndItsFailure) {
  ec2_->resume();
  const std::string source = create();
  EXPECT_TRUE(comes([&] { return state(source) == "completed"; }));
  const auto copy = [&] {
    const auto answer = serve_ec2("CopySnapshot", "&SourceRegion=us-west-2&SourceSnapshotId=" + source);
    EXPECT_EQ(answer.status, 200) << answer.body;
    return xml_text(answer, "snapshotId");
  };
  const std::string first = copy();
  EXPECT_TRUE(comes([&] { return row(first)->progress == 57; }));
  EXPECT_EQ(xml_text(serve_ec2("DescribeSnapshots", "&SnapshotId.1=" + first), "progress"), "57%");
  // Its source stays until it is done, gone as anybody sees.
  EXPECT_EQ(serve_ec2("DeleteSnapshot", "&SnapshotId=" + source).status, 200);
  EXPECT_EQ(xml_text(serve_ec2("DescribeSnapshots", "&SnapshotId.1=" + source), "Code"),
            "InvalidSnapshot.NotFound");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(remembering_.count(), 2u);
  remembering_.finish_jobs();
  EXPECT_TRUE(comes([&] { return state(first) == "completed"; }));
  EXPECT_TRUE(comes([&] { return remembering_.count() == 1; }));
}

TEST_F(SnapshotServices, AFailedCopySaysWhy) {
  ec2_->resume();
  const std::string source = create();
  EXPECT_TRUE(comes([&] { return state(source) == "completed"; }));
  const auto answer = serve_ec2("CopySnapshot", "&SourceRegion=us-west-2&SourceSnapshotId=" + source);
  const std::string copy = xml_text(answer, "snapshotId");
  EXPECT_TRUE(comes([&] { return row(copy)->progress == 57; }));
  remembering_.set_jobs("failed", "a checksum was wrong");
  EXPECT_TRUE(comes([&] { return state(copy) == "error"; }));
  const auto shown = serve_ec2("DescribeSnapshots", "&SnapshotId.1=" + copy);
  EXPECT_NE(xml_text(shown, "statusMessage").find("a checksum was wrong"), std::string::npos) << shown.body;
  EXPECT_EQ(remembering_.count(), 1u);
}

}  // namespace
}  // namespace coffer::api
