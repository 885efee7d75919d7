// SPDX-License-Identifier: Apache-2.0
// Links: coffer_control
// Covers the messages between apid and volumed, both directions: whatever is read must be written again as
// the same bytes.
#include <algorithm>
#include <cstdint>

#include "control/messages.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coffer;
  const ByteView input(data, size);
  const auto same = [&](const Result<Bytes>& written) {
    return written && std::equal(written->begin(), written->end(), input.begin(), input.end());
  };
  if (const auto request = control::parse_request(input))
    FUZZ_CHECK(same(control::write_request(request->number, request->request)));
  if (const auto reply = control::parse_reply(input))
    FUZZ_CHECK(same(control::write_reply(reply->number, reply->reply)));
  (void)control::request_number(input);
  return 0;
}
