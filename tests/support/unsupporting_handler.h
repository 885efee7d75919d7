// SPDX-License-Identifier: Apache-2.0
// A volumed that can do nothing: tests say what theirs can.
#pragma once
#include "control/volumed_handler.h"

namespace coffer::control {

class UnsupportingHandler : public VolumedHandler {
 public:
  VolumedStatus status() override { return {}; }
  Status create_volume(const NewVolume&) override { return no(); }
  Status delete_volume(const std::string&) override { return no(); }
  Result<std::vector<std::string>> list_volumes() override { return std::vector<std::string>(); }
  Status grow_volume(const std::string&, uint64_t) override { return no(); }
  Result<PreparedKeys> prepare_keys(const std::string&, const std::string&) override { return no(); }
  Result<PreparedKeys> prepared_keys(const std::string&, const std::string&) override { return no(); }
  Status deliver_keys(const std::string&, const std::string&, ByteView) override { return no(); }
  Result<AttachedVolume> attach(const std::string&, const std::string&) override { return no(); }
  Status detach(const std::string&, bool) override { return no(); }
  Status set_limits(const std::string&, uint32_t, uint64_t) override { return no(); }
  Status create_snapshots(const std::vector<NewSnapshot>&) override { return no(); }
  Status complete_snapshot(const std::string&) override { return no(); }
  Status delete_snapshot(const std::string&) override { return no(); }
  Result<std::vector<SnapshotDescription>> list_snapshots() override {
    return std::vector<SnapshotDescription>();
  }
  Status create_detached_snapshot(const NewDetachedSnapshot&) override { return no(); }
  Status rekey_volume(const std::string&, const NewLayer&, const std::string&) override { return no(); }
  Result<std::vector<Job>> jobs() override { return std::vector<Job>(); }
  Status run_job(const std::string&, const std::string&) override { return no(); }
  Status set_job_rate(uint64_t) override { return no(); }
  Result<std::vector<uint32_t>> list_blocks(const std::string&, const std::string&, uint32_t,
                                            uint32_t) override {
    return no();
  }
  Status open_snapshot(const std::string&, const std::string&) override { return no(); }
  Result<Bytes> read_block(const std::string&, uint32_t, uint32_t, uint32_t) override { return no(); }
  Status write_block(const std::string&, uint32_t, uint32_t, ByteView) override { return no(); }

 private:
  static tl::unexpected<Error> no() { return fail(ErrorKind::kUnsupported, "not by this volumed"); }
};

}  // namespace coffer::control
