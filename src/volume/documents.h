// SPDX-License-Identifier: Apache-2.0
// The names of the documents in a volume's, snapshot's or layer's folder.
#pragma once
#include <algorithm>
#include <optional>
#include <string>

#include "store/store.h"

namespace coffer::volume {

inline constexpr const char* kVolumeDocument = "volume";
inline constexpr const char* kSnapshotDocument = "snapshot";
inline constexpr const char* kLayerRecord = "record";
inline constexpr const char* kFirstManifest = "manifest";  // of the first data folders

// Nothing when it is absent, or when it is all zeros: its erasure was cut short.
inline Result<std::optional<Bytes>> read_if_there(store::Store& store, const std::string& folder,
                                                  const std::string& name) {
  auto document = store.read_document(folder, name);
  if (!document && document.error().kind != ErrorKind::kNotFound) return tl::unexpected(document.error());
  if (!document || std::ranges::all_of(*document, [](uint8_t byte) { return byte == 0; }))
    return std::nullopt;
  return std::move(*document);
}

}  // namespace coffer::volume
