// SPDX-License-Identifier: Apache-2.0
// Links: coffer_keys
// Covers keyd from the packet on: whatever arrives on apid's or volumed's channel is answered or refused, a
// body that is read is written again as the same bytes, and replies parse. A client's parser of replies sees
// the same input.
#include <algorithm>
#include <cstdint>

#include "base/clock.h"
#include "crypto/random.h"
#include "format/keyd_mfa_protocol.h"
#include "format/keyd_protocol.h"
#include "format/keyd_seal_protocol.h"
#include "keys/dispatch.h"
#include "tests/fuzz/check.h"

namespace {

using namespace coffer;

keys::Operations& operations() {
  static keys::Operations* const instance = [] {
    keys::DomainKeys domain_keys;
    domain_keys.add(1, crypto::random_secret(32));
    return new keys::Operations(std::move(domain_keys), "key file", system_clock());
  }();
  return *instance;
}

// The primes of an RSA key take too long to find for a fuzzer.
bool makes_rsa_key(ByteView input) {
  namespace protocol = format::keyd;
  const auto request = protocol::parse_request(input);
  if (!request) return false;
  const auto names_rsa = [&](const auto& body) { return body && format::is_rsa(body->spec); };
  switch (request->operation) {
    case protocol::Operation::kCreateKeyMaterial:
      return names_rsa(protocol::parse_body<protocol::CreateKeyMaterial>(request->body));
    case protocol::Operation::kGenerateDataKeyPair:
    case protocol::Operation::kGenerateDataKeyPairWithoutPlaintext:
      return names_rsa(protocol::parse_body<protocol::GenerateDataKeyPair>(request->body));
    default:
      return request->operation == protocol::Operation::kCreateImportParameters;
  }
}

void check_reply(const keys::ChannelRole& role, ByteView input) {
  const auto reply = keys::answer(operations(), role, input);
  const auto request = format::keyd::parse_request(input);
  FUZZ_CHECK(reply.has_value() == request.has_value());
  if (!reply) return;
  const auto parsed =
      format::keyd::parse_reply(reply->read(secret::RawAccess::because("the fuzz target checks the reply")));
  FUZZ_CHECK(parsed && parsed->id == request->id);
}

template <class Body>
void check_body(ByteView input) {
  const auto body = format::keyd::parse_body<Body>(input);
  if (!body) return;
  format::Writer writer;
  body->write(writer);
  FUZZ_CHECK(std::ranges::equal(writer.bytes(), input));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace protocol = format::keyd;
  const ByteView input(data, size);
  if (!makes_rsa_key(input)) check_reply({keys::ChannelRole::Kind::kApi, "i-1"}, input);
  check_reply({keys::ChannelRole::Kind::kRecipient, "i-1"}, input);
  (void)protocol::parse_reply(input);
  if (const auto request = protocol::parse_request(input)) {
    check_body<protocol::CreateBackingKey>(request->body);
    check_body<protocol::DomainKeyVersion>(request->body);
    check_body<protocol::RewrapTokens>(request->body);
    check_body<protocol::RewrapSecrets>(request->body);
    check_body<protocol::RewrapReply>(request->body);
    check_body<protocol::SealRequest>(request->body);
    check_body<protocol::SealStatusReply>(request->body);
    check_body<protocol::Encrypt>(request->body);
    check_body<protocol::Decrypt>(request->body);
    check_body<protocol::GenerateDataKey>(request->body);
    check_body<protocol::GenerateDataKeyWithoutPlaintext>(request->body);
    check_body<protocol::BoxVolumeKeys>(request->body);
    check_body<protocol::DeriveSigningKey>(request->body);
    check_body<protocol::IssueCertificate>(request->body);
    check_body<protocol::EnrolRecipient>(request->body);
    check_body<protocol::CreateKeyMaterial>(request->body);
    check_body<protocol::Verify>(request->body);
    check_body<protocol::VerifyMac>(request->body);
    check_body<protocol::EncryptAsymmetric>(request->body);
    check_body<protocol::DecryptAsymmetric>(request->body);
    check_body<protocol::DeriveSharedSecret>(request->body);
    check_body<protocol::GenerateDataKeyPair>(request->body);
    check_body<protocol::CreateImportParameters>(request->body);
    check_body<protocol::ImportKeyMaterial>(request->body);
    check_body<protocol::ReplicateBackingKey>(request->body);
    check_body<protocol::ForgetKey>(request->body);
    check_body<protocol::RewrapVolumeKey>(request->body);
    check_body<protocol::WrapKeyStoreSecret>(request->body);
    check_body<protocol::DeriveProxySigningKey>(request->body);
    check_body<protocol::CreateMfaSeed>(request->body);
    check_body<protocol::VerifyMfaCodes>(request->body);
    check_body<protocol::VerifyMfaCodesReply>(request->body);
  }
  return 0;
}
