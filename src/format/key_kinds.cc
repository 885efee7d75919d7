// SPDX-License-Identifier: Apache-2.0
#include "format/key_kinds.h"

#include <algorithm>
#include <array>

namespace coffer::format {
namespace {

template <class T>
struct Named {
  T value;
  std::string_view name;
};

constexpr Named<KeySpec> kKeySpecs[] = {
    {KeySpec::kSymmetricDefault, "SYMMETRIC_DEFAULT"},
    {KeySpec::kRsa2048, "RSA_2048"},
    {KeySpec::kRsa3072, "RSA_3072"},
    {KeySpec::kRsa4096, "RSA_4096"},
    {KeySpec::kEccNistP256, "ECC_NIST_P256"},
    {KeySpec::kEccNistP384, "ECC_NIST_P384"},
    {KeySpec::kEccNistP521, "ECC_NIST_P521"},
    {KeySpec::kEccSecgP256k1, "ECC_SECG_P256K1"},
    {KeySpec::kEccNistEdwards25519, "ECC_NIST_EDWARDS25519"},
    {KeySpec::kHmac224, "HMAC_224"},
    {KeySpec::kHmac256, "HMAC_256"},
    {KeySpec::kHmac384, "HMAC_384"},
    {KeySpec::kHmac512, "HMAC_512"},
};
constexpr Named<SigningAlgorithm> kSigningAlgorithms[] = {
    {SigningAlgorithm::kRsassaPssSha256, "RSASSA_PSS_SHA_256"},
    {SigningAlgorithm::kRsassaPssSha384, "RSASSA_PSS_SHA_384"},
    {SigningAlgorithm::kRsassaPssSha512, "RSASSA_PSS_SHA_512"},
    {SigningAlgorithm::kRsassaPkcs1V15Sha256, "RSASSA_PKCS1_V1_5_SHA_256"},
    {SigningAlgorithm::kRsassaPkcs1V15Sha384, "RSASSA_PKCS1_V1_5_SHA_384"},
    {SigningAlgorithm::kRsassaPkcs1V15Sha512, "RSASSA_PKCS1_V1_5_SHA_512"},
    {SigningAlgorithm::kEcdsaSha256, "ECDSA_SHA_256"},
    {SigningAlgorithm::kEcdsaSha384, "ECDSA_SHA_384"},
    {SigningAlgorithm::kEcdsaSha512, "ECDSA_SHA_512"},
    {SigningAlgorithm::kEd25519Sha512, "ED25519_SHA_512"},
};
constexpr Named<EncryptionAlgorithm> kEncryptionAlgorithms[] = {
    {EncryptionAlgorithm::kSymmetricDefault, "SYMMETRIC_DEFAULT"},
    {EncryptionAlgorithm::kRsaesOaepSha1, "RSAES_OAEP_SHA_1"},
    {EncryptionAlgorithm::kRsaesOaepSha256, "RSAES_OAEP_SHA_256"},
};
constexpr Named<WrappingAlgorithm> kWrappingAlgorithms[] = {
    {WrappingAlgorithm::kRsaesOaepSha1, "RSAES_OAEP_SHA_1"},
    {WrappingAlgorithm::kRsaesOaepSha256, "RSAES_OAEP_SHA_256"},
    {WrappingAlgorithm::kRsaAesKeyWrapSha1, "RSA_AES_KEY_WRAP_SHA_1"},
    {WrappingAlgorithm::kRsaAesKeyWrapSha256, "RSA_AES_KEY_WRAP_SHA_256"},
};

constexpr auto by_name(const auto& table, std::string_view name) {
  const auto found = std::ranges::find_if(table, [&](const auto& entry) { return entry.name == name; });
  return found == std::end(table) ? std::nullopt : std::optional(found->value);
}

constexpr auto by_number(const auto& table, uint8_t number) {
  const auto found = std::ranges::find_if(
      table, [&](const auto& entry) { return static_cast<uint8_t>(entry.value) == number; });
  return found == std::end(table) ? std::nullopt : std::optional(found->value);
}

constexpr std::string_view name_in(const auto& table, auto value) {
  return std::ranges::find_if(table, [&](const auto& entry) { return entry.value == value; })->name;
}

constexpr std::array<std::string_view, 1> kEncrypt = {"ENCRYPT_DECRYPT"};
constexpr std::array<std::string_view, 1> kSign = {"SIGN_VERIFY"};
constexpr std::array<std::string_view, 1> kMac = {"GENERATE_VERIFY_MAC"};
constexpr std::array<std::string_view, 2> kEncryptOrSign = {"ENCRYPT_DECRYPT", "SIGN_VERIFY"};
constexpr std::array<std::string_view, 2> kSignOrAgree = {"SIGN_VERIFY", "KEY_AGREEMENT"};

// In the order in which DescribeKey lists them.
constexpr std::array kRsaSignatures = {
    SigningAlgorithm::kRsassaPkcs1V15Sha256, SigningAlgorithm::kRsassaPkcs1V15Sha384,
    SigningAlgorithm::kRsassaPkcs1V15Sha512, SigningAlgorithm::kRsassaPssSha256,
    SigningAlgorithm::kRsassaPssSha384,      SigningAlgorithm::kRsassaPssSha512};
constexpr std::array kEcdsa256 = {SigningAlgorithm::kEcdsaSha256};
constexpr std::array kEcdsa384 = {SigningAlgorithm::kEcdsaSha384};
constexpr std::array kEcdsa512 = {SigningAlgorithm::kEcdsaSha512};
constexpr std::array kEd25519 = {SigningAlgorithm::kEd25519Sha512};
constexpr std::array kSymmetric = {EncryptionAlgorithm::kSymmetricDefault};
constexpr std::array kOaep = {EncryptionAlgorithm::kRsaesOaepSha1, EncryptionAlgorithm::kRsaesOaepSha256};

}  // namespace

std::string_view name_of(KeySpec spec) {
  return name_in(kKeySpecs, spec);
}
std::string_view name_of(SigningAlgorithm algorithm) {
  return name_in(kSigningAlgorithms, algorithm);
}
std::string_view name_of(EncryptionAlgorithm algorithm) {
  return name_in(kEncryptionAlgorithms, algorithm);
}
std::string_view name_of(WrappingAlgorithm algorithm) {
  return name_in(kWrappingAlgorithms, algorithm);
}
std::optional<KeySpec> key_spec(std::string_view name) {
  return by_name(kKeySpecs, name);
}
std::optional<SigningAlgorithm> signing_algorithm(std::string_view name) {
  return by_name(kSigningAlgorithms, name);
}
std::optional<EncryptionAlgorithm> encryption_algorithm(std::string_view name) {
  return by_name(kEncryptionAlgorithms, name);
}
std::optional<WrappingAlgorithm> wrapping_algorithm(std::string_view name) {
  return by_name(kWrappingAlgorithms, name);
}
std::optional<KeySpec> key_spec(uint8_t number) {
  return by_number(kKeySpecs, number);
}
std::optional<SigningAlgorithm> signing_algorithm(uint8_t number) {
  return by_number(kSigningAlgorithms, number);
}
std::optional<EncryptionAlgorithm> encryption_algorithm(uint8_t number) {
  return by_number(kEncryptionAlgorithms, number);
}
std::optional<WrappingAlgorithm> wrapping_algorithm(uint8_t number) {
  return by_number(kWrappingAlgorithms, number);
}

bool is_rsa(KeySpec spec) {
  return spec >= KeySpec::kRsa2048 && spec <= KeySpec::kRsa4096;
}
bool is_ecc(KeySpec spec) {
  return spec >= KeySpec::kEccNistP256 && spec <= KeySpec::kEccNistEdwards25519;
}
bool is_hmac(KeySpec spec) {
  return spec >= KeySpec::kHmac224 && spec <= KeySpec::kHmac512;
}

std::span<const std::string_view> usages(KeySpec spec) {
  if (spec == KeySpec::kSymmetricDefault) return kEncrypt;
  if (is_rsa(spec)) return kEncryptOrSign;
  if (is_hmac(spec)) return kMac;
  if (spec == KeySpec::kEccSecgP256k1 || spec == KeySpec::kEccNistEdwards25519) return kSign;
  return kSignOrAgree;
}

std::span<const SigningAlgorithm> signing_algorithms(KeySpec spec) {
  if (is_rsa(spec)) return kRsaSignatures;
  switch (spec) {
    case KeySpec::kEccNistP256:
    case KeySpec::kEccSecgP256k1:
      return kEcdsa256;
    case KeySpec::kEccNistP384:
      return kEcdsa384;
    case KeySpec::kEccNistP521:
      return kEcdsa512;
    case KeySpec::kEccNistEdwards25519:
      return kEd25519;
    default:
      return {};
  }
}

std::span<const EncryptionAlgorithm> encryption_algorithms(KeySpec spec) {
  if (spec == KeySpec::kSymmetricDefault) return kSymmetric;
  if (is_rsa(spec)) return kOaep;
  return {};
}

size_t digest_size(SigningAlgorithm algorithm) {
  const std::string_view name = name_of(algorithm);
  if (name.ends_with("_256")) return 32;
  return name.ends_with("_384") ? 48 : 64;
}

std::string_view mac_algorithm(KeySpec spec) {
  switch (spec) {
    case KeySpec::kHmac224:
      return "HMAC_SHA_224";
    case KeySpec::kHmac256:
      return "HMAC_SHA_256";
    case KeySpec::kHmac384:
      return "HMAC_SHA_384";
    case KeySpec::kHmac512:
      return "HMAC_SHA_512";
    default:
      return {};
  }
}

}  // namespace coffer::format
