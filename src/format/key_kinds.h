// SPDX-License-Identifier: Apache-2.0
// The kinds of KMS keys and what each can do: AWS's names, and the numbers that stand for them in our byte
// formats (docs/format/token.md). One table for keyd and for the API. Pure.
// Source: AWS KMS Developer Guide, "Key spec reference".
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace coffer::format {

// The numbers are stored. They never change.
enum class KeySpec : uint8_t {
  kSymmetricDefault = 1,
  kRsa2048 = 2,
  kRsa3072 = 3,
  kRsa4096 = 4,
  kEccNistP256 = 5,
  kEccNistP384 = 6,
  kEccNistP521 = 7,
  kEccSecgP256k1 = 8,
  kEccNistEdwards25519 = 9,
  kHmac224 = 10,
  kHmac256 = 11,
  kHmac384 = 12,
  kHmac512 = 13,
};
enum class SigningAlgorithm : uint8_t {
  kRsassaPssSha256 = 1,
  kRsassaPssSha384 = 2,
  kRsassaPssSha512 = 3,
  kRsassaPkcs1V15Sha256 = 4,
  kRsassaPkcs1V15Sha384 = 5,
  kRsassaPkcs1V15Sha512 = 6,
  kEcdsaSha256 = 7,
  kEcdsaSha384 = 8,
  kEcdsaSha512 = 9,
  kEd25519Sha512 = 10,
};
enum class MessageType : uint8_t { kRaw = 1, kDigest = 2 };
enum class EncryptionAlgorithm : uint8_t { kSymmetricDefault = 1, kRsaesOaepSha1 = 2, kRsaesOaepSha256 = 3 };
enum class WrappingAlgorithm : uint8_t {
  kRsaesOaepSha1 = 1,
  kRsaesOaepSha256 = 2,
  kRsaAesKeyWrapSha1 = 3,
  kRsaAesKeyWrapSha256 = 4,
};

// AWS's names: "RSA_2048", "RSASSA_PSS_SHA_256". Nothing for a name or a number of something we do not have.
std::string_view name_of(KeySpec spec);
std::string_view name_of(SigningAlgorithm algorithm);
std::string_view name_of(EncryptionAlgorithm algorithm);
std::string_view name_of(WrappingAlgorithm algorithm);
std::optional<KeySpec> key_spec(std::string_view name);
std::optional<SigningAlgorithm> signing_algorithm(std::string_view name);
std::optional<EncryptionAlgorithm> encryption_algorithm(std::string_view name);
std::optional<WrappingAlgorithm> wrapping_algorithm(std::string_view name);
std::optional<KeySpec> key_spec(uint8_t number);
std::optional<SigningAlgorithm> signing_algorithm(uint8_t number);
std::optional<EncryptionAlgorithm> encryption_algorithm(uint8_t number);
std::optional<WrappingAlgorithm> wrapping_algorithm(uint8_t number);

bool is_rsa(KeySpec spec);
bool is_ecc(KeySpec spec);  // Ed25519 included
bool is_hmac(KeySpec spec);
inline bool is_key_pair(KeySpec spec) {
  return is_rsa(spec) || is_ecc(spec);
}

// The values of KeyUsage that CreateKey takes for the spec: "SIGN_VERIFY".
std::span<const std::string_view> usages(KeySpec spec);
// What a key of this spec can do, whatever its usage.
std::span<const SigningAlgorithm> signing_algorithms(KeySpec spec);
std::span<const EncryptionAlgorithm> encryption_algorithms(KeySpec spec);
// The bytes of the digest that the algorithm signs.
size_t digest_size(SigningAlgorithm algorithm);
// HMAC_256: "HMAC_SHA_256"; empty for other specs.
std::string_view mac_algorithm(KeySpec spec);

}  // namespace coffer::format
