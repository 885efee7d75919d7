// SPDX-License-Identifier: Apache-2.0
#include "keys/key_import.h"

#include <gtest/gtest.h>

#include "crypto/key_wrap.h"
#include "crypto/random.h"
#include "crypto/rsa.h"
#include "format/backing_key_token.h"
#include "tests/support/bit_flips.h"

namespace coffer::keys {
namespace {

using format::KeySpec;
using format::WrappingAlgorithm;
using secret::SecretBytes;

constexpr Timestamp kNow{1'000'000'000}, kLater{2'000'000'000};

struct KeyImport : ::testing::Test {
  void SetUp() override { domain_keys.add(1, crypto::random_secret(32)); }

  ImportParameters parameters(WrappingAlgorithm algorithm) {
    return *create_import_parameters(domain_keys, binding, KeySpec::kRsa2048, algorithm, kLater);
  }

  // What a customer does.
  static Bytes wrap(const ImportParameters& parameters, WrappingAlgorithm algorithm,
                    const SecretBytes& material) {
    const auto key = *crypto::PublicKey::parse(crypto::KeyPairKind::kRsa2048, parameters.public_key_der);
    switch (algorithm) {
      case WrappingAlgorithm::kRsaesOaepSha1:
        return *crypto::rsa_encrypt_oaep(key, crypto::Hash::kSha1, material);
      case WrappingAlgorithm::kRsaesOaepSha256:
        return *crypto::rsa_encrypt_oaep(key, crypto::Hash::kSha256, material);
      default:
        break;
    }
    const auto hash =
        algorithm == WrappingAlgorithm::kRsaAesKeyWrapSha1 ? crypto::Hash::kSha1 : crypto::Hash::kSha256;
    const SecretBytes aes_key = crypto::random_secret(32);
    Bytes wrapped = *crypto::rsa_encrypt_oaep(key, hash, aes_key);
    const Bytes inner = *crypto::wrap_key_with_padding(aes_key, material);
    wrapped.insert(wrapped.end(), inner.begin(), inner.end());
    return wrapped;
  }

  auto import(const ImportParameters& parameters, KeySpec spec, ByteView wrapped) {
    return open_import(domain_keys, binding, spec, parameters.token, wrapped, kNow);
  }

  DomainKeys domain_keys;
  format::KeyBinding binding{"123456789012", "us-west-2", "1234abcd-12ab-34cd-56ef-1234567890ab"};
};

TEST_F(KeyImport, TakesEveryKindOfMaterialUnderEveryAlgorithmThatAwsAllowsForIt) {
  for (const auto algorithm :
       {WrappingAlgorithm::kRsaesOaepSha1, WrappingAlgorithm::kRsaesOaepSha256,
        WrappingAlgorithm::kRsaAesKeyWrapSha1, WrappingAlgorithm::kRsaAesKeyWrapSha256}) {
    const auto made = parameters(algorithm);
    const bool two_steps = algorithm >= WrappingAlgorithm::kRsaAesKeyWrapSha1;
    for (const KeySpec spec : {KeySpec::kSymmetricDefault, KeySpec::kHmac512, KeySpec::kEccNistP256,
                               KeySpec::kEccNistP521, KeySpec::kRsa2048}) {
      if (!two_steps && (spec == KeySpec::kRsa2048 || spec == KeySpec::kEccNistP521)) continue;
      const KeyMaterial material = generate_material(spec);
      const auto imported = import(made, spec, wrap(made, algorithm, material.bytes));
      ASSERT_TRUE(imported) << name_of(spec) << " " << name_of(algorithm);
      EXPECT_TRUE(imported->bytes.equals(material.bytes));
      EXPECT_EQ(imported->spec, spec);
    }
  }
}

TEST_F(KeyImport, ATokenIsGoodForItsOwnKeyAndTimeOnly) {
  const auto made = parameters(WrappingAlgorithm::kRsaesOaepSha256);
  const Bytes wrapped = wrap(made, WrappingAlgorithm::kRsaesOaepSha256, crypto::random_secret(32));
  format::KeyBinding account = binding, region = binding, key_id = binding;
  account.account = "123456789013";
  region.region = "us-east-1";
  key_id.key_id = "1234abcd-12ab-34cd-56ef-1234567890ac";
  for (const auto& other : {account, region, key_id})
    EXPECT_EQ(open_import(domain_keys, other, KeySpec::kSymmetricDefault, made.token, wrapped, kNow).error(),
              ImportRefusal::kInvalidToken);
  EXPECT_EQ(
      open_import(domain_keys, binding, KeySpec::kSymmetricDefault, made.token, wrapped, kLater).error(),
      ImportRefusal::kExpiredToken);
  DomainKeys others;
  others.add(1, crypto::random_secret(32));
  EXPECT_EQ(open_import(others, binding, KeySpec::kSymmetricDefault, made.token, wrapped, kNow).error(),
            ImportRefusal::kInvalidToken);
}

TEST_F(KeyImport, NoChangedByteOfATokenIsTaken) {
  const auto made = parameters(WrappingAlgorithm::kRsaesOaepSha256);
  const Bytes wrapped = wrap(made, WrappingAlgorithm::kRsaesOaepSha256, crypto::random_secret(32));
  for (size_t at = 0; at < made.token.size(); ++at) {
    ImportParameters changed = made;
    changed.token[at] ^= 0x40;
    const auto refused = import(changed, KeySpec::kSymmetricDefault, wrapped);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), ImportRefusal::kInvalidToken) << at;
  }
}

TEST_F(KeyImport, WhatDoesNotUnwrapIsAnInvalidCiphertext) {
  for (const auto algorithm :
       {WrappingAlgorithm::kRsaesOaepSha256, WrappingAlgorithm::kRsaAesKeyWrapSha256}) {
    const auto made = parameters(algorithm);
    const Bytes wrapped = wrap(made, algorithm, crypto::random_secret(32));
    for (const size_t at : {size_t{0}, size_t{100}, wrapped.size() - 1}) {
      Bytes changed = wrapped;
      changed[at] ^= 1;
      EXPECT_EQ(import(made, KeySpec::kSymmetricDefault, changed).error(), ImportRefusal::kInvalidCiphertext);
    }
    for (const size_t size : {size_t{0}, size_t{255}, size_t{256}, wrapped.size() - 1})
      if (size < wrapped.size()) {
        EXPECT_EQ(import(made, KeySpec::kSymmetricDefault, ByteView(wrapped).first(size)).error(),
                  ImportRefusal::kInvalidCiphertext);
      }
  }
  // Wrapped by another algorithm than the token was made for.
  const auto made = parameters(WrappingAlgorithm::kRsaesOaepSha256);
  const Bytes by_sha1 = wrap(made, WrappingAlgorithm::kRsaesOaepSha1, crypto::random_secret(32));
  EXPECT_EQ(import(made, KeySpec::kSymmetricDefault, by_sha1).error(), ImportRefusal::kInvalidCiphertext);
}

TEST_F(KeyImport, MaterialOfAnotherKindIsIncorrect) {
  const auto algorithm = WrappingAlgorithm::kRsaAesKeyWrapSha256;
  const auto made = parameters(algorithm);
  const auto imported = [&](KeySpec spec, const SecretBytes& material) {
    return import(made, spec, wrap(made, algorithm, material));
  };
  const auto pkcs8 = [](KeySpec spec) { return generate_material(spec).bytes; };
  const std::pair<KeySpec, SecretBytes> wrong[] = {{KeySpec::kSymmetricDefault, crypto::random_secret(31)},
                                                   {KeySpec::kSymmetricDefault, crypto::random_secret(33)},
                                                   {KeySpec::kHmac224, crypto::random_secret(27)},
                                                   {KeySpec::kHmac256, crypto::random_secret(65)},
                                                   {KeySpec::kHmac384, crypto::random_secret(47)},
                                                   {KeySpec::kHmac512, crypto::random_secret(129)},
                                                   {KeySpec::kEccNistP256, pkcs8(KeySpec::kEccSecgP256k1)},
                                                   {KeySpec::kEccNistP256, crypto::random_secret(100)},
                                                   {KeySpec::kRsa2048, pkcs8(KeySpec::kEccNistP256)},
                                                   {KeySpec::kRsa3072, pkcs8(KeySpec::kRsa2048)}};
  for (const auto& [spec, material] : wrong) {
    const auto refused = imported(spec, material);
    ASSERT_FALSE(refused) << name_of(spec);
    EXPECT_EQ(refused.error(), ImportRefusal::kIncorrectMaterial) << name_of(spec);
  }
  for (const auto& [spec, size] : {std::pair{KeySpec::kHmac224, 28},
                                   {KeySpec::kHmac256, 64},
                                   {KeySpec::kHmac384, 48},
                                   {KeySpec::kHmac512, 128}})
    EXPECT_TRUE(imported(spec, crypto::random_secret(static_cast<size_t>(size)))) << name_of(spec);
}

TEST_F(KeyImport, TheIdTellsMaterialsAndKeysApart) {
  const KeyMaterial one = generate_material(KeySpec::kSymmetricDefault);
  const KeyMaterial other = generate_material(KeySpec::kSymmetricDefault);
  EXPECT_EQ(material_id(binding.key_id, one), material_id(binding.key_id, one));
  EXPECT_NE(material_id(binding.key_id, one), material_id(binding.key_id, other));
  EXPECT_NE(material_id(binding.key_id, one), material_id("1234abcd-12ab-34cd-56ef-1234567890ac", one));
}

}  // namespace
}  // namespace coffer::keys
