// SPDX-License-Identifier: Apache-2.0
#include "format/keyd_protocol.h"

#include "format/error_code.h"
#include "format/keyd_protocol_fields.h"

namespace coffer::format::keyd {
namespace {

constexpr uint8_t kSucceeded = 0;
constexpr uint32_t kMostNames = 64;

}  // namespace

void begin_request(Writer& writer, uint64_t id, Operation operation) {
  writer.u8(kProtocolVersion).u64(id).u16(static_cast<uint16_t>(operation));
}

Result<Request> parse_request(ByteView packet) {
  Reader reader(packet);
  const uint8_t version = reader.u8();
  if (reader.ok() && version != kProtocolVersion)
    return fail(ErrorKind::kTooNew, "keyd's protocol has another version");
  Request request;
  request.id = reader.u64();
  request.operation = static_cast<Operation>(reader.u16());
  if (!reader.ok()) return fail(ErrorKind::kInvalidArgument, "malformed message on keyd's channel");
  request.body = reader.raw(reader.left());
  return request;
}

void begin_reply(Writer& writer, uint64_t id) {
  writer.u8(kProtocolVersion).u64(id).u8(kSucceeded);
}

Bytes encode_failure(uint64_t id, const Error& error) {
  Writer writer;
  writer.u8(kProtocolVersion).u64(id).u8(error_code(error.kind)).field(error.message);
  return writer.take();
}

Result<Reply> parse_reply(ByteView packet) {
  Reader reader(packet);
  const uint8_t version = reader.u8();
  if (reader.ok() && version != kProtocolVersion)
    return fail(ErrorKind::kTooNew, "keyd's protocol has another version");
  Reply reply;
  reply.id = reader.u64();
  const uint8_t code = reader.u8();
  if (reader.ok() && code != kSucceeded)
    reply.status = fail(error_kind(code).value_or(ErrorKind::kInternal), reader.text_field());
  if (!reader.ok()) return fail(ErrorKind::kInvalidArgument, "malformed message on keyd's channel");
  reply.body = reader.raw(reader.left());
  return reply;
}

void CreateBackingKey::write(Writer& writer) const {
  writer.field(binding.account).field(binding.region).field(binding.key_id).u32(version);
}

CreateBackingKey CreateBackingKey::read(Reader& reader) {
  CreateBackingKey body;
  body.binding = read_binding(reader);
  body.version = reader.u32();
  return body;
}

void Encrypt::write(Writer& writer) const {
  write_key(writer, key);
  writer.raw(frame(context)).reserve(4 + plaintext.size()).field(plaintext);
}

Encrypt Encrypt::read(Reader& reader) {
  Encrypt body;
  body.key = read_key(reader);
  body.context = read_framed_context(reader);
  body.plaintext = reader.field();
  return body;
}

void Decrypt::write(Writer& writer) const {
  write_key(writer, key);
  writer.raw(frame(context)).field(blob);
}

Decrypt Decrypt::read(Reader& reader) {
  Decrypt body;
  body.key = read_key(reader);
  body.context = read_framed_context(reader);
  body.blob = reader.field();
  return body;
}

void GenerateDataKey::write(Writer& writer) const {
  write_key(writer, key);
  writer.raw(frame(context)).u32(size);
}

GenerateDataKey GenerateDataKey::read(Reader& reader) {
  GenerateDataKey body;
  body.key = read_key(reader);
  body.context = read_framed_context(reader);
  body.size = reader.u32();
  return body;
}

void GenerateDataKeyWithoutPlaintext::write(Writer& writer) const {
  request.write(writer);
  writer.u8(static_cast<uint8_t>(blob_class));
}

GenerateDataKeyWithoutPlaintext GenerateDataKeyWithoutPlaintext::read(Reader& reader) {
  GenerateDataKeyWithoutPlaintext body;
  body.request = GenerateDataKey::read(reader);
  body.blob_class = static_cast<BlobClass>(reader.u8());
  if (body.blob_class != BlobClass::kCustomer && body.blob_class != BlobClass::kVolume) reader.fail();
  return body;
}

void GenerateRandom::write(Writer& writer) const {
  writer.u32(size);
}
GenerateRandom GenerateRandom::read(Reader& reader) {
  return {reader.u32()};
}

void BoxVolumeKeys::write(Writer& writer) const {
  writer.field(binding.host_id).field(binding.volume_id).field(binding.attachment_id).field(binding.nonce);
  writer.u32(static_cast<uint32_t>(layers.size()));
  for (const VolumeKeyRequest& layer : layers) {
    write_key(writer, layer.key);
    writer.field(layer.blob).raw(frame(layer.context)).field(layer.layer_id);
  }
}

BoxVolumeKeys BoxVolumeKeys::read(Reader& reader) {
  BoxVolumeKeys body;
  body.binding.host_id = reader.text_field();
  body.binding.volume_id = reader.text_field();
  body.binding.attachment_id = reader.text_field();
  body.binding.nonce = reader.bytes_field();
  const uint32_t count = reader.u32();
  if (count > kMostBoxedKeys) reader.fail();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    VolumeKeyRequest layer;
    layer.key = read_key(reader);
    layer.blob = reader.bytes_field();
    layer.context = read_framed_context(reader);
    layer.layer_id = reader.text_field();
    body.layers.push_back(std::move(layer));
  }
  return body;
}

void CreateAccessKeySecret::write(Writer& writer) const {
  writer.field(access_key_id);
}
CreateAccessKeySecret CreateAccessKeySecret::read(Reader& reader) {
  return {reader.text_field()};
}

void DeriveSigningKey::write(Writer& writer) const {
  writer.field(access_key_id).field(wrapped_secret).field(date).field(region).field(service);
}

DeriveSigningKey DeriveSigningKey::read(Reader& reader) {
  DeriveSigningKey body;
  body.access_key_id = reader.text_field();
  body.wrapped_secret = reader.bytes_field();
  body.date = reader.text_field();
  body.region = reader.text_field();
  body.service = reader.text_field();
  return body;
}

void CreateCertificateAuthority::write(Writer& writer) const {
  writer.field(common_name);
}
CreateCertificateAuthority CreateCertificateAuthority::read(Reader& reader) {
  return {reader.text_field()};
}

void IssueCertificate::write(Writer& writer) const {
  writer.field(wrapped_private_key).field(certificate_der).field(subject_public_key_der);
  writer.u32(static_cast<uint32_t>(names.size()));
  for (const std::string& name : names) writer.field(name);
  writer.u32(days).u8(static_cast<uint8_t>(purpose));
}

IssueCertificate IssueCertificate::read(Reader& reader) {
  IssueCertificate body;
  body.wrapped_private_key = reader.bytes_field();
  body.certificate_der = reader.bytes_field();
  body.subject_public_key_der = reader.bytes_field();
  const uint32_t count = reader.u32();
  if (count > kMostNames) reader.fail();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) body.names.push_back(reader.text_field());
  body.days = reader.u32();
  const uint8_t purpose = reader.u8();
  if (purpose > static_cast<uint8_t>(CertificatePurpose::kNbdClient)) reader.fail();
  body.purpose = static_cast<CertificatePurpose>(purpose);
  return body;
}

void EnrolRecipient::write(Writer& writer) const {
  writer.field(public_key);
}
EnrolRecipient EnrolRecipient::read(Reader& reader) {
  return {reader.bytes_field()};
}

void StatusReply::write(Writer& writer) const {
  writer.field(seal).field(arena).u32(domain_key_version).u8(recipient_enrolled ? 1 : 0);
}

StatusReply StatusReply::read(Reader& reader) {
  StatusReply body;
  body.seal = reader.text_field();
  body.arena = reader.text_field();
  body.domain_key_version = reader.u32();
  body.recipient_enrolled = reader.u8() != 0;
  return body;
}

Result<FieldAndRest> parse_field_and_rest(ByteView body) {
  Reader reader(body);
  FieldAndRest parts;
  parts.field = reader.field();
  if (!reader.ok()) return fail(ErrorKind::kInvalidArgument, "malformed message on keyd's channel");
  parts.rest = reader.raw(reader.left());
  return parts;
}

}  // namespace coffer::format::keyd
