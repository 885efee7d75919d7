// SPDX-License-Identifier: Apache-2.0
// The messages about key pairs, MACs and imports.
#include "format/keyd_protocol.h"
#include "format/keyd_protocol_fields.h"

namespace coffer::format::keyd {
namespace {

// Reads a number that stands for one of our kinds; anything else fails the reader.
template <class T>
T read_kind(Reader& reader, std::optional<T> (*kind)(uint8_t), T fallback) {
  const auto found = kind(reader.u8());
  if (!found) reader.fail();
  return found.value_or(fallback);
}

KeySpec read_spec(Reader& reader) {
  return read_kind<KeySpec>(reader, key_spec, KeySpec::kSymmetricDefault);
}

EncryptionAlgorithm read_encryption_algorithm(Reader& reader) {
  return read_kind<EncryptionAlgorithm>(reader, encryption_algorithm, EncryptionAlgorithm::kRsaesOaepSha256);
}

uint8_t number(auto kind) {
  return static_cast<uint8_t>(kind);
}

}  // namespace

void CreateKeyMaterial::write(Writer& writer) const {
  write_binding(writer, binding);
  writer.u32(version).u8(number(spec));
}

CreateKeyMaterial CreateKeyMaterial::read(Reader& reader) {
  CreateKeyMaterial body;
  body.binding = read_binding(reader);
  body.version = reader.u32();
  body.spec = read_spec(reader);
  return body;
}

void Sign::write(Writer& writer) const {
  write_key(writer, key);
  writer.u8(number(algorithm)).u8(number(message_type)).reserve(4 + message.size()).field(message);
}

Sign Sign::read(Reader& reader) {
  Sign body;
  body.key = read_key(reader);
  body.algorithm = read_kind<SigningAlgorithm>(reader, signing_algorithm, SigningAlgorithm::kEcdsaSha256);
  const uint8_t type = reader.u8();
  if (type != number(MessageType::kRaw) && type != number(MessageType::kDigest)) reader.fail();
  body.message_type = static_cast<MessageType>(type);
  body.message = reader.field();
  return body;
}

void Verify::write(Writer& writer) const {
  what.write(writer);
  writer.field(signature);
}

Verify Verify::read(Reader& reader) {
  Verify body;
  body.what = Sign::read(reader);
  body.signature = reader.field();
  return body;
}

void GenerateMac::write(Writer& writer) const {
  write_key(writer, key);
  writer.field(message);
}

GenerateMac GenerateMac::read(Reader& reader) {
  GenerateMac body;
  body.key = read_key(reader);
  body.message = reader.field();
  return body;
}

void VerifyMac::write(Writer& writer) const {
  what.write(writer);
  writer.field(mac);
}

VerifyMac VerifyMac::read(Reader& reader) {
  VerifyMac body;
  body.what = GenerateMac::read(reader);
  body.mac = reader.field();
  return body;
}

void EncryptAsymmetric::write(Writer& writer) const {
  write_key(writer, key);
  writer.u8(number(algorithm)).reserve(4 + plaintext.size()).field(plaintext);
}

EncryptAsymmetric EncryptAsymmetric::read(Reader& reader) {
  EncryptAsymmetric body;
  body.key = read_key(reader);
  body.algorithm = read_encryption_algorithm(reader);
  body.plaintext = reader.field();
  return body;
}

void DecryptAsymmetric::write(Writer& writer) const {
  write_key(writer, key);
  writer.u8(number(algorithm)).field(ciphertext);
}

DecryptAsymmetric DecryptAsymmetric::read(Reader& reader) {
  DecryptAsymmetric body;
  body.key = read_key(reader);
  body.algorithm = read_encryption_algorithm(reader);
  body.ciphertext = reader.field();
  return body;
}

void DeriveSharedSecret::write(Writer& writer) const {
  write_key(writer, key);
  writer.field(peer_public_key);
}

DeriveSharedSecret DeriveSharedSecret::read(Reader& reader) {
  DeriveSharedSecret body;
  body.key = read_key(reader);
  body.peer_public_key = reader.field();
  return body;
}

void GenerateDataKeyPair::write(Writer& writer) const {
  write_key(writer, key);
  writer.raw(frame(context)).u8(number(spec));
}

GenerateDataKeyPair GenerateDataKeyPair::read(Reader& reader) {
  GenerateDataKeyPair body;
  body.key = read_key(reader);
  body.context = read_framed_context(reader);
  body.spec = read_spec(reader);
  return body;
}

void CreateImportParameters::write(Writer& writer) const {
  write_binding(writer, binding);
  writer.u8(number(wrapping_spec)).u8(number(algorithm));
}

CreateImportParameters CreateImportParameters::read(Reader& reader) {
  CreateImportParameters body;
  body.binding = read_binding(reader);
  body.wrapping_spec = read_spec(reader);
  body.algorithm =
      read_kind<WrappingAlgorithm>(reader, wrapping_algorithm, WrappingAlgorithm::kRsaesOaepSha256);
  return body;
}

void ImportKeyMaterial::write(Writer& writer) const {
  write_binding(writer, binding);
  writer.u32(version).u8(number(spec));
  writer.field(import_token).field(wrapped_material).field(expected_material_id);
}

ImportKeyMaterial ImportKeyMaterial::read(Reader& reader) {
  ImportKeyMaterial body;
  body.binding = read_binding(reader);
  body.version = reader.u32();
  body.spec = read_spec(reader);
  body.import_token = reader.field();
  body.wrapped_material = reader.field();
  body.expected_material_id = reader.field();
  return body;
}

void KeyMaterialReply::write(Writer& writer) const {
  writer.field(token).field(material_id).field(public_key_der);
}

KeyMaterialReply KeyMaterialReply::read(Reader& reader) {
  KeyMaterialReply body;
  body.token = reader.bytes_field();
  body.material_id = reader.bytes_field();
  body.public_key_der = reader.bytes_field();
  return body;
}

void DataKeyPairReply::write(Writer& writer) const {
  writer.field(private_key_blob).field(public_key_der);
}

DataKeyPairReply DataKeyPairReply::read(Reader& reader) {
  DataKeyPairReply body;
  body.private_key_blob = reader.bytes_field();
  body.public_key_der = reader.bytes_field();
  return body;
}

void ImportParametersReply::write(Writer& writer) const {
  writer.field(import_token).field(public_key_der).u64(valid_to_microseconds);
}

ImportParametersReply ImportParametersReply::read(Reader& reader) {
  ImportParametersReply body;
  body.import_token = reader.bytes_field();
  body.public_key_der = reader.bytes_field();
  body.valid_to_microseconds = reader.u64();
  return body;
}

void ImportReply::write(Writer& writer) const {
  writer.u8(number(outcome));
  key.write(writer);
}

ImportReply ImportReply::read(Reader& reader) {
  ImportReply body;
  const uint8_t outcome = reader.u8();
  if (outcome > number(ImportOutcome::kOtherMaterial)) reader.fail();
  body.outcome = static_cast<ImportOutcome>(outcome);
  body.key = KeyMaterialReply::read(reader);
  return body;
}

}  // namespace coffer::format::keyd
