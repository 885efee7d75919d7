// SPDX-License-Identifier: Apache-2.0
// Do our primitives and libgcrypt's, written apart from OpenSSL's, do the same on random input? What one made
// the other must take, and both must give the same verdict on what was changed. COFFER_SEED and
// COFFER_CRYPTO_CASES make a long run of it (tests/long/crypto-differential).
#include <openssl/ecdsa.h>

#include <algorithm>
#include <random>

#include "crypto/ecdh.h"
#include "crypto/ecdsa.h"
#include "crypto/ed25519.h"
#include "crypto/hmac.h"
#include "crypto/key_wrap.h"
#include "crypto/rsa.h"
#include "tests/unit/crypto/libgcrypt.h"
#include "tests/unit/crypto/wycheproof.h"

namespace coffer::crypto {
namespace {

constexpr size_t kFewCases = 100;

size_t cases() {
  const char* text = std::getenv("COFFER_CRYPTO_CASES");
  return text == nullptr ? kFewCases : std::stoul(text);
}

class DifferentialTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* text = std::getenv("COFFER_SEED");
    const uint64_t seed = text == nullptr ? std::random_device{}() : std::stoull(text);
    std::cout << "seed " << seed << ", " << cases() << " cases" << std::endl;
    random_.seed(seed);
  }

  size_t below(size_t bound) { return random_() % bound; }
  Bytes bytes(size_t size) {
    Bytes out(size);
    std::generate(out.begin(), out.end(), [&] { return static_cast<uint8_t>(random_()); });
    return out;
  }
  // In every second case one bit is another; tells whether it is.
  bool maybe_flip(Bytes& bytes) {
    if (bytes.empty() || below(2) == 0) return false;
    flip_bit(bytes, below(bytes.size() * 8));
    return true;
  }
  Hash any_hash() { return std::array{Hash::kSha256, Hash::kSha384, Hash::kSha512}[below(3)]; }

  std::mt19937_64 random_;
};

// Keys of each size, each of them for both; most cases have the short one, as it is the quickest.
struct RsaPair {
  PrivateKey key;
  gcrypt::RsaKey theirs;
};
const RsaPair& rsa_pair(size_t draw) {
  static const std::vector<RsaPair> pairs = [] {
    std::map<std::string, std::string> found;
    for (const auto& test : vector_file("rsa_oaep_wycheproof.txt")) found.emplace(test[2], test[4]);
    std::vector<RsaPair> made;
    for (const auto& [bits, pkcs8] : found) {
      auto key = *PrivateKey::parse(kind_of(bits), secret_of(pkcs8));
      made.push_back({key, gcrypt::RsaKey(key)});
    }
    return made;
  }();
  return draw < 92 ? pairs[0] : draw < 98 ? pairs[1] : pairs[2];
}

gcrypt::Expression rsa_data(RsaSignature scheme, Hash hash, const Bytes& digest) {
  const int size = static_cast<int>(digest.size());
  if (scheme == RsaSignature::kPkcs1)
    return gcrypt::expression("(data (flags pkcs1) (hash %s %b))", gcrypt::name_of(hash), size,
                              digest.data());
  return gcrypt::expression("(data (flags pss) (salt-length %d) (hash %s %b))",
                            static_cast<int>(digest_size(hash)), gcrypt::name_of(hash), size, digest.data());
}

bool they_verify(const gcrypt::RsaKey& key, RsaSignature scheme, Hash hash, const Bytes& digest,
                 const Bytes& signature) {
  const auto value = gcrypt::number(signature);
  const auto wrapped = gcrypt::expression("(sig-val (rsa (s %m)))", value.get());
  return gcry_pk_verify(wrapped.get(), rsa_data(scheme, hash, digest).get(), key.public_key.get()) == 0;
}

Bytes they_sign(const RsaPair& pair, RsaSignature scheme, Hash hash, const Bytes& digest) {
  gcry_sexp_t raw = nullptr;
  EXPECT_EQ(gcry_pk_sign(&raw, rsa_data(scheme, hash, digest).get(), pair.theirs.private_key.get()), 0u);
  const gcrypt::Expression made(raw);
  return gcrypt::bytes_of_number(gcrypt::number_of(made, "s").get(), modulus_size(pair.key.kind()));
}

class RsaSignatures : public DifferentialTest, public ::testing::WithParamInterface<RsaSignature> {};

TEST_P(RsaSignatures, AgreeWithLibgcrypt) {
  const RsaSignature scheme = GetParam();
  for (size_t i = 0; i < cases(); ++i) {
    const RsaPair& pair = rsa_pair(below(100));
    const Hash hash = any_hash();
    Bytes digest = bytes(digest_size(hash));
    Bytes signature =
        i % 2 == 0 ? *rsa_sign(pair.key, scheme, hash, digest) : they_sign(pair, scheme, hash, digest);
    // PKCS#1 v1.5 has no randomness: both come to the same.
    if (scheme == RsaSignature::kPkcs1 && i % 16 == 0) {
      ASSERT_EQ(signature, they_sign(pair, scheme, hash, digest)) << i;
    }
    const bool changed = maybe_flip(below(2) == 0 ? digest : signature);
    const bool ours = rsa_verify(pair.key.public_key(), scheme, hash, digest, signature);
    ASSERT_EQ(ours, !changed) << i;
    ASSERT_EQ(they_verify(pair.theirs, scheme, hash, digest, signature), ours) << i;
  }
}
INSTANTIATE_TEST_SUITE_P(DifferentialTest, RsaSignatures,
                         ::testing::Values(RsaSignature::kPss, RsaSignature::kPkcs1),
                         [](const auto& test) { return test.param == RsaSignature::kPss ? "Pss" : "Pkcs1"; });

std::optional<Bytes> they_decrypt(const gcrypt::RsaKey& key, Hash hash, const Bytes& ciphertext) {
  const auto value = gcrypt::number(ciphertext);
  const auto wrapped = gcrypt::expression("(enc-val (flags oaep) (hash-algo %s) (rsa (a %m)))",
                                          gcrypt::name_of(hash), value.get());
  gcry_sexp_t raw = nullptr;
  if (gcry_pk_decrypt(&raw, wrapped.get(), key.private_key.get()) != 0) return std::nullopt;
  const gcrypt::Expression opened(raw);
  return gcrypt::data_of(opened, "value");
}

Bytes they_encrypt(const RsaPair& pair, Hash hash, const Bytes& plaintext) {
  const auto data = gcrypt::expression("(data (flags oaep) (hash-algo %s) (value %b))", gcrypt::name_of(hash),
                                       static_cast<int>(plaintext.size()), plaintext.data());
  gcry_sexp_t raw = nullptr;
  EXPECT_EQ(gcry_pk_encrypt(&raw, data.get(), pair.theirs.public_key.get()), 0u);
  const gcrypt::Expression made(raw);
  return gcrypt::bytes_of_number(gcrypt::number_of(made, "a").get(), modulus_size(pair.key.kind()));
}

TEST_F(DifferentialTest, RsaOaepAgreesWithLibgcrypt) {
  for (size_t i = 0; i < cases(); ++i) {
    const RsaPair& pair = rsa_pair(below(100));
    const Hash hash = below(2) == 0 ? Hash::kSha1 : Hash::kSha256;
    const Bytes plaintext = bytes(1 + below(largest_oaep_plaintext(pair.key.kind(), hash)));
    Bytes ciphertext =
        i % 2 == 0 ? *rsa_encrypt_oaep(pair.key.public_key(), hash, secret::SecretBytes::copy_of(plaintext))
                   : they_encrypt(pair, hash, plaintext);
    const bool changed = below(8) == 0 && maybe_flip(ciphertext);
    const auto ours = rsa_decrypt_oaep(pair.key, hash, ciphertext);
    ASSERT_EQ(ours.has_value(), !changed) << i;
    if (ours) {
      ASSERT_EQ(revealed(*ours), plaintext) << i;
    }
    if (i % 2 == 0 || changed) {
      const auto theirs = they_decrypt(pair.theirs, hash, ciphertext);
      ASSERT_EQ(theirs.has_value(), !changed) << i;
      if (theirs) {
        ASSERT_EQ(*theirs, plaintext) << i;
      }
    }
  }
}

struct Curve {
  KeyPairKind kind;
  const char* name;  // libgcrypt's
  size_t size;       // of a coordinate and a scalar, in bytes
  size_t digest;     // of its hash in KMS
  Bytes pkcs8;       // all before the private number; without the public key
};

const std::vector<Curve>& curves() {
  static const std::vector<Curve> all = {
      {KeyPairKind::kP256, "NIST P-256", 32, 32,
       bytes_of("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420")},
      {KeyPairKind::kP384, "NIST P-384", 48, 48,
       bytes_of("304e020100301006072a8648ce3d020106052b8104002204373035020101"
                "0430")},
      {KeyPairKind::kP521, "NIST P-521", 66, 64,
       bytes_of("3060020100301006072a8648ce3d020106052b8104002304493047020101"
                "0442")},
      {KeyPairKind::kSecp256k1, "secp256k1", 32, 32,
       bytes_of("303e020100301006072a8648ce3d020106052b8104000a042730250201010420")},
  };
  return all;
}

struct CurveKey {
  PrivateKey key;
  Bytes number, point;  // the point uncompressed, 04 x y
};
CurveKey curve_key(const Curve& curve, Bytes number) {
  number[0] &= curve.kind == KeyPairKind::kP521 ? 0 : 0x7f;  // below the order
  if (curve.kind == KeyPairKind::kP521) number[1] &= 0x7f;
  number.back() |= 1;  // not zero
  Bytes der = curve.pkcs8;
  der.insert(der.end(), number.begin(), number.end());
  auto key = *PrivateKey::parse(curve.kind, secret::SecretBytes::copy_of(der), PrivateKey::Trust::kOwn);
  const Bytes spki = key.public_key().der();
  return {std::move(key), std::move(number),
          Bytes(spki.end() - static_cast<ptrdiff_t>(2 * curve.size + 1), spki.end())};
}

gcrypt::Expression raw_data(const Bytes& digest) {
  return gcrypt::expression("(data (flags raw) (value %b))", static_cast<int>(digest.size()), digest.data());
}

bool they_verify(const Curve& curve, const CurveKey& key, const Bytes& digest, const Bytes& signature) {
  const uint8_t* cursor = signature.data();
  const std::unique_ptr<ECDSA_SIG, OpenSslFree<ECDSA_SIG_free>> parsed(
      d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(signature.size())));
  if (parsed == nullptr || cursor != signature.data() + signature.size()) return false;
  const auto number_of = [](const BIGNUM* big) {
    Bytes bytes(static_cast<size_t>(BN_num_bytes(big)));
    BN_bn2bin(big, bytes.data());
    return gcrypt::number(bytes);
  };
  if (BN_is_negative(ECDSA_SIG_get0_r(parsed.get())) || BN_is_negative(ECDSA_SIG_get0_s(parsed.get())))
    return false;
  const auto r = number_of(ECDSA_SIG_get0_r(parsed.get())), s = number_of(ECDSA_SIG_get0_s(parsed.get()));
  const auto public_key = gcrypt::expression("(public-key (ecc (curve %s) (q %b)))", curve.name,
                                             static_cast<int>(key.point.size()), key.point.data());
  const auto wrapped = gcrypt::expression("(sig-val (ecdsa (r %m) (s %m)))", r.get(), s.get());
  return gcry_pk_verify(wrapped.get(), raw_data(digest).get(), public_key.get()) == 0;
}

Bytes they_sign(const Curve& curve, const CurveKey& key, const Bytes& digest) {
  const auto private_key = gcrypt::expression("(private-key (ecc (curve %s) (q %b) (d %b)))", curve.name,
                                              static_cast<int>(key.point.size()), key.point.data(),
                                              static_cast<int>(key.number.size()), key.number.data());
  gcry_sexp_t raw = nullptr;
  EXPECT_EQ(gcry_pk_sign(&raw, raw_data(digest).get(), private_key.get()), 0u);
  const gcrypt::Expression made(raw);
  const Bytes r = gcrypt::bytes_of_number(gcrypt::number_of(made, "r").get(), curve.size);
  const Bytes s = gcrypt::bytes_of_number(gcrypt::number_of(made, "s").get(), curve.size);
  const std::unique_ptr<ECDSA_SIG, OpenSslFree<ECDSA_SIG_free>> signature(ECDSA_SIG_new());
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(r.data(), static_cast<int>(r.size()), nullptr),
                 BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr));
  Bytes der(static_cast<size_t>(i2d_ECDSA_SIG(signature.get(), nullptr)));
  uint8_t* cursor = der.data();
  i2d_ECDSA_SIG(signature.get(), &cursor);
  return der;
}

TEST_F(DifferentialTest, EcdsaAgreesWithLibgcrypt) {
  for (size_t i = 0; i < cases(); ++i) {
    const Curve& curve = curves()[below(curves().size())];
    const CurveKey key = curve_key(curve, bytes(curve.size));
    Bytes digest = bytes(curve.digest);
    Bytes signature = i % 2 == 0 ? *ecdsa_sign(key.key, digest) : they_sign(curve, key, digest);
    const bool changed = maybe_flip(below(2) == 0 ? digest : signature);
    const bool ours = ecdsa_verify(key.key.public_key(), digest, signature);
    ASSERT_EQ(ours, !changed) << i;
    if (i % 2 == 0) {
      ASSERT_EQ(they_verify(curve, key, digest, signature), ours) << i;
    }
  }
}

// The x coordinate of their number times our point.
Bytes they_agree(const Curve& curve, const CurveKey& theirs, const CurveKey& ours) {
  gcry_ctx_t context = nullptr;
  EXPECT_EQ(gcry_mpi_ec_new(&context, nullptr, curve.name), 0u);
  const ByteView coordinates = ByteView(ours.point).subspan(1);
  const auto x = gcrypt::number(coordinates.first(curve.size)),
             y = gcrypt::number(coordinates.last(curve.size));
  const auto one = gcrypt::number(Bytes{1}), factor = gcrypt::number(theirs.number);
  const gcry_mpi_point_t point = gcry_mpi_point_set(nullptr, x.get(), y.get(), one.get());
  const gcry_mpi_point_t product = gcry_mpi_point_new(0);
  gcry_mpi_ec_mul(product, factor.get(), point, context);
  const gcrypt::Number shared(gcry_mpi_new(0));
  EXPECT_EQ(gcry_mpi_ec_get_affine(shared.get(), nullptr, product, context), 0);
  gcry_mpi_point_release(product);
  gcry_mpi_point_release(point);
  gcry_ctx_release(context);
  return gcrypt::bytes_of_number(shared.get(), curve.size);
}

TEST_F(DifferentialTest, EcdhAgreesWithLibgcrypt) {
  for (size_t i = 0; i < cases(); ++i) {
    const Curve& curve = curves()[below(3)];
    const CurveKey ours = curve_key(curve, bytes(curve.size)), theirs = curve_key(curve, bytes(curve.size));
    const auto shared = ecdh(ours.key, theirs.key.public_key());
    ASSERT_TRUE(shared) << i;
    ASSERT_EQ(revealed(*shared), they_agree(curve, theirs, ours)) << i;
  }
}

TEST_F(DifferentialTest, Ed25519AgreesWithLibgcrypt) {
  for (size_t i = 0; i < cases(); ++i) {
    const Bytes seed = bytes(32);
    Bytes der = bytes_of("302e020100300506032b657004220420");
    der.insert(der.end(), seed.begin(), seed.end());
    const auto key = *PrivateKey::parse(KeyPairKind::kEd25519, secret::SecretBytes::copy_of(der));
    const Bytes spki = key.public_key().der();
    const Bytes point(spki.end() - 32, spki.end());
    Bytes message = bytes(1 + below(300));
    Bytes signature = *ed25519_sign(key, message);

    const auto data = [&] {
      return gcrypt::expression("(data (flags eddsa) (hash-algo sha512) (value %b))",
                                static_cast<int>(message.size()), message.data());
    };
    const auto private_key = gcrypt::expression(
        "(private-key (ecc (curve Ed25519) (flags eddsa) (q %b) (d %b)))", 32, point.data(), 32, seed.data());
    const auto public_key =
        gcrypt::expression("(public-key (ecc (curve Ed25519) (flags eddsa) (q %b)))", 32, point.data());
    gcry_sexp_t raw = nullptr;
    ASSERT_EQ(gcry_pk_sign(&raw, data().get(), private_key.get()), 0u);
    const gcrypt::Expression theirs(raw);
    Bytes joined = gcrypt::data_of(theirs, "r");
    const Bytes second = gcrypt::data_of(theirs, "s");
    joined.insert(joined.end(), second.begin(), second.end());
    ASSERT_EQ(signature, joined) << i;  // it has no randomness

    const bool changed = maybe_flip(below(2) == 0 ? message : signature);
    const bool ours = ed25519_verify(key.public_key(), message, signature);
    ASSERT_EQ(ours, !changed) << i;
    const auto wrapped = gcrypt::expression("(sig-val (eddsa (r %b) (s %b)))", 32, signature.data(), 32,
                                            signature.data() + 32);
    ASSERT_EQ(gcry_pk_verify(wrapped.get(), data().get(), public_key.get()) == 0, ours) << i;
  }
}

TEST_F(DifferentialTest, HmacAgreesWithLibgcrypt) {
  gcrypt::start();
  const std::pair<Hash, int> all[] = {{Hash::kSha224, GCRY_MAC_HMAC_SHA224},
                                      {Hash::kSha256, GCRY_MAC_HMAC_SHA256},
                                      {Hash::kSha384, GCRY_MAC_HMAC_SHA384},
                                      {Hash::kSha512, GCRY_MAC_HMAC_SHA512}};
  for (const auto& [hash, theirs] : all)
    for (size_t i = 0; i < cases(); ++i) {
      const Bytes key = bytes(1 + below(200)), message = bytes(below(400));
      gcry_mac_hd_t mac = nullptr;
      ASSERT_EQ(gcry_mac_open(&mac, theirs, 0, nullptr), 0u);
      gcry_mac_setkey(mac, key.data(), key.size());
      gcry_mac_write(mac, message.data(), message.size());
      Bytes expected(digest_size(hash));
      size_t size = expected.size();
      ASSERT_EQ(gcry_mac_read(mac, expected.data(), &size), 0u);
      gcry_mac_close(mac);
      ASSERT_EQ(hmac(hash, secret::SecretBytes::copy_of(key), message), expected) << i;
    }
}

TEST_F(DifferentialTest, KeyWrapAgreesWithLibgcrypt) {
  gcrypt::start();
  for (size_t i = 0; i < cases(); ++i) {
    const size_t draw = below(3);
    const Bytes outer = bytes(16 + 8 * draw);
    const int algorithm = std::array{GCRY_CIPHER_AES128, GCRY_CIPHER_AES192, GCRY_CIPHER_AES256}[draw];
    const Bytes key = bytes(1 + below(i % 10 == 0 ? 2400 : 100));
    Bytes wrapped =
        *wrap_key_with_padding(secret::SecretBytes::copy_of(outer), secret::SecretBytes::copy_of(key));
    gcry_cipher_hd_t cipher = nullptr;
    ASSERT_EQ(gcry_cipher_open(&cipher, algorithm, GCRY_CIPHER_MODE_AESWRAP, GCRY_CIPHER_EXTENDED), 0u);
    gcry_cipher_setkey(cipher, outer.data(), outer.size());
    Bytes theirs(wrapped.size());
    ASSERT_EQ(gcry_cipher_encrypt(cipher, theirs.data(), theirs.size(), key.data(), key.size()), 0u) << i;
    ASSERT_EQ(wrapped, theirs) << i;

    const bool changed = maybe_flip(wrapped);
    const auto ours = unwrap_key_with_padding(secret::SecretBytes::copy_of(outer), wrapped);
    ASSERT_EQ(ours.has_value(), !changed) << i;
    gcry_cipher_reset(cipher);
    Bytes opened(wrapped.size());
    ASSERT_EQ(gcry_cipher_decrypt(cipher, opened.data(), opened.size(), wrapped.data(), wrapped.size()) == 0,
              !changed)
        << i;
    gcry_cipher_close(cipher);
    if (ours) {
      ASSERT_EQ(revealed(*ours), key) << i;
    }
  }
}

}  // namespace
}  // namespace coffer::crypto
