// SPDX-License-Identifier: Apache-2.0
// Covers the rows of keys that a continuous backup ships, as apid reads them at the first start after a
// restoration. Claim: what parses is what its rows encode to, so nothing else was in it.

// Links: coffer_catalog
#include "catalog/shipped_keys.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coffer;
  const ByteView input(data, size);
  if (const auto shipped = catalog::parse_shipped_keys(input))
    FUZZ_CHECK(catalog::encode(*shipped) == to_bytes(input));
  return 0;
}
