// SPDX-License-Identifier: Apache-2.0
#include "format/keyd_hsm_protocol.h"

#include <algorithm>

#include "format/backing_key_token.h"
#include "format/hsm_object.h"
#include "format/keyd_protocol_fields.h"

namespace coffer::format::keyd {
namespace {

bool read_truth(Reader& reader) {
  const uint8_t value = reader.u8();
  if (value > 1) reader.fail();
  return value == 1;
}

HsmLoginOutcome read_outcome(Reader& reader) {
  const auto outcome = hsm_login_outcome(reader.u8());
  if (!outcome) reader.fail();
  return outcome.value_or(HsmLoginOutcome::kNoAnswer);
}

// The key at the start of a body; without a copy, for it is asked of every request.
bool key_is_in_hsm(Reader& reader) {
  for (int field = 0; field < 3; ++field) (void)reader.field();
  (void)reader.u32();
  const ByteView token = reader.field();
  return reader.ok() && !token.empty() && token.front() == kHsmTokenVersion;
}

}  // namespace

void DescribeHsmCluster::write(Writer& writer) const {
  writer.field(cluster_id).field(account).field(certificate_pem).u8(look ? 1 : 0);
}
DescribeHsmCluster DescribeHsmCluster::read(Reader& reader) {
  DescribeHsmCluster body;
  body.cluster_id = reader.text_field();
  body.account = reader.text_field();
  body.certificate_pem = reader.text_field();
  body.look = read_truth(reader);
  return body;
}

void HsmClusterReply::write(Writer& writer) const {
  writer.u8(known ? 1 : 0).u8(trusts ? 1 : 0).u8(static_cast<uint8_t>(found));
}
HsmClusterReply HsmClusterReply::read(Reader& reader) {
  HsmClusterReply body;
  body.known = read_truth(reader);
  body.trusts = read_truth(reader);
  body.found = read_outcome(reader);
  return body;
}

void HsmLogin::write(Writer& writer) const {
  writer.field(cluster_id).field(key_store_id).field(wrapped_password);
}
HsmLogin HsmLogin::read(Reader& reader) {
  HsmLogin login;
  login.cluster_id = reader.text_field();
  login.key_store_id = reader.text_field();
  login.wrapped_password = reader.bytes_field();
  if (login.key_store_id.empty() || login.key_store_id.size() > kLongestKeyStoreId) reader.fail();
  return login;
}

void ConnectHsm::write(Writer& writer) const {
  login.write(writer);
  writer.u8(static_cast<uint8_t>(connection));
}
ConnectHsm ConnectHsm::read(Reader& reader) {
  ConnectHsm body;
  body.login = HsmLogin::read(reader);
  const uint8_t connection = reader.u8();
  if (connection > static_cast<uint8_t>(HsmConnection::kRemember)) reader.fail();
  body.connection = static_cast<HsmConnection>(connection);
  return body;
}

void HsmLoginReply::write(Writer& writer) const {
  writer.u8(static_cast<uint8_t>(outcome));
}
HsmLoginReply HsmLoginReply::read(Reader& reader) {
  return {read_outcome(reader)};
}

void CreateHsmKey::write(Writer& writer) const {
  login.write(writer);
  write_binding(writer, binding);
  writer.u32(version);
}
CreateHsmKey CreateHsmKey::read(Reader& reader) {
  CreateHsmKey body;
  body.login = HsmLogin::read(reader);
  body.binding = read_binding(reader);
  body.version = reader.u32();
  return body;
}

void HsmKeyReply::write(Writer& writer) const {
  writer.field(label).field(token);
}
HsmKeyReply HsmKeyReply::read(Reader& reader) {
  HsmKeyReply body;
  body.label = reader.text_field();
  body.token = reader.bytes_field();
  return body;
}

void DestroyHsmKey::write(Writer& writer) const {
  login.write(writer);
  write_key(writer, key);
}
DestroyHsmKey DestroyHsmKey::read(Reader& reader) {
  DestroyHsmKey body;
  body.login = HsmLogin::read(reader);
  body.key = read_key(reader);
  return body;
}

void GenerateHsmRandom::write(Writer& writer) const {
  login.write(writer);
  writer.u32(size);
}
GenerateHsmRandom GenerateHsmRandom::read(Reader& reader) {
  GenerateHsmRandom body;
  body.login = HsmLogin::read(reader);
  body.size = reader.u32();
  return body;
}

bool uses_key(Operation operation) {
  switch (operation) {
    case Operation::kEncrypt:
    case Operation::kDecrypt:
    case Operation::kGenerateDataKey:
    case Operation::kGenerateDataKeyWithoutPlaintext:
    case Operation::kGenerateDataKeyPair:
    case Operation::kGenerateDataKeyPairWithoutPlaintext:
    case Operation::kRewrapVolumeKey:
    case Operation::kBoxVolumeKeys:
      return true;
    default:
      return false;
  }
}

bool concerns_hsm(const Request& request) {
  Reader reader(request.body);
  switch (request.operation) {
    case Operation::kDescribeHsmCluster:
    case Operation::kConnectHsm:
    case Operation::kCreateHsmKey:
    case Operation::kDestroyHsmKey:
    case Operation::kGenerateHsmRandom:
      return true;
    case Operation::kBoxVolumeKeys: {
      const auto body = parse_body<BoxVolumeKeys>(request.body);
      return body && std::ranges::any_of(body->layers, [](const VolumeKeyRequest& layer) {
               return !layer.key.token.empty() && layer.key.token.front() == kHsmTokenVersion;
             });
    }
    default:
      return uses_key(request.operation) && key_is_in_hsm(reader);
  }
}

}  // namespace coffer::format::keyd
