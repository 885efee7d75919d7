// SPDX-License-Identifier: Apache-2.0
#include "format/sealed_domain_keys.h"

#include <algorithm>

#include "format/codec.h"

namespace coffer::format {
namespace {

constexpr std::string_view kDomainKeysMagic = "COFFERDK";
constexpr std::string_view kSealKeyMagic = "COFFERSK";
constexpr uint8_t kContentsVersion = 1;
constexpr size_t kDomainKeyEntrySize = 4 + kDomainKeySize;
constexpr uint32_t kMostDomainKeys = 1024;

bool takes_magic(Reader& reader, std::string_view magic) {
  return as_text(reader.raw(magic.size())) == magic;
}

UuidBytes read_uuid(Reader& reader) {
  UuidBytes uuid{};
  const ByteView bytes = reader.raw(uuid.size());
  if (reader.ok()) std::copy(bytes.begin(), bytes.end(), uuid.begin());
  return uuid;
}

}  // namespace

Bytes encode(const SealedDomainKeysHeader& header) {
  Writer writer;
  writer.raw(as_bytes(kDomainKeysMagic)).u16(header.version);
  writer.u8(static_cast<uint8_t>(header.seal_kind)).raw(header.installation_id).u64(header.sequence);
  if (header.version > 1) writer.field(header.parameters);
  return writer.take();
}

Bytes encode_unchecked(ByteView header_bytes, ByteView sealed) {
  return Writer().raw(header_bytes).field(sealed).take();
}

Result<SealedDomainKeys> parse_sealed_domain_keys(ByteView copy) {
  Reader reader(copy);
  if (!takes_magic(reader, kDomainKeysMagic))
    return fail(ErrorKind::kCorrupt, "it holds no sealed domain keys");
  const uint16_t version = reader.u16();
  if (reader.ok() && version > kSealedDomainKeysVersion)
    return fail(ErrorKind::kTooNew, "the sealed domain keys were written by a later release");
  SealedDomainKeys keys;
  const uint8_t seal_kind = reader.u8();
  keys.header.installation_id = read_uuid(reader);
  keys.header.sequence = reader.u64();
  keys.header.version = version;
  if (version > 1) keys.header.parameters = reader.bytes_field();
  const size_t header_size = copy.size() - reader.left();
  keys.sealed = reader.field();
  reader.raw(kChecksumSize);
  if (!reader.at_end() || version == 0 || keys.header.parameters.size() > kLongestSealParameters)
    return fail(ErrorKind::kCorrupt, "the sealed domain keys are damaged");
  const SealKind newest_kind = version == 1 ? SealKind::kKeyFile : SealKind::kPkcs11;
  if (seal_kind == 0 || seal_kind > static_cast<uint8_t>(newest_kind))
    return fail(ErrorKind::kTooNew,
                "the domain keys are under a kind of seal that this release does not know");
  keys.header.seal_kind = static_cast<SealKind>(seal_kind);
  keys.header_bytes = copy.first(header_size);
  return keys;
}

size_t domain_keys_size(size_t count) {
  return 1 + 4 + count * kDomainKeyEntrySize;
}

void encode_domain_keys(const std::vector<DomainKeyView>& keys, MutableByteView out) {
  FixedWriter writer(out);
  writer.u8(kContentsVersion).u32(static_cast<uint32_t>(keys.size()));
  for (const DomainKeyView& key : keys) writer.u32(key.version).raw(key.key);
}

Result<std::vector<DomainKeyView>> parse_domain_keys(ByteView contents) {
  Reader reader(contents);
  const uint8_t version = reader.u8();
  if (reader.ok() && version > kContentsVersion)
    return fail(ErrorKind::kTooNew, "the domain keys were written by a later release");
  const uint32_t count = reader.u32();
  if (version != kContentsVersion || count == 0 || count > kMostDomainKeys) reader.fail();
  std::vector<DomainKeyView> keys;
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    DomainKeyView key;
    key.version = reader.u32();
    key.key = reader.raw(kDomainKeySize);
    if (key.version == 0 || (!keys.empty() && key.version <= keys.back().version)) reader.fail();
    keys.push_back(key);
  }
  if (!reader.at_end()) return fail(ErrorKind::kCorrupt, "the domain keys are damaged");
  return keys;
}

void encode_seal_key_file(const UuidBytes& installation_id, ByteView key, MutableByteView out) {
  FixedWriter(out).raw(as_bytes(kSealKeyMagic)).u16(kSealKeyFileVersion).raw(installation_id).raw(key);
}

Result<SealKeyFileView> parse_seal_key_file(ByteView contents) {
  Reader reader(contents);
  if (!takes_magic(reader, kSealKeyMagic)) return fail(ErrorKind::kCorrupt, "it is no seal key file");
  const uint16_t version = reader.u16();
  if (reader.ok() && version > kSealKeyFileVersion)
    return fail(ErrorKind::kTooNew, "it was written by a later release");
  SealKeyFileView file;
  file.installation_id = read_uuid(reader);
  file.key = reader.raw(kSealKeySize);
  reader.raw(kChecksumSize);
  if (!reader.at_end() || version != kSealKeyFileVersion) return fail(ErrorKind::kCorrupt, "it is damaged");
  return file;
}

}  // namespace coffer::format
