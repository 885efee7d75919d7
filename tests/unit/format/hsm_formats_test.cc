// SPDX-License-Identifier: Apache-2.0
// Keys in PKCS#11 tokens: do the parsers take what was written, and nothing else?
#include <gtest/gtest.h>

#include "format/backing_key_token.h"
#include "format/document.h"
#include "format/hsm_blob.h"
#include "format/hsm_clusters.h"
#include "format/keyd_hsm_protocol.h"
#include "tests/unit/format/keyd_body.h"

namespace coffer::format {
namespace {

constexpr const char* kKeyId = "1234abcd-12ab-34cd-56ef-1234567890ab";
const HsmBlobHeader kHeader{BlobClass::kVolume, *uuid_bytes(kKeyId), 7, {1, 2, 3}};

Bytes followed_by(Bytes header, size_t size) {
  header.resize(header.size() + size, 0x5a);
  return header;
}
const Bytes kBlob = followed_by(encode(kHeader), kHsmIvSize + 64 + kTagSize);

TEST(HsmBlob, SaysWhatItIs) {
  const auto blob = parse_hsm_blob(kBlob);
  ASSERT_TRUE(blob);
  EXPECT_EQ(blob->header.blob_class, BlobClass::kVolume);
  EXPECT_EQ(blob->header.object_id, kHeader.object_id);
  EXPECT_EQ(blob->iv.size(), 12u);
  EXPECT_EQ(blob->sealed.size(), 64 + kTagSize);
  EXPECT_EQ(claim_of_blob(kBlob)->key_id, *uuid_bytes(kKeyId));
  EXPECT_EQ(claim_of_blob(kBlob)->backing_key_version, 7u);
}

TEST(HsmBlob, OtherVersionsAndClassesAndStumpsAreRefused) {
  for (const size_t at : {0, 1}) {
    Bytes bytes = kBlob;
    bytes[at] = 9;
    EXPECT_EQ(parse_hsm_blob(bytes).error().kind, ErrorKind::kRefusedCiphertext);
    EXPECT_EQ(claim_of_blob(bytes).error().kind, ErrorKind::kRefusedCiphertext);
  }
  const size_t least = encode(kHeader).size() + kHsmIvSize + kTagSize + 1;
  for (size_t size = 0; size <= kBlob.size(); ++size)
    EXPECT_EQ(parse_hsm_blob(ByteView(kBlob).first(size)).has_value(), size >= least) << size;
}

TEST(HsmBlob, NeitherVersionIsReadAsTheOther) {
  const Bytes software = followed_by(encode(CiphertextBlobHeader{BlobClass::kCustomer, {}, 1, {}}), 100);
  EXPECT_FALSE(parse_hsm_blob(software));
  EXPECT_TRUE(parse_ciphertext_blob(software));
  EXPECT_TRUE(claim_of_blob(software));
  EXPECT_FALSE(parse_ciphertext_blob(kBlob));
}

TEST(HsmToken, IsASymmetricKeyAndNoLargerThanAnObjectsName) {
  const auto parses = [](KeySpec spec, size_t size) {
    const BackingKeyTokenHeader header{
        kHsmTokenVersion, spec, 3, {"123456789012", "us-west-2", kKeyId}, 1, {}};
    return parse_backing_key_token(followed_by(encode(header), size + kTagSize)).has_value();
  };
  EXPECT_TRUE(parses(KeySpec::kSymmetricDefault, 40));
  EXPECT_TRUE(parses(KeySpec::kSymmetricDefault, kLargestHsmObject));
  EXPECT_FALSE(parses(KeySpec::kSymmetricDefault, kLargestHsmObject + 1));
  EXPECT_FALSE(parses(KeySpec::kSymmetricDefault, 0));
  EXPECT_FALSE(parses(KeySpec::kHmac256, 40));
}

TEST(HsmObject, ReadsAsItWasWritten) {
  const HsmObject object{"cks-1234567890abcdef0", {9, 8, 7}};
  const Bytes bytes = encode(object);
  EXPECT_EQ(*parse_hsm_object(bytes), object);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parse_hsm_object(ByteView(bytes).first(size)));
  EXPECT_FALSE(parse_hsm_object(followed_by(bytes, 1)));
  EXPECT_FALSE(parse_hsm_object(encode(HsmObject{"", {}})));
  EXPECT_FALSE(parse_hsm_object(encode(HsmObject{std::string(65, 'a'), {}})));
}

const HsmCluster kCluster{"cluster-234567abcde", "/usr/lib/module.so", "vault", "", {1, 2, 3}};

TEST(HsmClusters, ReadAsTheyWereWritten) {
  HsmCluster other = kCluster;
  other.id = "cluster-765432abcde";
  other.label = "";
  other.serial = "0815";
  other.account = "123456789012";
  const HsmClusters clusters{kCluster, other};
  const Bytes bytes = encode(clusters);
  EXPECT_EQ(*parse_hsm_clusters(bytes), clusters);
  EXPECT_EQ(*find_cluster(clusters, other.id), other);
  EXPECT_EQ(find_cluster(clusters, "cluster-aaaaaaaaaaa"), nullptr);
  for (size_t at = 0; at < bytes.size(); ++at) {
    Bytes changed = bytes;
    changed[at] ^= 1;
    EXPECT_FALSE(parse_hsm_clusters(changed)) << at;
  }
}

// As the first release wrote it.
TEST(HsmClusters, AListWithoutAccountsIsEverybodys) {
  Writer writer = begin_document({"CofferHC", 1, ""});
  writer.u32(1).field(kCluster.id).field(kCluster.module).field(kCluster.label).field(kCluster.serial);
  const auto clusters = parse_hsm_clusters(finish_document(std::move(writer.field(kCluster.trust_anchor))));
  ASSERT_TRUE(clusters) << clusters.error().message;
  EXPECT_EQ(*clusters, HsmClusters{kCluster});
  EXPECT_TRUE(belongs_to(kCluster, "123456789012"));
}

TEST(HsmClusters, WithAnAccountItIsThatAccountsAlone) {
  HsmCluster cluster = kCluster;
  cluster.account = "123456789012";
  EXPECT_TRUE(belongs_to(cluster, "123456789012"));
  EXPECT_FALSE(belongs_to(cluster, "210987654321"));
  EXPECT_FALSE(belongs_to(cluster, ""));
}

TEST(HsmClusters, WhatNamesNoTokenOrNoModuleIsDamage) {
  const auto with = [](auto change) {
    HsmCluster cluster = kCluster;
    change(cluster);
    return parse_hsm_clusters(encode(HsmClusters{cluster}));
  };
  EXPECT_TRUE(with([](auto&) {}));
  EXPECT_FALSE(with([](auto& cluster) { cluster.label = ""; }));
  EXPECT_FALSE(with([](auto& cluster) { cluster.module = "module.so"; }));
  EXPECT_FALSE(with([](auto& cluster) { cluster.id = "cluster-1"; }));
  EXPECT_FALSE(with([](auto& cluster) { cluster.account = "123"; }));
  EXPECT_FALSE(parse_hsm_clusters(encode(HsmClusters{kCluster, kCluster}))) << "no two alike";
}

TEST(HsmClusters, IdsAreAwss) {
  for (const char* good : {"cluster-234567abcde", "cluster-abcdefghijklmnop", "cluster-ABCDEFGHIJK"})
    EXPECT_TRUE(is_hsm_cluster_id(good)) << good;
  for (const char* bad : {"", "cluster-", "cluster-234567abcd", "cluster-abcdefghijklmnopq",
                          "cluster-1234567abcd", "Cluster-234567abcde"})
    EXPECT_FALSE(is_hsm_cluster_id(bad)) << bad;
}

TEST(CertificateInPem, IsExactlyOne) {
  const std::string pem = "-----BEGIN CERTIFICATE-----\r\nAQ\nID\n-----END CERTIFICATE-----\n";
  EXPECT_EQ(*certificate_in_pem(pem), (Bytes{1, 2, 3}));
  EXPECT_EQ(*certificate_in_pem("before\n" + pem + "after\n"), (Bytes{1, 2, 3}));
  for (const std::string& bad : {pem + pem, std::string("AQID"), pem.substr(0, 40),
                                 std::string("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n")})
    EXPECT_FALSE(certificate_in_pem(bad)) << bad;
}

}  // namespace

namespace keyd {
namespace {

const HsmLogin kLogin{"cluster-234567abcde", "cks-1234567890abcdef0", Bytes(50, 1)};
const WrappedBackingKey kKey{{"123456789012", "us-west-2", kKeyId}, 3, Bytes(99, kHsmTokenVersion)};

TEST(KeydHsmProtocol, EveryBodyReadsAsItWasWritten) {
  expect_exact(DescribeHsmCluster{"cluster-234567abcde", "123456789012", "-----BEGIN", true});
  expect_exact(HsmClusterReply{true, false, HsmLoginOutcome::kNoToken});
  expect_exact(ConnectHsm{kLogin, HsmConnection::kRemember});
  expect_exact(HsmLoginReply{HsmLoginOutcome::kUnfitToken});
  expect_exact(CreateHsmKey{kLogin, kKey.binding, 1});
  expect_exact(HsmKeyReply{"label", Bytes(9)});
  expect_exact(DestroyHsmKey{kLogin, kKey});
  expect_exact(GenerateHsmRandom{kLogin, 24});
  EXPECT_FALSE(parse_body<HsmLoginReply>(Bytes{9}));
}

TEST(KeydHsmProtocol, TellsWhatConcernsAToken) {
  WrappedBackingKey software = kKey;
  software.token.assign(99, kTokenVersion);
  const auto concerns = [](Operation operation, const auto& body) {
    const Bytes bytes = written(body);
    return concerns_hsm({1, operation, bytes});
  };
  EXPECT_TRUE(concerns(Operation::kEncrypt, Encrypt{kKey, {}, {}}));
  EXPECT_FALSE(concerns(Operation::kEncrypt, Encrypt{software, {}, {}}));
  EXPECT_TRUE(concerns(Operation::kDecrypt, Decrypt{kKey, {}, {}}));
  const BoxBinding binding{"i-1", "vol-1", "attach-1", Bytes(16)};
  EXPECT_TRUE(concerns(Operation::kBoxVolumeKeys,
                       BoxVolumeKeys{binding, {{software, {}, {}, "l"}, {kKey, {}, {}, "l"}}}));
  EXPECT_FALSE(concerns(Operation::kBoxVolumeKeys, BoxVolumeKeys{binding, {{software, {}, {}, "l"}}}));
  EXPECT_TRUE(concerns(Operation::kConnectHsm, ConnectHsm{kLogin, HsmConnection::kConnect}));
  EXPECT_FALSE(concerns(Operation::kGenerateRandom, GenerateRandom{4}));
  EXPECT_FALSE(concerns_hsm({1, Operation::kEncrypt, {}}));
}

}  // namespace
}  // namespace keyd
}  // namespace coffer::format
