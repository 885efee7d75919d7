// SPDX-License-Identifier: Apache-2.0
// Links: coffer_keys
// Covers what is read about keys in PKCS#11 tokens: the blob's second version, what a backing-key token says
// of an object, the list of clusters, a certificate in PEM, the requests to keyd and to a key store's
// process, and that process's replies. What is read is written again as the same bytes, and nothing opens
// without a token.
#include <algorithm>
#include <cstdint>

#include "format/key_id.h"
#include "format/keyd_hsm_protocol.h"
#include "keys/hsm_encryption.h"
#include "keys/sealer_client.h"
#include "keys/slow_lane.h"
#include "tests/fuzz/check.h"

namespace {

using namespace coffer;
namespace protocol = format::keyd;

void check_blob(ByteView input) {
  static keys::HsmStores none(system_disk(), "/nonexistent", []() -> Result<FileDescriptor> {
    return fail(ErrorKind::kUnavailable, "none");
  });
  const auto blob = format::parse_hsm_blob(input);
  const auto claim = format::claim_of_blob(input);
  if (!blob) return;
  FUZZ_CHECK(std::ranges::equal(format::encode(blob->header), blob->header_bytes));
  FUZZ_CHECK(blob->header_bytes.size() + blob->iv.size() + blob->sealed.size() == input.size());
  FUZZ_CHECK(claim && claim->key_id == blob->header.key_id);
  const keys::BlobKey key{format::key_id_text(blob->header.key_id), blob->header.backing_key_version};
  FUZZ_CHECK(
      !keys::open_hsm_blob(none, {"cks-1", blob->header.object_id}, key, blob->header.blob_class, {}, input));
}

template <class Parsed>
void check_whole(const Result<Parsed>& parsed, ByteView input) {
  if (parsed) FUZZ_CHECK(std::ranges::equal(format::encode(*parsed), input));
}

// A list of the first version is written as one of the second.
void check_clusters(ByteView input) {
  const auto clusters = format::parse_hsm_clusters(input);
  if (!clusters) return;
  const auto again = format::parse_hsm_clusters(format::encode(*clusters));
  FUZZ_CHECK(again && *again == *clusters);
  constexpr size_t kVersionAt = 8;
  if (input[kVersionAt] != 1) check_whole(clusters, input);
}

template <class Body>
void check_body(ByteView input) {
  const auto body = protocol::parse_body<Body>(input);
  if (!body) return;
  format::Writer writer;
  body->write(writer);
  FUZZ_CHECK(std::ranges::equal(writer.bytes(), input));
}

void check_messages(ByteView input) {
  check_body<protocol::DescribeHsmCluster>(input);
  check_body<protocol::HsmClusterReply>(input);
  check_body<protocol::ConnectHsm>(input);
  check_body<protocol::HsmLoginReply>(input);
  check_body<protocol::CreateHsmKey>(input);
  check_body<protocol::HsmKeyReply>(input);
  check_body<protocol::DestroyHsmKey>(input);
  check_body<protocol::GenerateHsmRandom>(input);
  (void)keys::speed_of(input);
  if (const auto message = format::sealer::parse_hsm_message(input))
    FUZZ_CHECK(std::ranges::equal(format::sealer::encode_hsm_message(*message), input));
  if (const auto wanted = format::sealer::parse_hsm_generate(input))
    FUZZ_CHECK(std::ranges::equal(format::sealer::encode(*wanted), input));
  (void)keys::parse_sealer_reply(input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView input(data, size);
  check_blob(input);
  check_whole(format::parse_hsm_object(input), input);
  check_clusters(input);
  check_whole(format::parse_hsm_location(input), input);
  (void)format::certificate_in_pem(as_text(input));
  check_messages(input);
  return 0;
}
