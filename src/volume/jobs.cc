// SPDX-License-Identifier: Apache-2.0
// The store's background work: what there is to do, and what jobs do to the tree.
#include <algorithm>

#include "base/ids.h"
#include "volume/copy_job.h"
#include "volume/documents.h"
#include "volume/lift_job.h"
#include "volume/volume_store.h"

namespace coffer::volume {

// A merge takes its parent's contents away: not while somebody may hold that who cannot be read.
std::vector<LayerTree::Lift> VolumeStore::lifts() const {
  std::vector<LayerTree::Lift> lifts = tree_.lifts();
  if (!check_all_is_known()) std::erase_if(lifts, [](const auto& lift) { return !lift.from_all; });
  return lifts;
}

std::vector<PendingJob> VolumeStore::pending_jobs() {
  const Lock lock(mutex_);
  std::vector<PendingJob> jobs;
  for (const auto& [id, snapshot] : tree_.snapshots)
    if (!snapshot.source_layer_id.empty())
      if (const auto source = tree_.layers.find(snapshot.source_layer_id); source != tree_.layers.end())
        jobs.push_back({id, JobKind::kCopy, {}, source->second.size_bytes});
  // A lift is not done while the keys of what it replaced are there.
  if (!unerased_.empty() && erase_unneeded()) unerased_.clear();
  for (const std::string& id : unerased_)
    if (const auto layer = tree_.layers.find(id); layer != tree_.layers.end())
      jobs.push_back({id, JobKind::kMerge, tree_.volume_of(id), layer->second.size_bytes});
  for (const LayerTree::Lift& lift : lifts())
    if (!unerased_.contains(lift.layer_id))
      jobs.push_back({lift.layer_id, lift.from_all ? JobKind::kHydrate : JobKind::kMerge,
                      tree_.volume_of(lift.layer_id), tree_.layers.at(lift.layer_id).size_bytes});
  return jobs;
}

// What opening a volume or a snapshot takes, or a job on a snapshot (a copy) or a layer (a lift).
Result<std::vector<std::string>> VolumeStore::layers_needed(const std::string& subject_id) const {
  if (const auto volume = tree_.volumes.find(subject_id); volume != tree_.volumes.end())
    return tree_.chain(volume->second.layer_id);
  if (const auto snapshot = tree_.snapshots.find(subject_id); snapshot != tree_.snapshots.end()) {
    const auto& manifest = snapshot->second;
    if (manifest.source_layer_id.empty()) return tree_.chain(manifest.layer_id);
    COFFER_TRY(ids, tree_.chain(manifest.source_layer_id));
    ids.insert(ids.begin(), manifest.layer_id);
    return ids;
  }
  if (tree_.layers.contains(subject_id)) {
    COFFER_TRY(ids, tree_.chain(subject_id));
    const auto lifts = this->lifts();
    const bool merge = std::ranges::find(lifts, LayerTree::Lift{subject_id, false}) != lifts.end();
    if (merge) ids.resize(2);
    return ids;
  }
  for (const char* kind : {"vol", "snap", "layer"})
    if (is_resource_id(subject_id, kind))
      return fail(ErrorKind::kNotFound, subject_id + " does not exist on this host");
  return fail(ErrorKind::kInvalidArgument, "not an id of a volume, a snapshot or a layer: " + subject_id);
}

bool VolumeStore::keys_at_hand(const std::string& subject_id) {
  const Lock lock(mutex_);
  const auto ids = layers_needed(subject_id);
  return ids && std::ranges::all_of(*ids, [&](const std::string& id) {
           if (tree_.layers.at(id).cipher == format::LayerCipher::kNone) return true;
           const auto layer = layers_.find_open(id);
           return layer && layer->unlocked();
         });
}

Result<std::unique_ptr<Job>> VolumeStore::open_job(const std::string& subject_id, const LayerKeys& keys,
                                                   JobLimits limits) {
  const Lock lock(mutex_);
  COFFER_TRY(ids, layers_needed(subject_id));
  if (unerased_.contains(subject_id)) COFFER_CHECK(erase_unneeded());
  for (const std::string& id : ids)
    if (busy_.contains(id)) return fail(ErrorKind::kConflict, "a job works on layer " + id + " already");
  // After a flush that failed, what reads as done may be gone with the next power cut. A copy begins anew; a
  // lift cannot, as others write to the layer too.
  if (const Status kept = layers_.check_kept(ids.front()); !kept) {
    const auto copy = tree_.snapshots.find(subject_id);
    const bool can_start_over = copy != tree_.snapshots.end() && !copy->second.source_layer_id.empty();
    if (!can_start_over || layers_.find_open(ids.front())) return tl::unexpected(kept.error());
    COFFER_CHECK(layers_.start_over(tree_.layers.at(ids.front())));
  }
  std::vector<std::shared_ptr<Layer>> layers;
  for (const std::string& id : ids) {
    COFFER_TRY(layer, layers_.open_unlocked(tree_.layers.at(id), keys));
    layers.push_back(std::move(layer));
  }
  std::unique_ptr<Job> job;
  if (const auto snapshot = tree_.snapshots.find(subject_id); snapshot != tree_.snapshots.end()) {
    if (snapshot->second.source_layer_id.empty())
      return fail(ErrorKind::kNotFound, "snapshot " + subject_id + " is not waiting to be copied");
    COFFER_CHECK(layers_.take_over(*layers.front(), std::make_shared<RangeLock>()));
    auto target = layers.front();
    layers.erase(layers.begin());
    job = std::make_unique<CopyJob>(*this, subject_id, std::move(target),
                                    std::make_shared<const Chain>(std::move(layers)), ids, limits);
  } else {
    const auto lifts = this->lifts();
    const auto lift = std::ranges::find(lifts, subject_id, &LayerTree::Lift::layer_id);
    if (lift == lifts.end()) return fail(ErrorKind::kNotFound, "nothing is to be lifted into " + subject_id);
    COFFER_CHECK(layers_.take_over(*layers.front(), std::make_shared<RangeLock>()));
    const bool hide = !tree_.layers.at(ids.back()).parent_id.empty();
    job = std::make_unique<LiftJob>(*this, std::make_shared<const Chain>(std::move(layers)), ids,
                                    lift->from_all, hide, limits);
  }
  busy_.insert(ids.begin(), ids.end());
  return job;
}

void VolumeStore::release(const std::vector<std::string>& layers) {
  const Lock lock(mutex_);
  for (const std::string& id : layers) busy_.erase(id);
}

// The layer holds all that the ones below gave it, durably. Its record commits; who reads through the old
// chain is moved to the new one before anything of the old one goes.
Status VolumeStore::finish_lift(const std::string& layer_id, const std::string& parent_id, bool from_all) {
  const Lock lock(mutex_);
  const auto found = tree_.layers.find(layer_id);
  if (found == tree_.layers.end()) return {};  // it was deleted meanwhile
  if (found->second.parent_id == parent_id) {  // else it was finished before, and the erasing failed
    format::LayerRecord record = found->second;
    record.parent_id = from_all ? std::string() : tree_.layers.at(parent_id).parent_id;
    record.independent = record.independent && !from_all;
    COFFER_CHECK(put(record));
    refresh_readers_of(layer_id);
  }
  const Status erased = erase_unneeded();
  if (!erased) unerased_.insert(layer_id);
  return erased;
}

void VolumeStore::let_go_of(const std::string& layer_id) {
  const Lock lock(mutex_);
  refresh_readers_of(layer_id);
}

Status VolumeStore::finish_copy(const std::string& snapshot_id) {
  const Lock lock(mutex_);
  const auto found = tree_.snapshots.find(snapshot_id);
  if (found == tree_.snapshots.end()) return {};  // it was deleted meanwhile
  format::SnapshotManifest manifest = found->second;
  manifest.complete = true;
  manifest.source_layer_id.clear();
  COFFER_CHECK(put(manifest));
  return erase_unneeded();
}

}  // namespace coffer::volume
