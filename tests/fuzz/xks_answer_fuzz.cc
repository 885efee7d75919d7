// SPDX-License-Identifier: Apache-2.0
// Covers what an external key store's proxy answers, and the blob that is made of it. Claims: whatever comes
// in is read or refused; an encryption that is believed has the sizes and the integrity value that were
// asked for; a blob that parses is the one encoding of its parts.

// Links: coffer_xks
#include <algorithm>

#include "format/external_blob.h"
#include "tests/fuzz/check.h"
#include "xks/messages.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace coffer;
  const ByteView input(data, size);
  if (const auto blob = format::parse_external_blob(input))
    FUZZ_CHECK(std::ranges::equal(format::encode(*blob), input));
  if (size < 2) return 0;
  // The first byte says which answer it is and with which status, the second how long a plaintext was sent.
  const int status = (data[0] & 1) != 0 ? 200 : 400;
  const size_t expected = data[1];
  const std::string_view body = as_text(input.subspan(2));
  (void)xks::parse_health(status, body);
  (void)xks::parse_key_metadata(status, body);
  if (const auto plaintext = xks::parse_decrypted(status, body, expected))
    FUZZ_CHECK(status == 200 && plaintext->size() == expected);
  const Bytes associated_data = to_bytes(as_bytes("project=nile,department=marketing"));
  if (const auto sealed = xks::parse_encrypted(status, body, associated_data, expected)) {
    FUZZ_CHECK(status == 200 && sealed->ciphertext.size() == expected && format::is_well_formed(*sealed));
    format::ExternalBlob blob;
    blob.sealed = *sealed;
    const auto parsed = format::parse_external_blob(format::encode(blob));
    FUZZ_CHECK(parsed && parsed->sealed.tag == sealed->tag && parsed->sealed.iv == sealed->iv);
  }
  return 0;
}
