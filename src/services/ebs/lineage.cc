// SPDX-License-Identifier: Apache-2.0
#include "services/ebs/lineage.h"

#include "services/ec2/snapshot_lookup.h"

namespace coffer::services::ebs {
namespace {

// The snapshot that this one, or its volume, was made of; empty for none.
Result<std::string> origin_of(catalog::Transaction& transaction, const catalog::Snapshot& snapshot) {
  if (snapshot.volume_id == ec2::kNoVolumeId) return snapshot.parent_snapshot_id;
  COFFER_TRY(volume, transaction.volume(snapshot.volume_id));
  return volume ? volume->snapshot_id : std::string();
}

// The oldest that is known: a volume's id or a snapshot's. What the rows of deleted ones would tell is lost.
Result<std::string> root_of(catalog::Transaction& transaction, catalog::Snapshot snapshot) {
  constexpr int kLongestLineage = 100'000;  // rows are no loop; this is against a catalog that is
  for (int steps = 0; steps < kLongestLineage; ++steps) {
    COFFER_TRY(origin, origin_of(transaction, snapshot));
    if (origin.empty()) return snapshot.volume_id == ec2::kNoVolumeId ? snapshot.id : snapshot.volume_id;
    COFFER_TRY(row, transaction.snapshot(origin));
    if (!row) return origin;
    snapshot = std::move(*row);
  }
  return fail(ErrorKind::kCorrupt, "catalog: a snapshot descends from itself");
}

}  // namespace

Result<bool> are_related(catalog::Transaction& transaction, const catalog::Snapshot& one,
                         const catalog::Snapshot& other) {
  if (one.id == other.id) return true;
  if (one.volume_id == other.volume_id && one.volume_id != ec2::kNoVolumeId) return true;
  COFFER_TRY(root, root_of(transaction, one));
  COFFER_TRY(other_root, root_of(transaction, other));
  return root == other_root;
}

}  // namespace coffer::services::ebs
