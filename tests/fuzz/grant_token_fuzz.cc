// SPDX-License-Identifier: Apache-2.0
// Covers the tokens of grants. Claim: a text that parses is the one text of its token.

// Links: coffer_format
#include "format/grant_token.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coffer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto token = format::parse_grant_token(text)) FUZZ_CHECK(format::encode(*token) == text);
  return 0;
}
