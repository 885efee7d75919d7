// SPDX-License-Identifier: Apache-2.0
// The volume that the tests of this folder work on.
#pragma once
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "crypto/xts.h"
#include "volume/volume_store.h"

namespace coffer::volume {

inline const std::string kVolumeId = "vol-0123456789abcdef0";
inline const std::string kLayerId = "layer-0fedcba9876543210";
inline const std::string kHostId = "i-00000000000000001";

// Not a secret: made for tests.
inline Bytes test_key_bytes() {
  Bytes key(crypto::kXtsKeySize);
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<uint8_t>(i * 7 + 1);
  return key;
}

inline std::vector<LayerKey> test_keys() {
  std::vector<LayerKey> keys;
  keys.push_back({kLayerId, secret::SecretBytes::copy_of(test_key_bytes())});
  return keys;
}

inline NewVolume new_volume(uint64_t size, bool encrypted) {
  NewVolume volume{kVolumeId, size, {kLayerId, std::nullopt, kVolumeId}, {}, false};
  if (encrypted) volume.layer.wrapped_key = to_bytes("wrapped key of the test volume");
  return volume;
}

inline Result<std::shared_ptr<Volume>> open_volume(VolumeStore& store, bool encrypted) {
  return store.open(kVolumeId, encrypted ? test_keys() : std::vector<LayerKey>{});
}

inline Bytes random_contents(std::mt19937_64& random, size_t size) {
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

inline Bytes read_back(BlockDevice& device, uint64_t offset, uint64_t length) {
  Bytes bytes(length, 0xee);
  if (const Status status = device.read(offset, bytes); !status) return to_bytes(status.error().message);
  return bytes;
}

}  // namespace coffer::volume
