// SPDX-License-Identifier: Apache-2.0
// Fills the first layer of a chain from those below it, while others read and write it. Sectors that are
// absent in it get what the chain reads there; a sector that somebody writes meanwhile is not absent any
// more.
#pragma once
#include <string>
#include <vector>

#include "secret/plaintext_buffer.h"
#include "volume/chain.h"
#include "volume/job.h"

namespace coffer::volume {

class VolumeStore;

class LiftJob final : public Job {
 public:
  // `from_all`: from all of `chain`, and then the layer needs no parent. Otherwise `chain` is the layer and
  // its parent, which is given back piece by piece: `hide` says that there is more below, so that the
  // parent's zeroes count. `layers`: the chain's, released at the end.
  LiftJob(VolumeStore& store, std::shared_ptr<const Chain> chain, std::vector<std::string> layers,
          bool from_all, bool hide, JobLimits limits)
      : store_(store),
        chain_(std::move(chain)),
        layers_(std::move(layers)),
        from_all_(from_all),
        hide_(hide),
        limits_(limits) {}
  ~LiftJob() override;

  Result<Progress> step() override;

 private:
  struct Found {
    Layer* source = nullptr;  // null: nothing to copy
    bool zero = false;        // to be said, as something shows through
    uint64_t count = 0;
  };
  Found find(uint64_t sector, uint64_t limit) const;
  Status lift_chunk(SectorRange range, uint64_t& copied);
  Status copy(Layer& source, SectorRange range);
  Status save();
  Status give_back();
  void give_back_shadowed();
  Result<Progress> finish();

  VolumeStore& store_;
  const std::shared_ptr<const Chain> chain_;
  const std::vector<std::string> layers_;
  const bool from_all_, hide_;
  const JobLimits limits_;
  uint64_t sector_ = 0;  // everything before it is done
  bool shadowed_given_back_ = false;
  uint64_t given_back_ = 0;                    // of the parent, everything before this sector
  uint64_t lifted_ = 0;                        // bytes since it was made durable, and the parent's given back
  secret::PlaintextBuffer buffer_{kJobPiece};  // of the step
};

}  // namespace coffer::volume
