// SPDX-License-Identifier: Apache-2.0
// Do the parsers of what is stored take what was written, and nothing else?
#include <gtest/gtest.h>

#include "format/backing_key_token.h"
#include "format/ciphertext_blob.h"
#include "format/codec.h"
#include "format/import_token.h"
#include "format/sealed_domain_keys.h"
#include "format/volume_key_box.h"
#include "format/wrapped_secret.h"

namespace coffer::format {
namespace {

constexpr const char* kKeyId = "1234abcd-12ab-34cd-56ef-1234567890ab";

Bytes followed_by(Bytes header, size_t size) {
  header.resize(header.size() + size, 0x5a);
  return header;
}

Bytes some_blob() {
  CiphertextBlobHeader header{BlobClass::kVolume, *uuid_bytes(kKeyId), 7, {}};
  return followed_by(encode(header), 64 + kTagSize);
}

TEST(CiphertextBlob, SaysWhatItIs) {
  const Bytes bytes = some_blob();
  const auto blob = parse_ciphertext_blob(bytes);
  ASSERT_TRUE(blob);
  EXPECT_EQ(blob->header.blob_class, BlobClass::kVolume);
  EXPECT_EQ(uuid_text(blob->header.key_id), kKeyId);
  EXPECT_EQ(blob->header.backing_key_version, 7u);
  EXPECT_EQ(blob->header_bytes.size() + blob->sealed.size(), bytes.size());
}

TEST(CiphertextBlob, UnknownVersionsAndClassesAndStumpsAreRefused) {
  for (const size_t at : {0, 1}) {
    Bytes bytes = some_blob();
    bytes[at] = 9;
    EXPECT_EQ(parse_ciphertext_blob(bytes).error().kind, ErrorKind::kRefusedCiphertext);
  }
  const Bytes bytes = some_blob();
  const size_t least = encode(CiphertextBlobHeader{}).size() + kTagSize + 1;
  for (size_t size = 0; size <= bytes.size(); ++size)
    EXPECT_EQ(parse_ciphertext_blob(ByteView(bytes).first(size)).has_value(), size >= least) << size;
}

BackingKeyTokenHeader token_header(uint8_t version, KeySpec spec) {
  return {version, spec, 3, {"123456789012", "us-west-2", kKeyId}, 2, {}};
}

TEST(BackingKeyToken, TakesExactlyWhatWasWritten) {
  for (const uint8_t version : {kOldTokenVersion, kTokenVersion}) {
    const auto header = token_header(version, KeySpec::kSymmetricDefault);
    Bytes bytes = followed_by(encode(header), kBackingKeySize + kTagSize);
    const auto token = parse_backing_key_token(bytes);
    ASSERT_TRUE(token);
    EXPECT_EQ(token->header.version, version);
    EXPECT_EQ(token->header.spec, KeySpec::kSymmetricDefault);
    EXPECT_EQ(token->header.binding, header.binding);
    EXPECT_EQ(token->header.domain_key_version, 3u);
    EXPECT_EQ(token->header.backing_key_version, 2u);
    for (size_t size = 0; size < bytes.size(); ++size)
      EXPECT_FALSE(parse_backing_key_token(ByteView(bytes).first(size))) << size;
    bytes.push_back(0);
    EXPECT_FALSE(parse_backing_key_token(bytes));
  }
}

TEST(BackingKeyToken, HoldsMaterialOfAnyLengthUpToItsBound) {
  const Bytes header = encode(token_header(kTokenVersion, KeySpec::kRsa4096));
  for (const size_t size : {size_t{1}, size_t{2400}, kLargestKeyMaterial}) {
    const auto token = parse_backing_key_token(followed_by(header, size + kTagSize));
    ASSERT_TRUE(token) << size;
    EXPECT_EQ(token->header.spec, KeySpec::kRsa4096);
  }
  EXPECT_FALSE(parse_backing_key_token(followed_by(header, kTagSize)));
  EXPECT_FALSE(parse_backing_key_token(followed_by(header, kLargestKeyMaterial + 1 + kTagSize)));
}

TEST(BackingKeyToken, UnknownVersionsAndSpecsAreRefused) {
  const Bytes bytes =
      followed_by(encode(token_header(kTokenVersion, KeySpec::kHmac256)), kBackingKeySize + kTagSize);
  for (const auto& [at, value] : {std::pair{0, 0}, {0, 3}, {1, 0}, {1, 14}}) {
    Bytes changed = bytes;
    changed[static_cast<size_t>(at)] = static_cast<uint8_t>(value);
    EXPECT_EQ(parse_backing_key_token(changed).error().kind, ErrorKind::kRefusedCiphertext);
  }
}

TEST(ImportToken, TakesExactlyWhatWasWritten) {
  const ImportTokenHeader header{
      KeySpec::kRsa3072, WrappingAlgorithm::kRsaAesKeyWrapSha256, Timestamp{1234567}, 3, {}};
  const Bytes bytes = followed_by(encode(header), 1800 + kTagSize);
  const auto token = parse_import_token(bytes);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->header.wrapping_spec, header.wrapping_spec);
  EXPECT_EQ(token->header.algorithm, header.algorithm);
  EXPECT_EQ(token->header.valid_to, header.valid_to);
  EXPECT_EQ(token->header.domain_key_version, 3u);
  // No such version, a wrapping key that is not RSA, no such algorithm.
  for (const auto& [at, value] : {std::pair{0, 2}, {1, 5}, {2, 5}}) {
    Bytes changed = bytes;
    changed[static_cast<size_t>(at)] = static_cast<uint8_t>(value);
    EXPECT_EQ(parse_import_token(changed).error().kind, ErrorKind::kRefusedCiphertext);
  }
  const size_t least = encode(header).size() + kTagSize + 1;
  for (size_t size = 0; size <= bytes.size(); ++size)
    EXPECT_EQ(parse_import_token(ByteView(bytes).first(size)).has_value(), size >= least) << size;
}

TEST(WrappedSecret, UnknownKindsAndVersionsAreRefused) {
  const Bytes bytes =
      followed_by(encode(WrappedSecretHeader{SecretKind::kCertificateAuthorityKey, 1, {}}), 40 + kTagSize);
  ASSERT_TRUE(parse_wrapped_secret(bytes));
  for (const size_t at : {0, 1}) {
    Bytes changed = bytes;
    changed[at] = 9;
    EXPECT_EQ(parse_wrapped_secret(changed).error().kind, ErrorKind::kRefusedCiphertext);
  }
}

Bytes sealed_domain_keys() {
  const Bytes header = encode(SealedDomainKeysHeader{SealKind::kKeyFile, {}, 5});
  return followed_by(encode_unchecked(header, Bytes(80)), kChecksumSize);
}

TEST(SealedDomainKeys, StumpsAreCorrupt) {
  const Bytes bytes = sealed_domain_keys();
  ASSERT_TRUE(parse_sealed_domain_keys(bytes));
  EXPECT_EQ(parse_sealed_domain_keys(bytes)->header.sequence, 5u);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto parsed = parse_sealed_domain_keys(ByteView(bytes).first(size));
    ASSERT_FALSE(parsed) << size;
    EXPECT_EQ(parsed.error().kind, ErrorKind::kCorrupt) << size;
  }
}

TEST(SealedDomainKeys, ALaterVersionIsTooNew) {
  Bytes bytes = sealed_domain_keys();
  bytes[8] = kSealedDomainKeysVersion + 1;
  EXPECT_EQ(parse_sealed_domain_keys(bytes).error().kind, ErrorKind::kTooNew);
}

TEST(DomainKeys, VersionsMustRise) {
  const Bytes key(kDomainKeySize, 1);
  Bytes contents(domain_keys_size(2));
  encode_domain_keys({{1, key}, {4, key}}, contents);
  ASSERT_TRUE(parse_domain_keys(contents));
  EXPECT_EQ(parse_domain_keys(contents)->back().version, 4u);
  encode_domain_keys({{4, key}, {4, key}}, contents);
  EXPECT_EQ(parse_domain_keys(contents).error().kind, ErrorKind::kCorrupt);
}

TEST(SealKeyFile, StumpsAreCorruptAndALaterVersionIsTooNew) {
  Bytes contents(kSealKeyFileSize);
  const Bytes key(kSealKeySize, 3);
  encode_seal_key_file({}, key, MutableByteView(contents).first(kSealKeyFileSize - kChecksumSize));
  ASSERT_TRUE(parse_seal_key_file(contents));
  for (size_t size = 0; size < contents.size(); ++size)
    EXPECT_EQ(parse_seal_key_file(ByteView(contents).first(size)).error().kind, ErrorKind::kCorrupt) << size;
  contents[8] = 2;
  EXPECT_EQ(parse_seal_key_file(contents).error().kind, ErrorKind::kTooNew);
}

TEST(VolumeKeyBox, ContentsReadBackAndStumpsDoNot) {
  const Bytes one(kVolumeKeySize, 1), two(kVolumeKeySize, 2);
  const std::vector<BoxedKeyView> keys{{"layer-1", one}, {"layer-22", two}};
  Bytes contents(boxed_keys_size(keys));
  encode_boxed_keys(keys, contents);
  const auto parsed = parse_boxed_keys(contents);
  ASSERT_TRUE(parsed);
  ASSERT_EQ(parsed->size(), 2u);
  EXPECT_EQ((*parsed)[1].layer_id, "layer-22");
  EXPECT_EQ(to_bytes((*parsed)[1].key), two);
  for (size_t size = 0; size < contents.size(); ++size)
    EXPECT_FALSE(parse_boxed_keys(ByteView(contents).first(size))) << size;
}

TEST(VolumeKeyBox, BindingsThatReadAlikeAreFramedDifferently) {
  const Bytes nonce(kBoxNonceSize, 1);
  EXPECT_NE(frame(BoxBinding{"i-1", "vol-1", "a", nonce}), frame(BoxBinding{"i-1vol-1", "", "a", nonce}));
  EXPECT_NE(frame(BoxBinding{"i-1", "vol-1", "a", nonce}), frame(BoxBinding{"i-1", "vol-1a", "", nonce}));
}

}  // namespace
}  // namespace coffer::format
