// SPDX-License-Identifier: Apache-2.0
#include "format/keyd_seal_protocol.h"

namespace coffer::format::keyd {
namespace {

SealKind read_kind(Reader& reader) {
  const uint8_t kind = reader.u8();
  if (kind < 1 || kind > static_cast<uint8_t>(SealKind::kPkcs11)) reader.fail();
  return static_cast<SealKind>(kind);
}

template <class ReadOne>
auto read_many(Reader& reader, ReadOne read_one) -> std::vector<decltype(read_one())> {
  std::vector<decltype(read_one())> many;
  const uint32_t count = reader.u32();
  if (count > kMostRewrapped) reader.fail();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) many.push_back(read_one());
  return many;
}

void write_many(Writer& writer, const std::vector<Bytes>& many) {
  writer.u32(static_cast<uint32_t>(many.size()));
  for (const Bytes& one : many) writer.field(one);
}

}  // namespace

void DomainKeyVersion::write(Writer& writer) const {
  writer.u32(version);
}
DomainKeyVersion DomainKeyVersion::read(Reader& reader) {
  return {reader.u32()};
}

void RewrapTokens::write(Writer& writer) const {
  write_many(writer, tokens);
}
RewrapTokens RewrapTokens::read(Reader& reader) {
  return {read_many(reader, [&] { return reader.bytes_field(); })};
}

void RewrapSecrets::write(Writer& writer) const {
  writer.u32(static_cast<uint32_t>(secrets.size()));
  for (const NamedSecret& secret : secrets) writer.field(secret.name).field(secret.wrapped);
}
RewrapSecrets RewrapSecrets::read(Reader& reader) {
  return {read_many(reader, [&] {
    NamedSecret secret;
    secret.name = reader.text_field();
    secret.wrapped = reader.bytes_field();
    return secret;
  })};
}

void RewrapReply::write(Writer& writer) const {
  write_many(writer, rewrapped);
}
RewrapReply RewrapReply::read(Reader& reader) {
  return {read_many(reader, [&] { return reader.bytes_field(); })};
}

void SealRequest::write(Writer& writer) const {
  writer.u8(static_cast<uint8_t>(kind)).u64(sequence).field(box);
}
SealRequest SealRequest::read(Reader& reader) {
  SealRequest body;
  body.kind = read_kind(reader);
  body.sequence = reader.u64();
  body.box = reader.bytes_field();
  return body;
}

void SealStatusReply::write(Writer& writer) const {
  writer.u8(static_cast<uint8_t>(kind)).field(description).u64(sequence);
  writer.u32(oldest_version).u32(newest_version);
}
SealStatusReply SealStatusReply::read(Reader& reader) {
  SealStatusReply body;
  body.kind = read_kind(reader);
  body.description = reader.text_field();
  body.sequence = reader.u64();
  body.oldest_version = reader.u32();
  body.newest_version = reader.u32();
  return body;
}

}  // namespace coffer::format::keyd
