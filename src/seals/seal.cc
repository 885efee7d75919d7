// SPDX-License-Identifier: Apache-2.0
#include "seals/seal.h"

#include <algorithm>

#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "format/ciphertext_blob.h"
#include "format/codec.h"
#include "format/message_key.h"

namespace coffer::seals {
namespace {

constexpr uint8_t kSealedVersion = 1;

// A key never seals under two labels.
std::string_view label_of(format::SealKind kind) {
  switch (kind) {
    case format::SealKind::kKeyFile:
      return "coffer key-file seal v1";
    case format::SealKind::kPassphrase:
      return "coffer passphrase seal v1";
    case format::SealKind::kTpm:
      return "coffer TPM seal v1";
    case format::SealKind::kPkcs11:
      return "coffer PKCS#11 seal v1";
  }
  return "";
}

}  // namespace

Result<Bytes> Seal::seal(const secret::SecretBytes& secret, ByteView associated_data) const {
  format::MessageKeyInputs inputs;
  std::ranges::copy(crypto::random_bytes(inputs.salt.size()), inputs.salt.begin());
  std::ranges::copy(crypto::random_bytes(inputs.iv.size()), inputs.iv.begin());
  const auto message_key = crypto::derive_key(key_, label_of(kind_), inputs.salt, crypto::kAeadKeySize);
  COFFER_TRY(sealed, crypto::aead_seal(message_key, inputs.iv, associated_data, secret));
  format::Writer writer;
  writer.u8(kSealedVersion);
  write(writer, inputs);
  return writer.raw(sealed).take();
}

Result<secret::SecretBytes> Seal::open(ByteView sealed, ByteView associated_data) const {
  format::Reader reader(sealed);
  const uint8_t version = reader.u8();
  const auto inputs = format::read_message_key_inputs(reader);
  if (!reader.ok() || version != kSealedVersion) return tl::unexpected(format::refused_ciphertext());
  const auto message_key = crypto::derive_key(key_, label_of(kind_), inputs.salt, crypto::kAeadKeySize);
  auto opened = crypto::aead_open(message_key, inputs.iv, associated_data, reader.raw(reader.left()));
  if (!opened) return tl::unexpected(format::refused_ciphertext());
  return opened;
}

}  // namespace coffer::seals
