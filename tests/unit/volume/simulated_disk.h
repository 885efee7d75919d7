// SPDX-License-Identifier: Apache-2.0
// A disk in memory that behaves as badly as a real one may. Power can be cut at any operation: what was
// flushed stays; of the rest any 512-byte block may be any of the versions written since, in any order, and a
// directory keeps some first part of its unflushed changes. Operations can fail with EIO or ENOSPC, the space
// can be bounded, and a flush that failed has thrown its blocks away, as Linux does: the next one succeeds
// and means nothing. Thread-safe.
#pragma once
#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/disk.h"

namespace coffer::volume {

class SimulatedDisk final : public Disk {
 public:
  explicit SimulatedDisk(uint64_t seed) : random_(seed) { directories_ = durable_directories_ = {"/"}; }

  // ---- Faults. Operations are counted from one, since the last call of count_from_here().
  void count_from_here() { operations_ = 0, cut_at_ = 0, fail_at_ = 0, fault_struck_ = false; }
  uint64_t operations() const { return operations_; }
  void cut_power_at(uint64_t operation) { cut_at_ = operation; }
  void fail_at(uint64_t operation, ErrorKind kind) { fail_at_ = operation, fail_kind_ = kind; }
  void set_capacity(uint64_t bytes) { capacity_ = bytes / kUnit; }
  void fill_up() { capacity_ = units_taken(); }  // no byte is free now
  bool power_is_off() const { return off_; }
  bool fault_struck() const { return fault_struck_; }  // since the last call of count_from_here()
  // Called while a file is flushed, when what the flush covers is settled already.
  std::function<void(const std::string& path)> during_flush;
  // Called before a write or a flush begins, outside of any lock.
  std::function<void()> before_change;
  // Bugs of the volume, acted out by the disk, to show that the oracle sees them.
  enum class Bug {
    kNone,
    kMapBeforeData,  // the data's flush takes effect only after the map pages that follow it are durable
    kLateFreeze,  // the data's flush takes effect before the states are frozen, and others write in between
    kPunchBeforeMap,       // a map's flush takes effect only after the holes that are punched next
    kManifestBeforeLayer,  // a new folder's name becomes durable only after the next manifest that is
                           // replaced
  };
  Bug bug = Bug::kNone;
  std::set<std::string> unflushable;  // files whose flush is acknowledged and does nothing

  // ---- Ends of the world. Files opened before are dead after either.
  void restart() {  // after a power cut
    const std::lock_guard lock(mutex_);
    std::set<const Inode*> named;
    for (const auto& [path, inode] : names_) named.insert(inode.get());
    lose_directory_changes();
    for (const auto& [path, inode] : durable_names_) named.erase(inode.get());
    // Files that lost their only name here are nobody's to overwrite: holds() does not look there.
    std::erase_if(inodes_, [&](const auto& inode) { return named.contains(inode.get()); });
    const auto mode = random_() % 4;
    for (const auto& inode : inodes_) settle(*inode, mode);
    names_ = durable_names_;
    directories_ = durable_directories_;
    ++generation_;
    off_ = false;
    count_from_here();
  }
  void kill_process() {  // the kernel, and all it has cached, goes on
    const std::lock_guard lock(mutex_);
    ++generation_;
  }

  // ---- Disk
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    const std::lock_guard lock(mutex_);
    COFFER_CHECK(step());
    auto found = names_.find(path);
    if (found != names_.end() && mode.create && mode.exclusive)
      return fail(ErrorKind::kConflict, path + " exists");
    if (found == names_.end()) {
      if (!mode.create || !directories_.contains(parent_of(path))) return fail(ErrorKind::kNotFound, path);
      found = names_.emplace(path, inodes_.emplace_back(std::make_shared<Inode>())).first;
      log_change(path,
                 [path, inode = found->second](SimulatedDisk& disk) { disk.durable_names_[path] = inode; });
    }
    return std::make_unique<OpenFile>(*this, found->second, path, generation_);
  }
  Status make_directory(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    COFFER_CHECK(step());
    if (!directories_.insert(path).second) return {};
    if (bug == Bug::kManifestBeforeLayer) {
      late_directories_.push_back(path);
      return {};
    }
    log_change(path, [path](SimulatedDisk& disk) { disk.durable_directories_.insert(path); });
    return {};
  }
  Status rename(const std::string& from, const std::string& to) override {
    const std::lock_guard lock(mutex_);
    COFFER_CHECK(step());
    const auto found = names_.find(from);
    if (found == names_.end()) return fail(ErrorKind::kNotFound, from);
    const auto inode = found->second;
    names_.erase(found);
    names_[to] = inode;
    log_change(to, [from, to, inode](SimulatedDisk& disk) {
      disk.durable_names_.erase(from);
      disk.durable_names_[to] = inode;
    });
    return {};
  }
  Status remove(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    COFFER_CHECK(step());
    if (names_.erase(path) != 0) {
      log_change(path, [path](SimulatedDisk& disk) { disk.durable_names_.erase(path); });
      return {};
    }
    if (!directories_.contains(path)) return fail(ErrorKind::kNotFound, path);
    if (!names_in(path).empty()) return fail(ErrorKind::kConflict, path + " is not empty");
    directories_.erase(path);
    log_change(path, [path](SimulatedDisk& disk) { disk.durable_directories_.erase(path); });
    return {};
  }
  Status flush_directory(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    COFFER_CHECK(step());
    for (const auto& change : changes_[path]) change(*this);
    changes_[path].clear();
    if (path.find("/vol-") != std::string::npos && !late_directories_.empty()) {
      COFFER_CHECK(step());  // the power may be cut between the two
      durable_directories_.insert(late_directories_.begin(), late_directories_.end());
      late_directories_.clear();
    }
    return {};
  }
  Status flush_all(const std::string&) override {
    const std::lock_guard lock(mutex_);
    COFFER_CHECK(step());
    for (const auto& [path, inode] : names_) make_durable(*inode);
    for (auto& [directory, changes] : changes_) {
      for (const auto& change : changes) change(*this);
      changes.clear();
    }
    return {};
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    COFFER_CHECK(step());
    if (!directories_.contains(path)) return fail(ErrorKind::kNotFound, path);
    return names_in(path);
  }
  Result<bool> exists(const std::string& path) override {
    const std::lock_guard lock(mutex_);
    COFFER_CHECK(step());
    return names_.contains(path) || directories_.contains(path);
  }

  // Whether these bytes are anywhere on the disk, also in files whose names are gone.
  bool holds(ByteView wanted) {
    const std::lock_guard lock(mutex_);
    for (const auto& inode : inodes_)
      for (const auto* blocks : {&inode->current, &inode->durable})
        for (const auto& [number, block] : *blocks)
          if (std::search(block.begin(), block.end(), wanted.begin(), wanted.end()) != block.end())
            return true;
    return false;
  }

 private:
  static constexpr uint64_t kBlock = 512;
  static constexpr uint64_t kUnit = 4096;  // of space
  using Block = std::array<uint8_t, kBlock>;

  struct Inode {
    std::map<uint64_t, Block> current, durable;        // a missing block is zero
    std::map<uint64_t, std::vector<Block>> unflushed;  // the versions since the last flush
    std::set<uint64_t> stale;                          // blocks that a failed flush has thrown away
    uint64_t size = 0, durable_size = 0;
    std::set<uint64_t> space;  // the units that are taken
  };

  class OpenFile final : public File {
   public:
    OpenFile(SimulatedDisk& disk, std::shared_ptr<Inode> inode, std::string path, uint64_t generation)
        : disk_(disk), inode_(std::move(inode)), path_(std::move(path)), generation_(generation) {}

    Status read(uint64_t offset, MutableByteView out) override {
      COFFER_CHECK(act_out_late_freeze(offset));
      const std::lock_guard lock(disk_.mutex_);
      end_delay();
      COFFER_CHECK(begin());
      for (uint64_t done = 0; done < out.size();) {
        const uint64_t within = (offset + done) % kBlock;
        const uint64_t piece = std::min<uint64_t>(out.size() - done, kBlock - within);
        const auto block = inode_->current.find((offset + done) / kBlock);
        if (block == inode_->current.end())
          std::memset(out.data() + done, 0, piece);
        else
          std::memcpy(out.data() + done, block->second.data() + within, piece);
        done += piece;
      }
      return {};
    }

    Status write(uint64_t offset, ByteView data) override {
      if (disk_.before_change) disk_.before_change();
      const std::lock_guard lock(disk_.mutex_);
      if (holds_data()) end_delay();
      if (const Status status = begin(); !status) {
        // The operation that is cut, or fails, may have got part of its way.
        if (generation_ == disk_.generation_ && disk_.failed_just_now_)
          put(offset, data.first(disk_.random_() % (data.size() / kBlock + 1) * kBlock));
        return status;
      }
      COFFER_CHECK(disk_.take_space(*inode_, offset, data.size()));
      put(offset, data);
      return {};
    }

    Status flush() override {
      if (disk_.before_change) disk_.before_change();
      {
        const std::lock_guard lock(disk_.mutex_);
        if (const Status status = begin(); !status) {
          if (!disk_.off_ && generation_ == disk_.generation_) throw_away();
          return status;
        }
        if (disk_.unflushable.contains(path_)) return {};
        if ((disk_.bug == Bug::kMapBeforeData || disk_.bug == Bug::kLateFreeze) && holds_data()) {
          if (disk_.bug == Bug::kMapBeforeData) disk_.delayed_ = inode_;
          return {};
        }
        if (disk_.bug == Bug::kPunchBeforeMap && path_.ends_with("/map")) {
          end_delay();
          disk_.delayed_ = inode_;
          return {};
        }
        make_durable(*inode_);
        if (disk_.delayed_) {
          COFFER_CHECK(begin());  // the power may be cut between the two
          end_delay();
        }
      }
      if (disk_.during_flush) disk_.during_flush(path_);
      return {};
    }

    Status punch_hole(uint64_t offset, uint64_t length) override {
      const std::lock_guard lock(disk_.mutex_);
      if (disk_.bug != Bug::kPunchBeforeMap) end_delay();
      COFFER_CHECK(begin());
      const uint64_t first = (offset + kUnit - 1) / kUnit, end = (offset + length) / kUnit;
      if (first > end) {
        put(offset, Bytes(length));
        return {};
      }
      put(offset, Bytes(first * kUnit - offset));
      put(end * kUnit, Bytes(offset + length - end * kUnit));
      inode_->size = std::max(inode_->size, offset + length);
      auto& blocks = inode_->current;
      const auto stop = blocks.lower_bound(end * kUnit / kBlock);
      for (auto at = blocks.lower_bound(first * kUnit / kBlock); at != stop; at = blocks.erase(at))
        inode_->unflushed[at->first].push_back(Block{});
      inode_->space.erase(inode_->space.lower_bound(first), inode_->space.lower_bound(end));
      return {};
    }

    Status allocate(uint64_t offset, uint64_t length) override {
      const std::lock_guard lock(disk_.mutex_);
      COFFER_CHECK(begin());
      return disk_.take_space(*inode_, offset, length);
    }

    Status truncate(uint64_t size) override {
      const std::lock_guard lock(disk_.mutex_);
      COFFER_CHECK(begin());
      inode_->size = size;
      return {};
    }

    Result<uint64_t> size() override {
      const std::lock_guard lock(disk_.mutex_);
      COFFER_CHECK(begin());
      return inode_->size;
    }

    Result<uint64_t> next_data(uint64_t offset) override {
      const std::lock_guard lock(disk_.mutex_);
      COFFER_CHECK(begin());
      const auto block = inode_->current.lower_bound(offset / kBlock);
      if (block == inode_->current.end()) return inode_->size;
      return std::min(inode_->size, std::max(offset, block->first * kBlock));
    }

   private:
    Status begin() {
      if (generation_ != disk_.generation_) return fail(ErrorKind::kIo, "a file of before the restart");
      return disk_.step();
    }
    void end_delay() {
      if (disk_.delayed_) make_durable(*std::exchange(disk_.delayed_, nullptr));
    }
    bool holds_data() const { return path_.ends_with(".000"); }

    // A flush reads the header in the map first: there its data is made durable, and a write comes in
    // between.
    Status act_out_late_freeze(uint64_t offset) {
      if (disk_.bug != Bug::kLateFreeze || holds_data() || offset != 0 || !disk_.during_flush) return {};
      std::string data_path;
      {
        const std::lock_guard lock(disk_.mutex_);
        COFFER_CHECK(begin());
        for (const auto& [path, inode] : disk_.names_) {
          if (!path.ends_with(".000")) continue;
          make_durable(*inode);
          data_path = path;
        }
      }
      disk_.during_flush(data_path);
      return {};
    }

    void put(uint64_t offset, ByteView data) {
      inode_->size = std::max(inode_->size, offset + data.size());
      for (uint64_t done = 0; done < data.size();) {
        const uint64_t number = (offset + done) / kBlock, within = (offset + done) % kBlock;
        const uint64_t piece = std::min<uint64_t>(data.size() - done, kBlock - within);
        Block& block = inode_->current.try_emplace(number, Block{}).first->second;
        std::memcpy(block.data() + within, data.data() + done, piece);
        inode_->unflushed[number].push_back(block);
        done += piece;
      }
    }

    void throw_away() {
      for (const auto& [number, versions] : inode_->unflushed) {
        inode_->stale.insert(number);
        if (disk_.random_() % 2 == 0) inode_->durable[number] = versions[disk_.random_() % versions.size()];
      }
      inode_->unflushed.clear();
    }

    SimulatedDisk& disk_;
    const std::shared_ptr<Inode> inode_;
    const std::string path_;
    const uint64_t generation_;
  };

  static std::string parent_of(const std::string& path) {
    const size_t slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
  }

  Status step() {
    failed_just_now_ = false;
    if (off_) return fail(ErrorKind::kIo, "the power is off");
    ++operations_;
    if (operations_ == cut_at_) {
      failed_just_now_ = true;
      off_ = true;
      return fail(ErrorKind::kIo, "the power was cut");
    }
    if (operations_ == fail_at_) {
      failed_just_now_ = true;
      fault_struck_ = true;
      return fail(fail_kind_, "a planted failure");
    }
    return {};
  }

  Status take_space(Inode& inode, uint64_t offset, uint64_t length) {
    std::vector<uint64_t> wanted;
    for (uint64_t unit = offset / kUnit; unit * kUnit < offset + length; ++unit)
      if (!inode.space.contains(unit)) wanted.push_back(unit);
    if (wanted.empty()) return {};
    if (capacity_ != 0 && units_taken() + wanted.size() > capacity_)
      return fail(ErrorKind::kNoSpace, "no space left on the device");
    inode.space.insert(wanted.begin(), wanted.end());
    return {};
  }

  uint64_t units_taken() const {
    std::set<const Inode*> inodes;
    uint64_t taken = 0;
    for (const auto& [path, inode] : names_)
      if (inodes.insert(inode.get()).second) taken += inode->space.size();
    return taken;
  }

  std::vector<std::string> names_in(const std::string& directory) const {
    std::vector<std::string> found;
    const auto look = [&](const std::string& path) {
      if (path != "/" && parent_of(path) == directory) found.push_back(path.substr(path.rfind('/') + 1));
    };
    for (const auto& [path, inode] : names_) look(path);
    for (const std::string& path : directories_) look(path);
    std::sort(found.begin(), found.end());
    return found;
  }

  static void make_durable(Inode& inode) {
    for (const auto& [number, versions] : inode.unflushed) inode.durable[number] = versions.back();
    inode.unflushed.clear();
    inode.durable_size = inode.size;
  }

  using Change = std::function<void(SimulatedDisk&)>;
  void log_change(const std::string& path, Change change) {
    changes_[parent_of(path)].push_back(std::move(change));
  }

  void lose_directory_changes() {
    for (auto& [directory, changes] : changes_) {
      const size_t kept = random_() % (changes.size() + 1);
      for (size_t i = 0; i < kept; ++i) changes[i](*this);
    }
    changes_.clear();
    late_directories_.clear();
    std::erase_if(durable_directories_, [&](const std::string& path) {
      return path != "/" && !durable_directories_.contains(parent_of(path));
    });
    std::erase_if(durable_names_,
                  [&](const auto& name) { return !durable_directories_.contains(parent_of(name.first)); });
  }

  // mode 0: nothing that was not flushed; 1: the newest of everything; otherwise any version of each block.
  void settle(Inode& inode, uint64_t mode) {
    for (const auto& [number, versions] : inode.unflushed) {
      inode.stale.insert(number);
      if (mode == 0) continue;
      const size_t kept = mode == 1 ? versions.size() : random_() % (versions.size() + 1);
      if (kept > 0) inode.durable[number] = versions[kept - 1];
    }
    inode.unflushed.clear();
    for (const uint64_t number : inode.stale) {
      const auto durable = inode.durable.find(number);
      if (durable == inode.durable.end())
        inode.current.erase(number);
      else
        inode.current[number] = durable->second;
    }
    inode.stale.clear();
    if (mode == 0 || (mode > 1 && random_() % 2 == 0)) inode.size = inode.durable_size;
    inode.durable_size = inode.size;
    // What lies past the end is in no file.
    const uint64_t end = (inode.size + kBlock - 1) / kBlock;
    for (auto* blocks : {&inode.current, &inode.durable})
      blocks->erase(blocks->lower_bound(end), blocks->end());
    if (capacity_ == 0) return;
    inode.space.clear();
    for (const auto& [number, block] : inode.current) inode.space.insert(number * kBlock / kUnit);
  }

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  std::map<std::string, std::shared_ptr<Inode>> names_, durable_names_;
  std::vector<std::shared_ptr<Inode>> inodes_;  // all there ever were
  std::set<std::string> directories_, durable_directories_;
  std::map<std::string, std::vector<Change>> changes_;  // by directory, since it was last flushed
  std::shared_ptr<Inode> delayed_;
  std::vector<std::string> late_directories_;
  uint64_t generation_ = 0;
  uint64_t operations_ = 0, cut_at_ = 0, fail_at_ = 0, capacity_ = 0;
  ErrorKind fail_kind_ = ErrorKind::kIo;
  std::atomic<bool> off_ = false;
  bool failed_just_now_ = false;
  std::atomic<bool> fault_struck_ = false;
};

}  // namespace coffer::volume
