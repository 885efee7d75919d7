// SPDX-License-Identifier: Apache-2.0
// Volumes, snapshots and layers by number, and their keys, for tests of the whole store.
#pragma once
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/unit/volume/test_volume.h"

namespace coffer::volume {

inline std::string volume_id(uint64_t number) {
  return fmt::format("vol-{:017x}", number);
}
inline std::string snapshot_id(uint64_t number) {
  return fmt::format("snap-{:017x}", number);
}
inline std::string layer_id(uint64_t number) {
  return fmt::format("layer-{:017x}", number);
}

// One of its own for each layer. Not a secret: made for tests.
inline LayerKey key_of(const std::string& layer_id) {
  Bytes key(crypto::kXtsKeySize);
  uint64_t state = std::hash<std::string>()(layer_id);
  for (uint8_t& byte : key) {
    state = state * 6364136223846793005 + 1442695040888963407;
    byte = static_cast<uint8_t>(state >> 56);
  }
  return {layer_id, secret::SecretBytes::copy_of(key)};
}

inline Bytes wrapped_key_of(const std::string& layer_id) {
  return to_bytes("the wrapped key of " + layer_id);
}

inline NewLayer new_layer(uint64_t number, bool encrypted) {
  NewLayer layer{layer_id(number), std::nullopt, {}};
  if (encrypted) {
    layer.wrapped_key = wrapped_key_of(layer.layer_id);
    layer.key_context = "vol-of-" + layer.layer_id;
  }
  return layer;
}

inline LayerKeys keys_of(const std::vector<NewLayer>& layers) {
  LayerKeys keys;
  for (const NewLayer& layer : layers)
    if (layer.wrapped_key) keys.push_back(key_of(layer.layer_id));
  return keys;
}

// What opening it takes.
inline LayerKeys keys_for(VolumeStore& store, const std::string& subject_id) {
  const auto layers = store.layers_of(subject_id);
  return layers ? keys_of(*layers) : LayerKeys();
}

inline Status run_job(VolumeStore& store, const std::string& subject_id, JobLimits limits = {}) {
  COFFER_TRY(job, store.open_job(subject_id, keys_for(store, subject_id), limits));
  for (;;) {
    COFFER_TRY(progress, job->step());
    if (progress.done) return {};
  }
}

// All background work, until there is none.
inline Status run_jobs(VolumeStore& store, JobLimits limits = {}) {
  for (auto pending = store.pending_jobs(); !pending.empty(); pending = store.pending_jobs())
    COFFER_CHECK(run_job(store, pending.front().subject_id, limits));
  return {};
}

}  // namespace coffer::volume
