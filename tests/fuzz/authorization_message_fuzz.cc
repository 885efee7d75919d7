// SPDX-License-Identifier: Apache-2.0
// Covers the envelope of encoded authorization messages. Claim: a text that parses is the one text of its
// message.

// Links: coffer_format
#include "format/authorization_message.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coffer;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto message = format::parse_authorization_message(text))
    FUZZ_CHECK(format::encode(*message) == text);
  return 0;
}
