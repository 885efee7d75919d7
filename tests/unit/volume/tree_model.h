// SPDX-License-Identifier: Apache-2.0
// What the crash tests of the whole store expect to find: volumes and snapshots with their contents, and
// which of them may be there or not.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "tests/unit/volume/expected_contents.h"
#include "volume/volume_store.h"

namespace coffer::volume {

// kMaybe: what made it, or deleted it, was not acknowledged.
enum class Existence { kYes, kMaybe };

struct ModelVolume {
  uint64_t size = 0, wanted_size = 0;  // wanted: growing to it was not acknowledged
  bool encrypted = false;
  bool failed = false;  // a flush failed: it takes no more writes until the next start
  Existence existence = Existence::kYes;
  ExpectedContents contents;
  std::shared_ptr<Volume> device;  // while it is open
};

struct ModelSnapshot {
  uint64_t size = 0;
  bool encrypted = false;
  bool complete = false;  // acknowledged
  Existence existence = Existence::kYes;
  std::string volume_id;  // whose snapshot it is; empty: a copy
  ExpectedContents contents;
};

struct TreeModel {
  std::map<std::string, ModelVolume> volumes;
  std::map<std::string, ModelSnapshot> snapshots;
};

struct TreeWindow {
  uint64_t offset = 0, length = 0;
};

// The parts of a volume that the workload touches: its start, the edge between two chunks, that between two
// pages of the state map, its first end, and where it may grow to.
inline constexpr uint64_t kTreeVolumeSize = 65 << 20;
inline constexpr TreeWindow kTreeWindows[] = {{0, 24 << 10},
                                              {(1 << 20) - (8 << 10), 16 << 10},
                                              {(64 << 20) - (8 << 10), 16 << 10},
                                              {(65 << 20) - (8 << 10), 8 << 10},
                                              {65 << 20, 8 << 10}};

}  // namespace coffer::volume
