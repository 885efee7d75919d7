// SPDX-License-Identifier: Apache-2.0
#include "crypto/xts.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <random>
#include <thread>

#include "crypto/random.h"
#include "tests/unit/crypto/vector_file.h"

namespace coffer::crypto {
namespace {

std::unique_ptr<XtsCipher> cipher_of(const secret::SecretBytes& key) {
  auto cipher = XtsCipher::create(key);
  EXPECT_TRUE(cipher);
  return cipher ? std::move(*cipher) : nullptr;
}

// The reference: a context made and keyed anew for each sector, the simplest use of EVP.
Bytes reference(const Bytes& key, bool encrypt, uint64_t first_sector, size_t sector_size, const Bytes& in) {
  Bytes out(in.size());
  for (size_t offset = 0; offset < in.size(); offset += sector_size, ++first_sector) {
    Bytes tweak(16);
    memcpy(tweak.data(), &first_sector, sizeof first_sector);
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();
    int written = 0;
    EXPECT_EQ(EVP_CipherInit_ex(context, EVP_aes_256_xts(), nullptr, key.data(), tweak.data(), encrypt), 1);
    EXPECT_EQ(EVP_CipherUpdate(context, out.data() + offset, &written, in.data() + offset,
                               static_cast<int>(sector_size)),
              1);
    EVP_CIPHER_CTX_free(context);
  }
  return out;
}

TEST(Xts, AgreesWithIeee1619NistAndWycheproof) {
  size_t count = 0;
  for (const VectorCase& fields : vector_file("aes_256_xts.txt")) {
    ASSERT_EQ(fields.size(), 5u);
    SCOPED_TRACE(fields[0]);
    const auto cipher = cipher_of(secret_of(fields[1]));
    const uint64_t sector = std::stoull(fields[2]);
    const Bytes plaintext = bytes_of(fields[3]), ciphertext = bytes_of(fields[4]);
    Bytes out(plaintext.size());
    cipher->encrypt(sector, plaintext.size(), plaintext, out);
    EXPECT_EQ(hex(out), hex(ciphertext));
    cipher->decrypt(sector, ciphertext.size(), ciphertext, out);
    EXPECT_EQ(hex(out), hex(plaintext));
    ++count;
  }
  EXPECT_EQ(count, 98u);
}

// Do many sectors in one call, in one keyed context, come out as each sector does alone?
TEST(Xts, AgreesWithPlainEvpSectorBySector) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    const Bytes key = random_bytes(kXtsKeySize);
    const auto cipher = cipher_of(secret::SecretBytes::copy_of(key));
    const size_t sizes[] = {512, 4096, 16 * (random() % 64 + 1)};
    const uint64_t firsts[] = {0, random(), random() % 1000, UINT32_MAX - random() % 20, UINT64_MAX - 40};
    const size_t sector_size = sizes[random() % std::size(sizes)];
    const uint64_t first = firsts[random() % std::size(firsts)];
    const Bytes in = random_bytes(sector_size * (random() % 40));
    Bytes out(in.size());
    cipher->encrypt(first, sector_size, in, out);
    ASSERT_EQ(out, reference(key, true, first, sector_size, in)) << sector_size << " " << first;
    Bytes in_place = in;
    cipher->encrypt(first, sector_size, in_place, in_place);
    ASSERT_EQ(in_place, out);
    cipher->decrypt(first, sector_size, in_place, in_place);
    ASSERT_EQ(in_place, in);
    cipher->decrypt(first, sector_size, in, out);
    ASSERT_EQ(out, reference(key, false, first, sector_size, in));
  }
}

// More threads than pooled contexts, both directions at once: does any of them see another's tweak?
TEST(Xts, ThreadsShareOneCipher) {
  const Bytes key = random_bytes(kXtsKeySize);
  const auto cipher = cipher_of(secret::SecretBytes::copy_of(key));
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (uint64_t number = 0; number < 24; ++number)
    threads.emplace_back([&, number] {
      const Bytes plaintext(8 * 4096, static_cast<uint8_t>(number));
      const Bytes expected = reference(key, true, number * 1000, 4096, plaintext);
      Bytes out(plaintext.size());
      for (int round = 0; round < 50; ++round) {
        cipher->encrypt(number * 1000, 4096, plaintext, out);
        if (out != expected) ++wrong;
        cipher->decrypt(number * 1000, 4096, out, out);
        if (out != plaintext) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Xts, RefusesKeysThatAreNotTwo) {
  const auto refused = [](const secret::SecretBytes& key) {
    const auto cipher = XtsCipher::create(key);
    return !cipher && cipher.error().kind == ErrorKind::kInvalidArgument;
  };
  for (const size_t size : {0, 32, 63, 65, 128}) EXPECT_TRUE(refused(random_secret(size)));
  Bytes key = random_bytes(kXtsKeySize);
  std::copy_n(key.begin(), kXtsKeySize / 2, key.begin() + kXtsKeySize / 2);
  EXPECT_TRUE(refused(secret::SecretBytes::copy_of(key)));
  flip_bit(key, kXtsKeySize * 8 - 1);
  EXPECT_FALSE(refused(secret::SecretBytes::copy_of(key)));
}

TEST(XtsDeathTest, SizesThatAreNoSectorsAbort) {
  const auto cipher = cipher_of(random_secret(kXtsKeySize));
  Bytes in(4096), out(4096);
  EXPECT_DEATH(cipher->encrypt(0, 4096, ByteView(in).first(4080), MutableByteView(out).first(4080)), "");
  EXPECT_DEATH(cipher->encrypt(0, 512, in, MutableByteView(out).first(512)), "");
  EXPECT_DEATH(cipher->decrypt(0, 0, in, out), "");
  EXPECT_DEATH(cipher->decrypt(0, 8, in, out), "");
}

}  // namespace
}  // namespace coffer::crypto
