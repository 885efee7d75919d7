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

// TPM 2.0 (TCG TPM 2.0 Library, part 2). The two blobs are TPM2B_PUBLIC and TPM2B_PRIVATE; empty in a request
// for a new seal.
struct TpmParameters {
  std::string tcti;             // tpm2-tss's words for how the TPM is reached; empty: its own default
  uint32_t pcrs = 0;            // bit n: PCR n of the SHA-256 bank
  uint32_t nv_index = 0;        // of the counter against rollback
  uint64_t counter_offset = 0;  // counter = sequence number + offset, modulo 2^64
  Bytes public_blob, private_blob;
};

// PKCS#11: a key pair in a token, and the seal's key under it (RSA-OAEP, SHA-1). `wrapped` is empty in a
// request for a new seal.
struct Pkcs11Parameters {
  std::string module;     // path of the vendor's library
  std::string token;      // its label
  std::string key_label;  // of both halves of the pair
  Bytes wrapped;
};

Bytes encode(const TpmParameters& parameters);
Bytes encode(const Pkcs11Parameters& parameters);
Result<TpmParameters> parse_tpm_parameters(ByteView bytes);
Result<Pkcs11Parameters> parse_pkcs11_parameters(ByteView bytes);
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
