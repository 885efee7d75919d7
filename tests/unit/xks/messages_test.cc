// SPDX-License-Identifier: Apache-2.0
// Are requests to external key stores' proxies as the specification has them, and are only whole answers
// believed?
#include "xks/messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "crypto/mac.h"
#include "format/ciphertext_blob.h"

namespace coffer::xks {
namespace {

using format::ExternallySealed;
using ::testing::HasSubstr;
using ::testing::Not;

const RequestMetadata kMetadata = {"arn:aws:iam::123456789012:user/Alice",
                                   "arn:aws:kms:us-east-2:123456789012:/key/k", "Encrypt",
                                   "4112f4d6-db54-4af4-ae30-c55a22a8dfae", "ebs"};

// The example of the specification's section "Encrypt", whose integrity value its appendix C derives.
const Bytes kAssociatedData = to_bytes(as_bytes("project=nile,department=marketing"));
const std::string kEncrypted =
    R"({"authenticationTag":"vBxN2ncH1oEkR8WVXpmyYQ==","ciphertext":"ghxkK1txeDNn3q8Y",)"
    R"("ciphertextDataIntegrityValue":"qHA/ImC9h5HsLRXqCyPmWgYx7tzyoTplzILbP0fPXsc=",)"
    R"("ciphertextMetadata":"a2V5X3ZlcnNpb249MQ==","initializationVector":"HMrlRw85cAJUd5Ax"})";
constexpr size_t kHelloWorld = 12;

std::string with(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(XksMessages, AnEncryptRequestIsTheSpecificationsExample) {
  EXPECT_EQ(encrypt_request(kMetadata, kAssociatedData, as_bytes("Hello World!")),
            R"({"requestMetadata":{"awsPrincipalArn":"arn:aws:iam::123456789012:user/Alice",)"
            R"("kmsKeyArn":"arn:aws:kms:us-east-2:123456789012:/key/k","kmsOperation":"Encrypt",)"
            R"("kmsRequestId":"4112f4d6-db54-4af4-ae30-c55a22a8dfae","kmsViaService":"ebs"},)"
            R"("additionalAuthenticatedData":"cHJvamVjdD1uaWxlLGRlcGFydG1lbnQ9bWFya2V0aW5n",)"
            R"("plaintext":"SGVsbG8gV29ybGQh","encryptionAlgorithm":"AES_GCM",)"
            R"("ciphertextDataIntegrityValueAlgorithm":"SHA_256"})");
}

TEST(XksMessages, WhatIsNotKnownIsLeftOut) {
  const RequestMetadata metadata = {"", "", "CreateKey", "id", ""};
  EXPECT_EQ(
      key_metadata_request(metadata),
      R"({"requestMetadata":{"awsPrincipalArn":"AWS Internal","kmsOperation":"CreateKey","kmsRequestId":"id"}})");
  EXPECT_EQ(
      health_request(kMetadata),
      R"({"requestMetadata":{"kmsRequestId":"4112f4d6-db54-4af4-ae30-c55a22a8dfae","kmsOperation":"Encrypt"}})");
  const ExternallySealed sealed{Bytes(12), {}, Bytes(16), Bytes(1)};
  EXPECT_THAT(decrypt_request(metadata, {}, sealed), Not(HasSubstr("ciphertextMetadata")));
}

TEST(XksMessages, TheSpecificationsEncryptionIsRead) {
  const auto sealed = parse_encrypted(200, kEncrypted, kAssociatedData, kHelloWorld);
  ASSERT_TRUE(sealed);
  EXPECT_EQ(as_text(sealed->metadata), "key_version=1");
  EXPECT_EQ(base64(sealed->ciphertext), "ghxkK1txeDNn3q8Y");
}

TEST(XksMessages, NoPartOfAnEncryptionMayDiffer) {
  const auto refused = [](const std::string& body, ByteView data = kAssociatedData,
                          size_t size = kHelloWorld) {
    const auto sealed = parse_encrypted(200, body, data, size);
    return !sealed && sealed.error() == Failure::kMalformed;
  };
  EXPECT_TRUE(refused(kEncrypted, as_bytes("project=nile")));
  EXPECT_TRUE(refused(kEncrypted, kAssociatedData, kHelloWorld + 1));
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
           {"ghxkK1txeDNn3q8Y", "ghxkK1txeDNn3q8Z"},
           {"vBxN2ncH1oEkR8WVXpmyYQ==", "vBxN2ncH1oEkR8WVXpmyYA=="},
           {"HMrlRw85cAJUd5Ax", "HMrlRw85cAJUd5Ay"},
           {"a2V5X3ZlcnNpb249MQ==", "a2V5X3ZlcnNpb249Mg=="},
           {"\"HMrlRw85cAJUd5Ax\"", "5"},
           {"HMrlRw85cAJUd5Ax", "HMrlRw85cAJUd5A"},
           {"ciphertextDataIntegrityValue", "other"},
           {"initializationVector", "other"}})
    EXPECT_TRUE(refused(with(kEncrypted, from, to))) << to;
}

TEST(XksMessages, ErrorsAreReadByTheirNames) {
  EXPECT_EQ(
      parse_decrypted(400, R"({"errorName":"InvalidCiphertextException","errorMessage":"m"})", 1).error(),
      Failure::kInvalidCiphertext);
  EXPECT_EQ(parse_health(401, R"({"errorName":"AuthenticationFailedException"})").error(),
            Failure::kAuthenticationFailed);
  EXPECT_EQ(parse_key_metadata(404, R"({"errorName":"KeyNotFoundException"})").error(),
            Failure::kKeyNotFound);
  for (const char* body :
       {"", "{}", "[]", "<html>", R"({"errorName":7})", R"({"errorName":"NoSuchException"})"})
    EXPECT_EQ(parse_decrypted(500, body, 1).error(), Failure::kMalformed) << body;
}

TEST(XksMessages, APlaintextIsAsLongAsItsCiphertext) {
  EXPECT_EQ(as_text(*parse_decrypted(200, R"({"plaintext":"SGVsbG8gV29ybGQh"})", kHelloWorld)),
            "Hello World!");
  EXPECT_FALSE(parse_decrypted(200, R"({"plaintext":"SGVsbG8gV29ybGQh"})", kHelloWorld - 1));
  EXPECT_FALSE(parse_decrypted(200, R"({"plaintext":"SGVsbG8gV29ybGQ"})", kHelloWorld));
}

TEST(XksMessages, OneKeyManagerIsEnough) {
  const std::string all =
      R"({"xksProxyFleetSize":2,"xksProxyVendor":"v","xksProxyModel":"m","ekmVendor":"e","ekmFleetDetails":[)"
      R"({"id":"1","model":"m","healthStatus":"DEGRADED"},{"id":"2","model":"m","healthStatus":"UNAVAILABLE"}]})";
  EXPECT_TRUE(parse_health(200, all)->available);
  EXPECT_FALSE(parse_health(200, with(all, "DEGRADED", "UNAVAILABLE"))->available);
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"DEGRADED", "FINE"},
                                                                                 {":2", ":0"},
                                                                                 {"ekmVendor", "x"},
                                                                                 {"ekmFleetDetails", "x"},
                                                                                 {"\"id\"", "\"x\""}})
    EXPECT_FALSE(parse_health(200, with(all, from, to))) << to;
}

TEST(XksMessages, AKeyIsDescribed) {
  const std::string body =
      R"({"keySpec":"AES_256","keyUsage":["WRAP","ENCRYPT","DECRYPT"],"keyStatus":"ENABLED"})";
  const auto fit = parse_key_metadata(200, body);
  EXPECT_TRUE(fit && fit->is_aes_256 && fit->encrypts && fit->decrypts && fit->enabled);
  EXPECT_FALSE(parse_key_metadata(200, with(body, "AES_256", "AES_128"))->is_aes_256);
  EXPECT_FALSE(parse_key_metadata(200, with(body, "\"ENCRYPT\"", "\"SIGN\""))->encrypts);
  EXPECT_FALSE(parse_key_metadata(200, with(body, "ENABLED", "DISABLED"))->enabled);
  EXPECT_FALSE(parse_key_metadata(200, with(body, "keyUsage", "x")));
}

// Its encoding as the blob of a KMS key in an external key store.
TEST(ExternalBlob, IsReadAsItWasWritten) {
  format::ExternalBlob blob;
  blob.header = {format::BlobClass::kVolume, {1, 2, 3}, 9};
  blob.sealed = {Bytes(12, 4), Bytes(20, 5), Bytes(16, 6), Bytes(3, 7)};
  const Bytes encoded = format::encode(blob);
  const auto parsed = format::parse_external_blob(encoded);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->header.blob_class, format::BlobClass::kVolume);
  EXPECT_EQ(parsed->header.backing_key_version, 9u);
  EXPECT_EQ(parsed->sealed.metadata, blob.sealed.metadata);
  EXPECT_EQ(format::encode(*parsed), encoded);
  EXPECT_FALSE(format::parse_ciphertext_blob(encoded));
  for (size_t size = 0; size < encoded.size() - 2; ++size)
    EXPECT_FALSE(format::parse_external_blob(ByteView(encoded).first(size))) << size;
}

TEST(ExternalBlob, HasNoOtherSizesThanProxiesMayGive) {
  const format::ExternallySealed good{Bytes(16), Bytes(20), Bytes(16), Bytes(1)};
  EXPECT_TRUE(format::is_well_formed(good));
  for (auto change : {+[](format::ExternallySealed& s) { s.iv.resize(13); },
                      +[](format::ExternallySealed& s) { s.metadata.resize(21); },
                      +[](format::ExternallySealed& s) { s.tag.resize(15); },
                      +[](format::ExternallySealed& s) { s.ciphertext.clear(); }}) {
    format::ExternallySealed bad = good;
    change(bad);
    EXPECT_FALSE(format::is_well_formed(bad));
  }
}

}  // namespace
}  // namespace coffer::xks
