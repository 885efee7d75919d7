// SPDX-License-Identifier: Apache-2.0
// Copies a snapshot into a layer of its own: decrypts under the source's keys, encrypts under the new one,
// and reads back what it wrote: the CRC-32C of each piece's plaintext must be what was read from the source.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "secret/plaintext_buffer.h"
#include "volume/chain.h"
#include "volume/job.h"

namespace coffer::volume {

class VolumeStore;

class CopyJob final : public Job {
 public:
  // `layers`: the ids of the target and the source's chain, released at the end.
  CopyJob(VolumeStore& store, std::string snapshot_id, std::shared_ptr<Layer> target,
          std::shared_ptr<const Chain> source, std::vector<std::string> layers, JobLimits limits)
      : store_(store),
        snapshot_id_(std::move(snapshot_id)),
        target_(std::move(target)),
        source_(std::move(source)),
        layers_(std::move(layers)),
        limits_(limits) {}
  ~CopyJob() override;

  Result<Progress> step() override;

 private:
  struct Piece {
    SectorRange range;
    uint32_t checksum = 0;  // of the plaintext
  };

  static uint64_t stop_of(const std::vector<Piece>& pieces);
  Status copy_run(SectorRange range);
  Status copy_piece(SectorRange range);
  Status verify();

  VolumeStore& store_;
  const std::string snapshot_id_;
  const std::shared_ptr<Layer> target_;
  const std::shared_ptr<const Chain> source_;
  const std::vector<std::string> layers_;
  const JobLimits limits_;
  uint64_t sector_ = 0;    // everything before it is done
  uint64_t doubtful_ = 0;  // what was written before this sector by a step that failed is not verified
  uint64_t unsaved_ = 0;   // bytes copied since the last flush
  std::vector<Piece> unverified_;              // written in this step
  secret::PlaintextBuffer buffer_{kJobPiece};  // of the step
};

}  // namespace coffer::volume
