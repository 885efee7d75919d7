// SPDX-License-Identifier: Apache-2.0
#include "format/seal_parameters.h"

#include <algorithm>

#include "format/codec.h"

namespace coffer::format {
namespace {

constexpr uint8_t kVersion = 1;
constexpr size_t kLongestPath = 4096;
constexpr size_t kLongestSecret = 4096;
constexpr std::string_view kAuthorityMagic = "COFFERSA";

tl::unexpected<Error> damaged() {
  return fail(ErrorKind::kCorrupt, "the seal's parameters are damaged");
}

template <size_t N>
void take(Reader& reader, std::array<uint8_t, N>& out) {
  const ByteView bytes = reader.raw(N);
  if (reader.ok()) std::ranges::copy(bytes, out.begin());
}

bool within(uint32_t value, uint32_t most) {
  return value >= 1 && value <= most;
}

}  // namespace

Bytes encode(const KeyFileParameters& parameters) {
  return Writer().u8(kVersion).field(parameters.path).take();
}

Result<KeyFileParameters> parse_key_file_parameters(ByteView bytes) {
  if (bytes.empty()) return KeyFileParameters{};  // a copy of version 1
  Reader reader(bytes);
  const uint8_t version = reader.u8();
  KeyFileParameters parameters{reader.text_field()};
  if (!reader.at_end() || version != kVersion || parameters.path.size() > kLongestPath ||
      parameters.path.find('\0') != std::string::npos)
    return damaged();
  return parameters;
}

Bytes encode(const PassphraseParameters& parameters) {
  Writer writer;
  writer.u8(kVersion).raw(parameters.salt).u32(parameters.memory_kib).u32(parameters.iterations);
  return writer.u32(parameters.lanes).raw(parameters.check).take();
}

Result<PassphraseParameters> parse_passphrase_parameters(ByteView bytes) {
  Reader reader(bytes);
  PassphraseParameters parameters;
  const uint8_t version = reader.u8();
  take(reader, parameters.salt);
  parameters.memory_kib = reader.u32();
  parameters.iterations = reader.u32();
  parameters.lanes = reader.u32();
  take(reader, parameters.check);
  if (!reader.at_end() || version != kVersion || !within(parameters.memory_kib, kMostArgon2MemoryKib) ||
      !within(parameters.iterations, kMostArgon2Iterations) || !within(parameters.lanes, kMostArgon2Lanes))
    return damaged();
  return parameters;
}

std::string_view name_of(SealKind kind) {
  switch (kind) {
    case SealKind::kKeyFile:
      return "key-file";
    case SealKind::kPassphrase:
      return "passphrase";
    case SealKind::kTpm:
      return "tpm";
    case SealKind::kPkcs11:
      return "pkcs11";
  }
  return "unknown";
}

std::optional<SealKind> seal_kind_named(std::string_view name) {
  for (const SealKind kind : {SealKind::kKeyFile, SealKind::kPassphrase, SealKind::kTpm, SealKind::kPkcs11})
    if (name_of(kind) == name) return kind;
  return std::nullopt;
}

size_t seal_material_size(const SealMaterialView& material) {
  return 2 + 4 + material.parameters.size() + 4 + material.secret.size();
}

void encode_seal_material(const SealMaterialView& material, MutableByteView out) {
  FixedWriter(out)
      .u8(kVersion)
      .u8(static_cast<uint8_t>(material.kind))
      .field(material.parameters)
      .field(material.secret);
}

Result<SealMaterialView> parse_seal_material(ByteView bytes) {
  Reader reader(bytes);
  SealMaterialView material;
  const uint8_t version = reader.u8();
  const uint8_t kind = reader.u8();
  material.parameters = reader.field();
  material.secret = reader.field();
  if (!reader.at_end() || version != kVersion || kind < 1 || kind > static_cast<uint8_t>(SealKind::kPkcs11) ||
      material.parameters.size() > kLongestSealParameters || material.secret.size() > kLongestSecret)
    return damaged();
  material.kind = static_cast<SealKind>(kind);
  return material;
}

void encode_seal_authority(const SealAuthorityView& authority, MutableByteView out) {
  FixedWriter(out).raw(as_bytes(kAuthorityMagic)).raw(authority.public_key).raw(authority.token);
}

Result<SealAuthorityView> parse_seal_authority(ByteView bytes) {
  Reader reader(bytes);
  const bool ours = as_text(reader.raw(kAuthorityMagic.size())) == kAuthorityMagic;
  SealAuthorityView authority;
  authority.public_key = reader.raw(32);
  authority.token = reader.raw(kSealAuthorityTokenSize);
  if (!ours || !reader.at_end()) return fail(ErrorKind::kCorrupt, "keyd's seal authority is damaged");
  return authority;
}

}  // namespace coffer::format
