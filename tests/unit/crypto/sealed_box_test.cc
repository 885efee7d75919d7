// SPDX-License-Identifier: Apache-2.0
#include "crypto/sealed_box.h"

#include <gtest/gtest.h>

#include <set>

#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/random.h"
#include "tests/unit/crypto/vector_file.h"

namespace coffer::crypto {
namespace {

using secret::SecretBytes;

RecipientKeyPair recipient() {
  auto pair = make_recipient_key_pair();
  EXPECT_TRUE(pair);
  return std::move(*pair);
}

// A box as the header defines it, from a shared secret that X25519 did not compute here.
Bytes box_from_shared_secret(const std::string& shared, const Bytes& ephemeral, const Bytes& own,
                             ByteView binding, std::string_view text) {
  Bytes info = ephemeral;
  info.insert(info.end(), own.begin(), own.end());
  const Bytes iv(kAeadIvSize, 0x42);
  const auto key = hkdf_sha256(secret_of(shared), {}, info, kAeadKeySize);
  const auto sealed = aead_seal(key, iv, binding, SecretBytes::copy_of(as_bytes(text)));
  EXPECT_TRUE(sealed);
  Bytes box = ephemeral;
  box.insert(box.end(), iv.begin(), iv.end());
  box.insert(box.end(), sealed->begin(), sealed->end());
  return box;
}

// Is the key agreement really X25519? A box made from the published shared secret opens with the published
// private key. The recipient's public key only enters the derivation.
TEST(SealedBox, AgreesWithRfc7748) {
  for (const VectorCase& fields : vector_file("x25519.txt")) {
    ASSERT_EQ(fields.size(), 3u);
    const RecipientKeyPair own{secret_of(fields[0]), random_bytes(kX25519KeySize)};
    const Bytes peer = bytes_of(fields[1]);
    const auto opened =
        open_box(own, as_bytes("binding"),
                 box_from_shared_secret(fields[2], peer, own.public_key, as_bytes("binding"), "hi"));
    ASSERT_TRUE(opened);
    EXPECT_EQ(as_text(revealed(*opened)), "hi");
    std::string wrong_secret = fields[2];
    wrong_secret[5] = wrong_secret[5] == '0' ? '1' : '0';
    EXPECT_FALSE(
        open_box(own, as_bytes("binding"),
                 box_from_shared_secret(wrong_secret, peer, own.public_key, as_bytes("binding"), "hi")));
  }
}

TEST(SealedBox, OpensForItsRecipientOnly) {
  const auto alice = recipient(), bob = recipient();
  const auto plaintext = random_secret(64);
  const auto box = seal_box(alice.public_key, as_bytes("volume 1"), plaintext);
  ASSERT_TRUE(box);
  EXPECT_EQ(box->size(), kX25519KeySize + kAeadIvSize + 64 + kAeadTagSize);
  const auto opened = open_box(alice, as_bytes("volume 1"), *box);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->equals(plaintext));
  const auto refused = open_box(bob, as_bytes("volume 1"), *box);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kRefusedCiphertext);
}

TEST(SealedBox, EachBoxHasItsOwnKeyAndIv) {
  const auto alice = recipient();
  const auto plaintext = random_secret(64);
  std::set<Bytes> ephemeral_keys, ivs;
  for (int round = 0; round < 20; ++round) {
    const auto box = seal_box(alice.public_key, {}, plaintext);
    ASSERT_TRUE(box);
    ephemeral_keys.emplace(box->begin(), box->begin() + 32);
    ivs.emplace(box->begin() + 32, box->begin() + 44);
  }
  EXPECT_EQ(ephemeral_keys.size(), 20u);
  EXPECT_EQ(ivs.size(), 20u);
}

// Every bit of the box, among them the top bit of the ephemeral key, which X25519 itself ignores.
TEST(SealedBox, EveryFlippedBitIsRefusedAlike) {
  const auto alice = recipient();
  const Bytes binding = random_bytes(40);
  const auto box = seal_box(alice.public_key, binding, random_secret(64));
  ASSERT_TRUE(box && open_box(alice, binding, *box));
  std::set<std::string> messages;
  const auto check = [&](const Bytes& changed_binding, const Bytes& changed_box) {
    const auto opened = open_box(alice, changed_binding, changed_box);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::kRefusedCiphertext);
    messages.insert(opened.error().message);
  };
  for (size_t bit = 0; bit < box->size() * 8; ++bit) {
    Bytes changed = *box;
    flip_bit(changed, bit);
    check(binding, changed);
  }
  for (size_t bit = 0; bit < binding.size() * 8; ++bit) {
    Bytes changed = binding;
    flip_bit(changed, bit);
    check(changed, *box);
  }
  for (size_t size = 0; size < box->size(); ++size)
    check(binding, Bytes(box->begin(), box->begin() + static_cast<ptrdiff_t>(size)));
  Bytes longer = *box;
  longer.push_back(0);
  check(binding, longer);
  check({}, *box);
  EXPECT_EQ(messages.size(), 1u);
}

// With such a key the shared secret is zero whatever the private key: anybody could open the box.
TEST(SealedBox, RefusesPublicKeysOfLowOrder) {
  const auto alice = recipient();
  const std::string zero(64, '0');
  for (const VectorCase& fields : vector_file("x25519_low_order.txt")) {
    const Bytes low = bytes_of(fields[0]);
    const auto sealed = seal_box(low, {}, random_secret(8));
    ASSERT_FALSE(sealed);
    EXPECT_EQ(sealed.error().kind, ErrorKind::kInvalidArgument);
    const auto opened =
        open_box(alice, {}, box_from_shared_secret(zero, low, alice.public_key, {}, "forged"));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::kRefusedCiphertext);
  }
  EXPECT_FALSE(seal_box(Bytes(31, 9), {}, random_secret(8)));
  EXPECT_FALSE(seal_box(Bytes(33, 9), {}, random_secret(8)));
}

}  // namespace
}  // namespace coffer::crypto
