// SPDX-License-Identifier: Apache-2.0
#include "format/keyd_protocol.h"

#include <gtest/gtest.h>

#include <iostream>
#include <random>

#include "tests/unit/format/keyd_body.h"

namespace coffer::format::keyd {
namespace {

const WrappedBackingKey kKey{
    {"123456789012", "us-west-2", "1234abcd-12ab-34cd-56ef-1234567890ab"}, 3, Bytes(99, 7)};
const EncryptionContext kContext{{"aws:ebs:id", "vol-1"}, {"b", ""}};
const Bytes kSomeBytes{1, 2, 3};

TEST(KeydProtocol, EveryBodyReadsAsItWasWritten) {
  expect_exact(CreateBackingKey{kKey.binding, 2});
  expect_exact(Encrypt{kKey, kContext, kSomeBytes});
  expect_exact(Decrypt{kKey, kContext, kSomeBytes});
  expect_exact(GenerateDataKey{kKey, kContext, 64});
  expect_exact(GenerateDataKeyWithoutPlaintext{{kKey, kContext, 64}, BlobClass::kVolume});
  expect_exact(GenerateRandom{12});
  expect_exact(
      BoxVolumeKeys{{"i-1", "vol-1", "attach-1", Bytes(16)}, {{kKey, kSomeBytes, kContext, "layer-1"}}});
  expect_exact(CreateAccessKeySecret{"AKIA1"});
  expect_exact(DeriveSigningKey{"AKIA1", kSomeBytes, "20150830", "us-east-1", "iam"});
  expect_exact(CreateCertificateAuthority{"Coffer"});
  expect_exact(IssueCertificate{kSomeBytes, kSomeBytes, kSomeBytes, {"a.example", "127.0.0.1"}, 30});
  expect_exact(IssueCertificate{
      kSomeBytes, kSomeBytes, kSomeBytes, {"coffer:nbd:*"}, 30, CertificatePurpose::kNbdClient});
  expect_exact(EnrolRecipient{Bytes(32)});
  expect_exact(StatusReply{"key file", "memfd_secret", 4, true});
}

TEST(KeydProtocol, EveryBodyAboutKeyPairsReadsAsItWasWritten) {
  expect_exact(CreateKeyMaterial{kKey.binding, 2, KeySpec::kRsa4096});
  const Sign sign{kKey, SigningAlgorithm::kRsassaPssSha384, MessageType::kDigest, kSomeBytes};
  expect_exact(sign);
  expect_exact(Verify{sign, kSomeBytes});
  expect_exact(GenerateMac{kKey, kSomeBytes});
  expect_exact(VerifyMac{{kKey, kSomeBytes}, kSomeBytes});
  expect_exact(EncryptAsymmetric{kKey, EncryptionAlgorithm::kRsaesOaepSha1, kSomeBytes});
  expect_exact(DecryptAsymmetric{kKey, EncryptionAlgorithm::kRsaesOaepSha256, kSomeBytes});
  expect_exact(DeriveSharedSecret{kKey, kSomeBytes});
  expect_exact(GenerateDataKeyPair{kKey, kContext, KeySpec::kEccNistP521});
  expect_exact(
      CreateImportParameters{kKey.binding, KeySpec::kRsa3072, WrappingAlgorithm::kRsaAesKeyWrapSha1});
  expect_exact(
      ImportKeyMaterial{kKey.binding, 1, KeySpec::kHmac224, kSomeBytes, kSomeBytes, ByteView(kSomeBytes)});
  expect_exact(KeyMaterialReply{kSomeBytes, kSomeBytes, kSomeBytes});
  expect_exact(DataKeyPairReply{kSomeBytes, kSomeBytes});
  expect_exact(ImportParametersReply{kSomeBytes, kSomeBytes, 1234567});
  expect_exact(ImportReply{ImportOutcome::kOtherMaterial, {}});
}

TEST(KeydProtocol, AKindThatIsNoneIsMalformed) {
  Bytes bytes = written(CreateKeyMaterial{kKey.binding, 2, KeySpec::kRsa4096});
  bytes.back() = 14;
  EXPECT_EQ(parse_body<CreateKeyMaterial>(bytes).error().kind, ErrorKind::kInvalidArgument);
  bytes = written(CreateImportParameters{kKey.binding, KeySpec::kRsa2048, WrappingAlgorithm::kRsaesOaepSha1});
  bytes.back() = 5;
  EXPECT_EQ(parse_body<CreateImportParameters>(bytes).error().kind, ErrorKind::kInvalidArgument);
}

TEST(KeydProtocol, AClassThatIsNoneIsMalformed) {
  Bytes bytes = written(GenerateDataKeyWithoutPlaintext{{kKey, kContext, 64}, BlobClass::kVolume});
  bytes.back() = 3;
  EXPECT_EQ(parse_body<GenerateDataKeyWithoutPlaintext>(bytes).error().kind, ErrorKind::kInvalidArgument);
}

TEST(KeydProtocol, FailuresKeepTheirKindAndMessage) {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::kInternal); ++kind) {
    const Error error{static_cast<ErrorKind>(kind), "why"};
    const Bytes packet = encode_failure(42, error);
    const auto reply = parse_reply(packet);
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->id, 42u);
    ASSERT_FALSE(reply->status);
    EXPECT_EQ(reply->status.error().kind, error.kind);
    EXPECT_EQ(reply->status.error().message, "why");
  }
}

TEST(KeydProtocol, AnotherVersionIsTooNew) {
  Writer writer;
  begin_request(writer, 1, Operation::kStatus);
  Bytes packet = writer.take();
  ASSERT_TRUE(parse_request(packet));
  packet[0] = 2;
  EXPECT_EQ(parse_request(packet).error().kind, ErrorKind::kTooNew);
}

TEST(KeydProtocol, RandomBytesAreReadOrRefused) {
  const auto seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes(random() % 96);
    for (uint8_t& byte : bytes) byte = random() % 4 == 0 ? static_cast<uint8_t>(random()) : 0;
    (void)parse_request(bytes);
    (void)parse_reply(bytes);
    const auto box = parse_body<BoxVolumeKeys>(bytes);
    if (box) {
      EXPECT_EQ(written(*box), bytes);
    }
    const auto encrypt = parse_body<Encrypt>(bytes);
    if (encrypt) {
      EXPECT_EQ(written(*encrypt), bytes);
    }
    const auto issue = parse_body<IssueCertificate>(bytes);
    if (issue) {
      EXPECT_EQ(written(*issue), bytes);
    }
  }
}

}  // namespace
}  // namespace coffer::format::keyd
