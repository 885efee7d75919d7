// SPDX-License-Identifier: Apache-2.0
// Links: coffer_format
// Covers the files of a volume: manifests, layer record, key and header, and pages of the state map. What is
// read must be written again as the same bytes, and a page that is accepted holds only states that exist.
#include <algorithm>
#include <cstdint>

#include "format/layer_header.h"
#include "format/manifest.h"
#include "format/state_map.h"
#include "format/volume_manifest_v1.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coffer;
  const ByteView input(data, size);
  const auto same = [&](const Bytes& written) {
    return std::equal(written.begin(), written.end(), input.begin(), input.end());
  };
  if (const auto manifest = format::parse_manifest_v1(input))
    FUZZ_CHECK(same(format::write_manifest_v1(*manifest)));
  if (const auto manifest = format::parse_volume_manifest(input))
    FUZZ_CHECK(same(format::write_volume_manifest(*manifest)));
  if (const auto manifest = format::parse_snapshot_manifest(input))
    FUZZ_CHECK(same(format::write_snapshot_manifest(*manifest)));
  if (const auto record = format::parse_layer_record(input))
    FUZZ_CHECK(same(format::write_layer_record(*record)));
  if (const auto key = format::parse_layer_key(input)) FUZZ_CHECK(same(format::write_layer_key(*key)));
  if (const auto header = format::parse_layer_header(input))
    FUZZ_CHECK(same(format::write_layer_header(*header)));
  if (format::check_map_page(input, format::kSectorsPerMapPage / 2))
    for (uint64_t sector = 0; sector < format::kSectorsPerMapPage; ++sector)
      FUZZ_CHECK(format::state_in(input, sector) <= format::SectorState::kZero);
  return 0;
}
