// SPDX-License-Identifier: Apache-2.0
// What a seal needs beside its secret, stored in the clear in each copy of the sealed domain keys
// (docs/format/sealed-domain-keys.md), and the secret material as it passes between our processes. Pure and
// bounded; kCorrupt for anything that was not written by encode().
#pragma once
#include <array>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "format/sealed_domain_keys.h"

namespace coffer::format {

struct KeyFileParameters {
  std::string path;  // empty: DIR/seal.key
};

// Argon2id (RFC 9106).
struct PassphraseParameters {
  std::array<uint8_t, 16> salt{};
  uint32_t memory_kib = 0, iterations = 0, lanes = 0;
  std::array<uint8_t, 16> check{};  // tells a wrong passphrase before anything is opened
};
inline constexpr uint32_t kMostArgon2MemoryKib = 4
                                                 << 20;  // 4 GiB: a forged file must not exhaust the machine
inline constexpr uint32_t kMostArgon2Iterations = 64;
inline constexpr uint32_t kMostArgon2Lanes = 64;

Bytes encode(const KeyFileParameters& parameters);
Bytes encode(const PassphraseParameters& parameters);
Result<KeyFileParameters> parse_key_file_parameters(ByteView bytes);
Result<PassphraseParameters> parse_passphrase_parameters(ByteView bytes);

// "key-file", "passphrase", "tpm", "pkcs11": what people call them, also on the command line.
std::string_view name_of(SealKind kind);
std::optional<SealKind> seal_kind_named(std::string_view name);

// A seal with what opens it: the key itself, or the PIN with which the key is had from a token. The secret
// comes last, so that it is written once.
struct SealMaterialView {
  SealKind kind = SealKind::kKeyFile;
  ByteView parameters;
  ByteView secret;  // views into what was parsed
};
size_t seal_material_size(const SealMaterialView& material);
// `out` has seal_material_size() bytes.
void encode_seal_material(const SealMaterialView& material, MutableByteView out);
Result<SealMaterialView> parse_seal_material(ByteView bytes);

// What proves to keyd that a change of the seal comes from somebody who may open DIR/keyd, and not from apid
// that relays it: the file DIR/keyd/seal-authority, made anew at each start of keyd.
inline constexpr size_t kSealAuthorityTokenSize = 32;
inline constexpr size_t kSealAuthoritySize = 8 + 32 + kSealAuthorityTokenSize;
struct SealAuthorityView {
  ByteView public_key;  // X25519; requests are boxed for it
  ByteView token;       // repeated in each request
};
void encode_seal_authority(const SealAuthorityView& authority, MutableByteView out);
Result<SealAuthorityView> parse_seal_authority(ByteView bytes);

// The contents of a boxed request: the token, then seal material.
inline constexpr std::string_view kChangeSealBinding =
    "coffer change of seal v1 ";  // and the sequence number
inline constexpr std::string_view kExportBinding = "coffer export of domain keys v1 ";  // likewise

}  // namespace coffer::format
