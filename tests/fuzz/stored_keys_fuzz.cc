// SPDX-License-Identifier: Apache-2.0
// Links: coffer_keys
// Covers what keyd reads back from storage that others keep: the ciphertext blob, the token of either
// version, the import token, the wrapped secret, the sealed domain keys and what they hold, the seal's key
// file, the contents of a volume key box. A header that is read is written again as the same bytes, and
// nothing that was not sealed by us opens.
#include <algorithm>
#include <cstdint>

#include "crypto/random.h"
#include "format/backing_key_token.h"
#include "format/ciphertext_blob.h"
#include "format/import_token.h"
#include "format/key_id.h"
#include "format/seal_parameters.h"
#include "format/sealed_domain_keys.h"
#include "format/sealer_protocol.h"
#include "format/volume_key_box.h"
#include "format/wrapped_secret.h"
#include "keys/data_encryption.h"
#include "keys/key_import.h"
#include "tests/fuzz/check.h"

namespace {

using namespace coffer;

template <class Parsed>
void check_header(const Result<Parsed>& parsed) {
  if (parsed) FUZZ_CHECK(std::ranges::equal(format::encode(parsed->header), parsed->header_bytes));
}

void check_blob(ByteView input) {
  static const secret::SecretBytes backing_key = crypto::random_secret(32);
  const auto blob = format::parse_ciphertext_blob(input);
  check_header(blob);
  if (!blob) return;
  const keys::BlobKey key{format::key_id_text(blob->header.key_id), blob->header.backing_key_version};
  FUZZ_CHECK(!keys::open_blob(backing_key, key, blob->header.blob_class, {}, input));
}

void check_token(ByteView input) {
  static const keys::DomainKeys domain_keys = [] {
    keys::DomainKeys some;
    for (uint32_t version = 0; version < 4; ++version) some.add(version, crypto::random_secret(32));
    return some;
  }();
  const auto token = format::parse_backing_key_token(input);
  check_header(token);
  if (token)
    FUZZ_CHECK(!keys::open_material(
        domain_keys, {token->header.binding, token->header.backing_key_version, to_bytes(input)}));
  check_header(format::parse_import_token(input));
  FUZZ_CHECK(!keys::open_import(domain_keys, {}, format::KeySpec::kSymmetricDefault, input, {}, {}));
}

template <class Parsed>
void check_whole(const Result<Parsed>& parsed, ByteView input) {
  if (parsed) FUZZ_CHECK(std::ranges::equal(format::encode(*parsed), input));
}

// The parameters of every kind of seal, and what passes between our processes about one.
void check_seals(ByteView input) {
  if (!input.empty()) check_whole(format::parse_key_file_parameters(input), input);
  check_whole(format::parse_passphrase_parameters(input), input);
  check_whole(format::parse_tpm_parameters(input), input);
  check_whole(format::parse_pkcs11_parameters(input), input);
  (void)format::sealer::parse_request(input);
  (void)format::parse_seal_authority(input);
  if (const auto material = format::parse_seal_material(input)) {
    Bytes again(format::seal_material_size(*material));
    format::encode_seal_material(*material, again);
    FUZZ_CHECK(std::ranges::equal(again, input));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ByteView input(data, size);
  check_blob(input);
  check_token(input);
  check_header(format::parse_wrapped_secret(input));
  check_header(format::parse_sealed_domain_keys(input));
  (void)format::parse_domain_keys(input);
  (void)format::parse_seal_key_file(input);
  check_seals(input);
  if (const auto keys = format::parse_boxed_keys(input)) {
    Bytes again(format::boxed_keys_size(*keys));
    format::encode_boxed_keys(*keys, again);
    FUZZ_CHECK(std::ranges::equal(again, input));
  }
  return 0;
}
