// SPDX-License-Identifier: Apache-2.0
// A random life of a store on a simulated disk: I/O, snapshots, clones, copies, re-keys, growth, deletions
// and the jobs that follow, each told to the model. What fails, fails because the power is off, or because a
// fault was planted.
#pragma once
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/volume/simulated_disk.h"
#include "tests/unit/volume/test_store.h"
#include "tests/unit/volume/tree_model.h"

namespace coffer::volume {

class TreeWorkload {
 public:
  TreeWorkload(uint64_t seed, SimulatedDisk& disk) : random_(seed), disk_(disk) {}

  TreeModel& model() { return model_; }
  const std::string& failure() const { return failure_; }
  uint64_t operations_done(const std::string& name) { return done_[name]; }
  void fail(const std::string& what) {
    if (failure_.empty()) failure_ = what;
  }
  // Called with the layer that a snapshot sealed.
  std::function<void(const std::string& layer_id)> on_sealed;

  void use(VolumeStore* store) { store_ = store; }
  void close() {  // as a process that dies does
    jobs_.clear();
    for (auto& [id, volume] : model_.volumes) volume.device.reset();
    store_ = nullptr;
  }

  void operate() {
    const uint64_t what = random_() % 100;
    if (what < 46) return change();
    if (what < 54) return flush();
    if (what < 58) return read();
    if (what < 65) return snapshot();
    if (what < 71) return complete();
    if (what < 75) return remove_snapshot();
    if (what < 79) return create();
    if (what < 80) return remove();
    if (what < 82) return copy();
    if (what < 84) return rekey();
    if (what < 86) return grow();
    if (what < 88) return reopen();
    return job();
  }

  // Reads all that there is. `after_crash`: it may be any of the versions, and is the only one from now on.
  void check_everything(bool after_crash) {
    for (auto& [id, volume] : model_.volumes) {
      if (!open(id, volume)) return;
      check(id, volume.contents, volume.size, after_crash,
            [&](uint64_t offset, MutableByteView out) { return volume.device->read(offset, out); });
    }
    for (auto& [id, snapshot] : model_.snapshots) check_snapshot(id, snapshot, after_crash);
  }

  bool open(const std::string& id, ModelVolume& volume) {
    if (volume.device) return true;
    auto opened = store_->open(id, keys_for(*store_, id));
    if (!succeeded(opened ? Status() : tl::unexpected(opened.error()), "open " + id)) return false;
    volume.device = std::move(*opened);
    return true;
  }

 private:
  using Volumes = std::map<std::string, ModelVolume>;
  using Snapshots = std::map<std::string, ModelSnapshot>;

  bool succeeded(const Status& status, const std::string& what) {
    if (!status && !disk_.power_is_off() && !disk_.fault_struck()) fail(what + ": " + status.error().message);
    if (status) ++done_[what.substr(0, what.find(' '))];
    return status.has_value();
  }

  template <class Map>
  auto any(Map& map) {
    auto at = map.begin();
    std::advance(at, random_() % map.size());
    return at;
  }
  Volumes::iterator any_open_volume() {
    if (model_.volumes.empty()) return model_.volumes.end();
    const auto at = any(model_.volumes);
    if (at->second.existence != Existence::kYes || at->second.failed || !open(at->first, at->second))
      return model_.volumes.end();
    return at;
  }
  Snapshots::iterator any_snapshot() {
    if (model_.snapshots.empty()) return model_.snapshots.end();
    const auto at = any(model_.snapshots);
    return at->second.existence == Existence::kYes ? at : model_.snapshots.end();
  }

  TreeWindow any_range(uint64_t size) {
    TreeWindow window;
    do window = kTreeWindows[random_() % std::size(kTreeWindows)];
    while (window.offset + window.length > size);
    uint64_t offset = random_() % window.length, length = 1 + random_() % window.length;
    if (random_() % 3 != 0) offset &= ~uint64_t{4095}, length = (length + 4095) & ~uint64_t{4095};
    return {window.offset + offset, std::min(length, window.length - offset)};
  }

  void change() {
    const auto at = any_open_volume();
    if (at == model_.volumes.end()) return;
    ModelVolume& volume = at->second;
    TreeWindow range = any_range(volume.size);
    const bool durable = random_() % 8 == 0;
    const uint64_t what = random_() % 5;
    const Bytes data = what < 3 ? random_contents(random_, range.length) : Bytes(range.length);
    TreeWindow zeroed = range;
    if (what == 3) {  // a discard keeps the parts of sectors
      zeroed.offset = (range.offset + 4095) & ~uint64_t{4095};
      zeroed.length =
          std::max(zeroed.offset, (range.offset + range.length) & ~uint64_t{4095}) - zeroed.offset;
    }
    volume.contents.write(zeroed.offset, ByteView(data).first(zeroed.length));
    const auto moment = volume.contents.now(zeroed.offset, zeroed.length);
    Status status;
    if (what < 3) status = volume.device->write(range.offset, data, durable);
    if (what == 3) status = volume.device->discard(range.offset, range.length, durable);
    if (what == 4)
      status = volume.device->write_zeroes(range.offset, range.length, random_() % 2 == 0, durable);
    if (succeeded(status, "change " + at->first)) {
      if (durable) volume.contents.acknowledge(moment);
    } else {
      after_failure(at);
    }
  }

  // What a change that failed left: each unit old or new.
  void after_failure(Volumes::iterator at) {
    ModelVolume& volume = at->second;
    note_failures();
    if (!disk_.power_is_off())
      check(
          at->first, volume.contents, volume.size, true,
          [&](uint64_t offset, MutableByteView out) { return volume.device->read(offset, out); }, false);
  }

  void flush() {
    const auto at = any_open_volume();
    if (at == model_.volumes.end()) return;
    if (!succeeded(at->second.device->flush(), "flush " + at->first)) return after_failure(at);
    acknowledge_all(at);
  }

  // A flush covers the layers that snapshots sealed.
  void acknowledge_all(Volumes::iterator at) {
    at->second.contents.acknowledge(at->second.contents.now());
    for (auto& [id, snapshot] : model_.snapshots)
      if (snapshot.volume_id == at->first) snapshot.contents.acknowledge(snapshot.contents.now());
  }

  void read() {
    if (random_() % 3 == 0) {
      if (const auto at = any_snapshot(); at != model_.snapshots.end())
        check_snapshot(at->first, at->second, false);
    } else if (const auto at = any_open_volume(); at != model_.volumes.end()) {
      check(at->first, at->second.contents, at->second.size, false,
            [&](uint64_t offset, MutableByteView out) { return at->second.device->read(offset, out); });
    }
  }

  void snapshot() {
    std::vector<NewSnapshot> wanted;
    LayerKeys keys;
    for (auto& [id, volume] : model_.volumes) {
      if (wanted.size() == 2 || model_.snapshots.size() + wanted.size() >= 7 || random_() % 2 == 0 ||
          volume.existence != Existence::kYes || volume.failed)
        continue;
      const NewLayer top = new_layer(next_id_, volume.encrypted);
      wanted.push_back({snapshot_id(next_id_++), id, top});
      if (volume.encrypted) keys.push_back(key_of(top.layer_id));
    }
    if (wanted.empty()) return;
    std::vector<std::string> tops;
    for (const NewSnapshot& one : wanted) {
      if (const auto volume = store_->information(one.volume_id)) tops.push_back(volume->layer_id);
      const ModelVolume& volume = model_.volumes[one.volume_id];
      model_.snapshots[one.snapshot_id] = {volume.size,       volume.encrypted, false,
                                           Existence::kMaybe, one.volume_id,    volume.contents};
    }
    const bool made =
        succeeded(store_->create_snapshots(wanted, keys), "snapshot of " + wanted.front().volume_id);
    for (const NewSnapshot& one : wanted) {
      if (made) model_.snapshots[one.snapshot_id].existence = Existence::kYes;
      if (!made && !disk_.power_is_off()) model_.snapshots.erase(one.snapshot_id);
    }
    note_failures();
    if (made && on_sealed)
      for (const std::string& top : tops) on_sealed(top);
  }

  void complete() {
    const auto at = any_snapshot();
    if (at == model_.snapshots.end() || at->second.volume_id.empty()) return;
    if (!succeeded(store_->complete_snapshot(at->first), "complete " + at->first)) return note_failures();
    at->second.complete = true;
    at->second.contents.acknowledge(at->second.contents.now());
  }

  void remove_snapshot() {
    const auto at = any_snapshot();
    if (at == model_.snapshots.end() || (model_.snapshots.size() < 3 && random_() % 2 == 0)) return;
    at->second.existence = Existence::kMaybe;
    const Status status = store_->remove_snapshot(at->first);
    if (succeeded(status, "unsnapshot " + at->first)) model_.snapshots.erase(at);
  }

  void create() {
    if (model_.volumes.size() >= 4) return;
    const std::string id = volume_id(next_id_);
    ModelVolume volume;
    volume.size = kTreeVolumeSize;
    volume.encrypted = random_() % 4 != 0;
    volume.existence = Existence::kMaybe;
    NewVolume wanted{id, volume.size, {}, {}, random_() % 2 == 0};
    const auto base = any_snapshot();
    if (base != model_.snapshots.end() && base->second.complete && random_() % 4 != 0) {
      volume.size = wanted.size_bytes = base->second.size + (random_() % 4 == 0 ? 1 << 20 : 0);
      volume.encrypted = volume.encrypted || base->second.encrypted;
      volume.contents = base->second.contents;
      wanted.snapshot_id = base->first;
    }
    volume.wanted_size = volume.size;
    wanted.layer = new_layer(next_id_++, volume.encrypted);
    model_.volumes[id] = std::move(volume);
    if (succeeded(store_->create(wanted), "create " + id))
      model_.volumes[id].existence = Existence::kYes;
    else if (!disk_.power_is_off())
      model_.volumes.erase(id);
  }

  void remove() {
    if (model_.volumes.size() < 2) return;
    const auto at = any(model_.volumes);
    jobs_.clear();
    if (at->second.device && !at->second.failed) {
      if (!succeeded(at->second.device->flush(), "flush " + at->first)) return after_failure(at);
      acknowledge_all(at);
    }
    at->second.device.reset();
    at->second.existence = Existence::kMaybe;
    if (succeeded(store_->remove(at->first), "remove " + at->first)) model_.volumes.erase(at);
  }

  void copy() {
    const auto source = any_snapshot();
    if (source == model_.snapshots.end() || !source->second.complete || model_.snapshots.size() >= 7) return;
    const bool encrypted = source->second.encrypted || random_() % 2 == 0;
    const std::string id = snapshot_id(next_id_);
    model_.snapshots[id] = {source->second.size, encrypted, false,
                            Existence::kMaybe,   {},        source->second.contents};
    const NewDetachedSnapshot wanted{
        id, source->second.size, new_layer(next_id_++, encrypted), source->first, {}};
    if (succeeded(store_->create_detached_snapshot(wanted), "copy " + id))
      model_.snapshots[id].existence = Existence::kYes;
    else if (!disk_.power_is_off())
      model_.snapshots.erase(id);
  }

  void rekey() {
    if (model_.volumes.empty()) return;
    const auto at = any(model_.volumes);
    if (at->second.existence != Existence::kYes || at->second.failed) return;
    at->second.encrypted = true;
    const NewLayer layer = new_layer(next_id_++, true);
    const auto before = store_->information(at->first);
    const Status status = store_->rekey(at->first, layer, keys_of({layer}));
    if (!succeeded(status, "rekey " + at->first) && !disk_.power_is_off() && before)
      at->second.encrypted = before->encrypted;
    if (status && before && on_sealed) on_sealed(before->layer_id);
  }

  void grow() {
    if (model_.volumes.empty()) return;
    const auto at = any(model_.volumes);
    ModelVolume& volume = at->second;
    if (volume.existence != Existence::kYes || volume.failed || volume.size > (72 << 20)) return;
    volume.wanted_size = volume.size + (1 << 20);
    const Status status = store_->grow(at->first, volume.wanted_size);
    if (succeeded(status, "grow " + at->first))
      volume.size = volume.wanted_size;
    else
      volume.failed = true;  // its record may have grown and the open volume not
    if (status && volume.device && volume.device->size() != volume.size) fail("an open volume did not grow");
  }

  // Flushed first, as a detachment does.
  void reopen() {
    const auto at = any_open_volume();
    if (at == model_.volumes.end()) return;
    if (!succeeded(at->second.device->flush(), "flush " + at->first)) return after_failure(at);
    acknowledge_all(at);
    at->second.device.reset();
    open(at->first, at->second);
  }

  // A step of some job, newly opened or one of those under way.
  void job() {
    if (jobs_.size() < 3) {
      const auto pending = store_->pending_jobs();
      if (!pending.empty()) {
        const std::string subject = pending[random_() % pending.size()].subject_id;
        const JobLimits limits{uint64_t{4096} << random_() % 5, uint64_t{4096} << random_() % 6};
        auto opened = store_->open_job(subject, keys_for(*store_, subject), limits);
        if (opened)
          jobs_.push_back(std::move(*opened));
        else if (opened.error().kind != ErrorKind::kConflict)
          succeeded(tl::unexpected(opened.error()), "job on " + subject);
      }
    }
    if (jobs_.empty()) return;
    const auto at = jobs_.begin() + static_cast<std::ptrdiff_t>(random_() % jobs_.size());
    for (uint64_t steps = 1 + random_() % 6; steps > 0; --steps) {
      const auto progress = (*at)->step();
      if (!succeeded(progress ? Status() : tl::unexpected(progress.error()), "step")) {
        return note_failures();
      }
      if (progress->done) {
        ++done_["finish"];
        jobs_.erase(at);
        return;
      }
    }
    if (random_() % 16 == 0) jobs_.erase(at);  // cancelled
  }
  void note_failures() {
    for (auto& [id, volume] : model_.volumes)
      if (volume.device && !volume.device->failure().empty()) volume.failed = true;
  }

  void check_snapshot(const std::string& id, ModelSnapshot& snapshot, bool after_crash) {
    const auto access = store_->open_snapshot(id, keys_for(*store_, id));
    if (!access && access.error().kind == ErrorKind::kConflict && snapshot.volume_id.empty())
      return;  // a copy
    if (!succeeded(access ? Status() : tl::unexpected(access.error()), "access " + id)) return;
    if ((*access)->size() != snapshot.size) return fail("snapshot " + id + " has another size");
    check(id, snapshot.contents, snapshot.size, after_crash,
          [&](uint64_t offset, MutableByteView out) { return (*access)->read(offset, out); });
  }

  void check(const std::string& id, ExpectedContents& contents, uint64_t size, bool after_crash,
             const std::function<Status(uint64_t, MutableByteView)>& read, bool settled = true) {
    for (const TreeWindow& window : kTreeWindows) {
      if (window.offset + window.length > size) continue;
      Bytes got(window.length);
      if (!succeeded(read(window.offset, got), "read " + id)) return;
      const std::string wrong = after_crash ? contents.check_after_crash(window.offset, got)
                                            : contents.check_newest(window.offset, got);
      if (!wrong.empty()) return fail(id + ": " + wrong);
      if (after_crash) contents.observe(window.offset, got, settled);
    }
  }

  std::mt19937_64 random_;
  SimulatedDisk& disk_;
  VolumeStore* store_ = nullptr;
  TreeModel model_;
  std::vector<std::unique_ptr<Job>> jobs_;
  uint64_t next_id_ = 1;
  std::map<std::string, uint64_t> done_;
  std::string failure_;
};

}  // namespace coffer::volume
