// SPDX-License-Identifier: Apache-2.0
// Do the parsers of what is stored take what was written, and nothing else?
#include <gtest/gtest.h>

#include "format/backing_key_token.h"
#include "format/ciphertext_blob.h"
#include "format/codec.h"
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

TEST(BackingKeyToken, TakesExactlyWhatWasWritten) {
  const BackingKeyTokenHeader header{3, {"123456789012", "us-west-2", kKeyId}, 2, {}};
  Bytes bytes = followed_by(encode(header), kBackingKeySize + kTagSize);
  const auto token = parse_backing_key_token(bytes);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->header.binding, header.binding);
  EXPECT_EQ(token->header.domain_key_version, 3u);
  EXPECT_EQ(token->header.backing_key_version, 2u);
  for (size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(parse_backing_key_token(ByteView(bytes).first(size))) << size;
  bytes.push_back(0);
  EXPECT_FALSE(parse_backing_key_token(bytes));
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
  bytes[8] = 2;
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
