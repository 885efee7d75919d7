// SPDX-License-Identifier: Apache-2.0
// Snapshots as volumed keeps them, in memory and without encryption: what the calls about their blocks
// promise (control/volumed_client.h), and who opened what.
#pragma once
#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "tests/support/unsupporting_handler.h"

namespace coffer::control {

class MemorySnapshots : public UnsupportingHandler {
 public:
  struct Contents {
    NewDetachedSnapshot made;
    std::map<uint32_t, Bytes> blocks;
    bool complete = false;
  };

  Result<PreparedKeys> prepare_keys(const std::string& subject_id, const std::string&) override {
    const std::lock_guard lock(mutex_);
    PreparedKeys keys{{}, Bytes(16, 1)};
    const auto found = snapshots.find(subject_id);
    if (found != snapshots.end() && found->second.made.layer.wrapped_key)
      keys.layers.push_back(found->second.made.layer);
    return keys;
  }
  Status deliver_keys(const std::string&, const std::string&, ByteView) override {
    ++delivered;
    return {};
  }
  Status create_detached_snapshot(const NewDetachedSnapshot& snapshot) override {
    const std::lock_guard lock(mutex_);
    if (fails) return fail(ErrorKind::kIo, "injected");
    snapshots[snapshot.snapshot_id].made = snapshot;
    if (const auto parent = snapshots.find(snapshot.parent_snapshot_id); parent != snapshots.end())
      snapshots[snapshot.snapshot_id].blocks = parent->second.blocks;
    return {};
  }
  Status complete_snapshot(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    if (fails) return fail(ErrorKind::kIo, "injected");
    snapshots.at(id).complete = true;
    open_.erase(id);
    return {};
  }
  Status delete_snapshot(const std::string& id) override {
    const std::lock_guard lock(mutex_);
    snapshots.erase(id);
    return {};
  }
  Result<std::vector<uint32_t>> list_blocks(const std::string& id, const std::string& base, uint32_t first,
                                            uint32_t most) override {
    const std::lock_guard lock(mutex_);
    static const std::map<uint32_t, Bytes> kNone;
    const auto& blocks = snapshots.at(id).blocks;
    const auto& below = base.empty() ? kNone : snapshots.at(base).blocks;
    std::set<uint32_t> differing;
    for (const auto& [index, data] : blocks)
      if (const auto other = below.find(index); other == below.end() || other->second != data)
        differing.insert(index);
    for (const auto& [index, data] : below)
      if (!blocks.contains(index)) differing.insert(index);
    std::vector<uint32_t> found(differing.lower_bound(first), differing.end());
    if (found.size() > most) found.resize(most);
    return found;
  }
  Status open_snapshot(const std::string& id, const std::string&) override {
    const std::lock_guard lock(mutex_);
    ++opened;
    open_.insert(id);
    return {};
  }
  Result<Bytes> read_block(const std::string& id, uint32_t block, uint32_t offset, uint32_t length) override {
    const std::lock_guard lock(mutex_);
    if (!open_.contains(id)) return fail(ErrorKind::kConflict, "not open");
    const auto& blocks = snapshots.at(id).blocks;
    const auto found = blocks.find(block);
    if (found == blocks.end()) return Bytes(length);
    return to_bytes(ByteView(found->second).subspan(offset, length));
  }
  Status write_block(const std::string& id, uint32_t block, uint32_t offset, ByteView data) override {
    const std::lock_guard lock(mutex_);
    if (!open_.contains(id)) return fail(ErrorKind::kConflict, "not open");
    if (fails) return fail(ErrorKind::kIo, "injected");
    Bytes& contents = snapshots.at(id).blocks[block];
    contents.resize(kBlockSize);
    std::ranges::copy(data, contents.begin() + offset);
    return {};
  }
  void close_all() {
    const std::lock_guard lock(mutex_);
    open_.clear();
  }

  std::map<std::string, Contents> snapshots;
  int opened = 0, delivered = 0;
  bool fails = false;

 private:
  std::mutex mutex_;
  std::set<std::string> open_;
};

}  // namespace coffer::control
