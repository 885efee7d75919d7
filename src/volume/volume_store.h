// SPDX-License-Identifier: Apache-2.0
// The volumes and snapshots of a host's data folder: ROOT/vol-…/volume, ROOT/snap-…/snapshot and the layers
// that they hold, ROOT/layer-…/ (docs/format/manifest.md). A manifest is the commit point of everything: it
// is written last at creation and erased first at deletion. Layers that nobody needs are erased, keys first,
// by the call that makes them so, or at the next start.
//
// A manifest or record that cannot be read makes its volume unusable, and stops all erasing: nobody can know
// what it holds.
//
// Thread-safe. Errors: kNotFound, kConflict, kInvalidArgument, kCorrupt, and the disk's.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/disk.h"
#include "volume/job.h"
#include "volume/layer_store.h"
#include "volume/layer_tree.h"
#include "volume/snapshot_access.h"
#include "volume/volume.h"

namespace coffer::volume {

inline constexpr uint64_t kLargestVolume = uint64_t{64} << 40;

struct NewVolume {
  std::string volume_id;    // "vol-" + hex digits
  uint64_t size_bytes = 0;  // a multiple of 4096, at most kLargestVolume, at least the snapshot's
  NewLayer layer;
  std::string snapshot_id;   // the base; empty: an empty volume
  bool independent = false;  // to be filled from the base, until it needs none
};

struct NewSnapshot {
  std::string snapshot_id;  // "snap-" + hex digits
  std::string volume_id;
  NewLayer new_top;  // the volume's next top layer; the present one becomes the snapshot
};

// One that is not made of a volume.
struct NewDetachedSnapshot {
  std::string snapshot_id;
  uint64_t size_bytes = 0;
  NewLayer layer;
  std::string source_snapshot_id;  // a copy of that one, made by a job
  std::string parent_snapshot_id;  // a written one: what is not written comes from there
};

struct VolumeInformation {
  uint64_t size_bytes = 0;
  bool encrypted = false;  // its top layer
  std::string layer_id;
};

struct SnapshotState {
  std::string snapshot_id;
  uint64_t size_bytes = 0;
  bool complete = false;
};

// A volume, a snapshot or a layer, with what it stands on.
struct StoredNode {
  std::string id;            // "vol-…", "snap-…", "layer-…"
  std::string below;         // its layer, or the layer below it; empty: nothing
  NewLayer key;              // of a layer: its wrapped key, if it is encrypted
  bool independent = false;  // of a layer: it is being filled, until it needs nothing below
};

struct PendingJob {
  std::string subject_id;  // copy: the new snapshot; lift: the layer that is filled
  JobKind kind = JobKind::kCopy;
  std::string volume_id;  // lift: the volume whose top it is, if any
  uint64_t total_bytes = 0;
};

class VolumeStore {
 public:
  // Makes `root` if it is not there; brings older folders to today's form; erases what was left half made.
  // `disk` outlives the store. `host_id` is written into the headers of what this host takes over.
  static Result<std::unique_ptr<VolumeStore>> open_store(Disk& disk, const std::string& root,
                                                         std::string host_id);
  VolumeStore(std::unique_ptr<store::Store> store, std::string host_id);
  ~VolumeStore();

  // volumes.cc. Durable when they return. Creating the same volume with the same layer again succeeds; with
  // another it is kConflict.
  Status create(const NewVolume& volume);
  // Crypto-erase. Works on a full disk. Absent is no error. The volume must not be open.
  Status remove(const std::string& volume_id);
  Result<std::vector<std::string>> list();
  Result<VolumeInformation> information(const std::string& volume_id);
  // Opens for reading and writing; one that is open already is given again. kInvalidArgument when the key of
  // an encrypted layer is missing.
  Result<std::shared_ptr<Volume>> open(const std::string& volume_id, const LayerKeys& keys);
  // Also while it is open. The same size again succeeds; kInvalidArgument for a smaller one.
  Status grow(const std::string& volume_id, uint64_t size_bytes);
  // A new, empty top layer on which everything below is lifted. `keys`: the new layer's, if the volume is
  // open.
  Status rekey(const std::string& volume_id, const NewLayer& layer, const LayerKeys& keys);
  // The encrypted layers whose keys opening a volume or a snapshot, or a job on a snapshot or a layer, takes.
  Result<std::vector<NewLayer>> layers_of(const std::string& subject_id);
  // stored_nodes.cc. All there is, by id, from `after` on; at most `most`.
  Result<std::vector<StoredNode>> nodes(const std::string& after, size_t most);
  // Another wrapping of a layer's data key. kConflict when its wrapped key is not (any more) `before`.
  Status replace_wrapped_key(const std::string& layer_id, const Bytes& before, const Bytes& after);

  // snapshots.cc. All at one instant; `keys`: the new tops' of those volumes that are open. They are there
  // when it returns, and complete_snapshot() makes what the volumes had not flushed durable. Repeating it
  // with the same ids succeeds if all or none were made.
  Status create_snapshots(const std::vector<NewSnapshot>& snapshots, const LayerKeys& keys);
  Status create_detached_snapshot(const NewDetachedSnapshot& snapshot);
  Status complete_snapshot(const std::string& snapshot_id);  // kConflict for a copy that is not done
  Status remove_snapshot(const std::string& snapshot_id);    // works on a full disk; absent is no error
  Result<std::vector<SnapshotState>> snapshots();
  // Blocks of 512 KiB from `first` on that hold data (`base` empty), or that may differ from the snapshot
  // `base`; at most `most` (> 0) of them. Needs no keys.
  Result<std::vector<uint32_t>> list_blocks(const std::string& snapshot_id, const std::string& base,
                                            uint32_t first, uint32_t most);
  Result<std::shared_ptr<SnapshotAccess>> open_snapshot(const std::string& snapshot_id,
                                                        const LayerKeys& keys);

  // jobs.cc
  std::vector<PendingJob> pending_jobs();
  // Is all that the job needs unlocked already?
  bool keys_at_hand(const std::string& subject_id);
  // kConflict while a job holds one of its layers; kNotFound when there is nothing to do (any more).
  Result<std::unique_ptr<Job>> open_job(const std::string& subject_id, const LayerKeys& keys,
                                        JobLimits limits = {});

 private:
  friend class LiftJob;
  friend class CopyJob;
  using Lock = std::lock_guard<std::mutex>;

  // opening.cc
  Status load();
  Status load_volume(const std::string& folder);
  Status load_first_form(const std::string& folder);
  Status load_snapshot(const std::string& folder);
  Status load_layer(const std::string& folder);
  Status erase_layers_without_record(const std::vector<std::string>& folders);
  Status drop_uncommitted_snapshots();

  // What follows is called with the mutex held.
  Result<format::VolumeManifest> find_volume(const std::string& volume_id) const;
  Result<format::SnapshotManifest> find_snapshot(const std::string& snapshot_id) const;
  Status create_layer(const NewLayer& layer, uint64_t size_bytes, const std::string& parent_id,
                      bool independent);
  Result<std::vector<std::shared_ptr<Layer>>> open_chain(const std::string& layer_id, const LayerKeys& keys,
                                                         bool unlock = true);
  Result<std::vector<std::string>> layers_needed(const std::string& subject_id) const;
  // Each writes a document and then the tree. Where the writing fails, the disk may have it all the same (a
  // rename that could not be made durable): settle() then writes what the tree says.
  Status set_top(const std::string& volume_id, const std::string& layer_id);
  Status put(const format::SnapshotManifest& manifest);
  Status put(const format::LayerRecord& record);
  Status written(const std::string& folder, Status status);
  struct Document {
    const char* name;
    Bytes contents;
  };
  std::optional<Document> what_the_tree_says(const std::string& folder) const;
  bool is_as_the_tree_says(const std::string& folder);
  Status settle();
  Status write_what_the_tree_says(const std::string& folder);
  // kCorrupt when some layer may be needed by what cannot be read.
  Status check_all_is_known() const;
  std::vector<LayerTree::Lift> lifts() const;
  Result<std::shared_ptr<Layer>> open_new_top(const NewLayer& layer, const LayerKeys& keys,
                                              const Volume& volume);
  std::shared_ptr<Volume> find_open(const std::string& volume_id);
  // Of create_snapshots: an open volume and the chain that it is to get; no volume where it is not open.
  struct Switch {
    std::shared_ptr<Volume> volume;
    std::shared_ptr<const Chain> chain;
  };
  Result<size_t> check_new_snapshots(const std::vector<NewSnapshot>& snapshots) const;
  Result<Switch> prepare_snapshot(const NewSnapshot& wanted, const LayerKeys& keys);
  void take_back(const std::vector<NewSnapshot>& snapshots);
  Status erase_unneeded();
  // Gives everything that reads through `layer_id` the chain that the tree says now, and waits for who reads
  // through the old one.
  void refresh_readers_of(const std::string& layer_id);
  std::shared_ptr<const Chain> chain_now(const Chain& old) const;

  // For jobs.
  Status finish_lift(const std::string& layer_id, const std::string& parent_id, bool from_all);
  void let_go_of(const std::string& layer_id);
  Status finish_copy(const std::string& snapshot_id);
  void release(const std::vector<std::string>& layers);

  const std::unique_ptr<store::Store> store_;
  std::mutex mutex_;  // what follows
  LayerStore layers_;
  LayerTree tree_;
  std::map<std::string, Error> unreadable_;  // folders whose documents are damaged, or of a later release
  std::set<std::string> unsettled_;          // folders whose document may not be what the tree says
  std::map<std::string, std::weak_ptr<Volume>> open_volumes_;
  std::vector<std::weak_ptr<SnapshotAccess>> open_snapshots_;
  std::set<std::string> unerased_;  // layers that are lifted, though not all below them could be erased
  std::set<std::string> busy_;      // layers that a job works on or reads from
};

}  // namespace coffer::volume
