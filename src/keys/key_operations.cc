// SPDX-License-Identifier: Apache-2.0
#include "keys/key_operations.h"

#include <algorithm>

#include "crypto/ecdh.h"
#include "crypto/ecdsa.h"
#include "crypto/ed25519.h"
#include "crypto/hmac.h"
#include "crypto/mac.h"
#include "crypto/rsa.h"

namespace coffer::keys {
namespace {

using crypto::Hash;
using format::EncryptionAlgorithm;
using format::KeySpec;
using format::MessageType;
using format::SigningAlgorithm;

tl::unexpected<Error> unfit() {
  return fail(ErrorKind::kInvalidArgument, "the key is of another kind than the operation needs");
}

bool has(auto algorithms, auto algorithm) {
  return std::ranges::find(algorithms, algorithm) != algorithms.end();
}

Hash hash_of(SigningAlgorithm algorithm) {
  const size_t size = format::digest_size(algorithm);
  return size == 32 ? Hash::kSha256 : size == 48 ? Hash::kSha384 : Hash::kSha512;
}

Hash hash_of(EncryptionAlgorithm algorithm) {
  return algorithm == EncryptionAlgorithm::kRsaesOaepSha1 ? Hash::kSha1 : Hash::kSha256;
}

bool is_pss(SigningAlgorithm algorithm) {
  return algorithm <= SigningAlgorithm::kRsassaPssSha512;
}

// The digest to be signed. Ed25519 hashes by itself, twice, and so signs messages only.
Result<Bytes> digest_of(SigningAlgorithm algorithm, const SignedMessage& message) {
  if (message.type == MessageType::kRaw) return crypto::digest(hash_of(algorithm), message.bytes);
  if (message.bytes.size() != format::digest_size(algorithm))
    return fail(ErrorKind::kInvalidArgument, "the digest has another length than the algorithm's");
  return to_bytes(message.bytes);
}

Status check_signing(const BackingKey& key, SigningAlgorithm algorithm, const SignedMessage& message) {
  if (!key.pair || !has(format::signing_algorithms(key.spec), algorithm)) return unfit();
  if (algorithm == SigningAlgorithm::kEd25519Sha512 && message.type != MessageType::kRaw)
    return fail(ErrorKind::kInvalidArgument, "Ed25519 signs messages, not digests");
  return {};
}

crypto::RsaSignature scheme_of(SigningAlgorithm algorithm) {
  return is_pss(algorithm) ? crypto::RsaSignature::kPss : crypto::RsaSignature::kPkcs1;
}

}  // namespace

Result<Bytes> sign(const BackingKey& key, SigningAlgorithm algorithm, const SignedMessage& message) {
  COFFER_CHECK(check_signing(key, algorithm, message));
  if (algorithm == SigningAlgorithm::kEd25519Sha512) return crypto::ed25519_sign(*key.pair, message.bytes);
  COFFER_TRY(digest, digest_of(algorithm, message));
  if (format::is_rsa(key.spec))
    return crypto::rsa_sign(*key.pair, scheme_of(algorithm), hash_of(algorithm), digest);
  return crypto::ecdsa_sign(*key.pair, digest);
}

Result<bool> verify(const BackingKey& key, SigningAlgorithm algorithm, const SignedMessage& message,
                    ByteView signature) {
  COFFER_CHECK(check_signing(key, algorithm, message));
  const crypto::PublicKey public_key = key.pair->public_key();
  if (algorithm == SigningAlgorithm::kEd25519Sha512)
    return crypto::ed25519_verify(public_key, message.bytes, signature);
  COFFER_TRY(digest, digest_of(algorithm, message));
  if (format::is_rsa(key.spec))
    return crypto::rsa_verify(public_key, scheme_of(algorithm), hash_of(algorithm), digest, signature);
  return crypto::ecdsa_verify(public_key, digest, signature);
}

Result<Bytes> generate_mac(const BackingKey& key, ByteView message) {
  if (!format::is_hmac(key.spec)) return unfit();
  return crypto::hmac(mac_hash(key.spec), key.secret, message);
}

Result<bool> verify_mac(const BackingKey& key, ByteView message, ByteView mac) {
  COFFER_TRY(expected, generate_mac(key, message));
  return crypto::equal_constant_time(expected, mac);
}

Result<Bytes> encrypt_asymmetric(const BackingKey& key, EncryptionAlgorithm algorithm,
                                 const secret::SecretBytes& plaintext) {
  if (!key.pair || !has(format::encryption_algorithms(key.spec), algorithm)) return unfit();
  return crypto::rsa_encrypt_oaep(key.pair->public_key(), hash_of(algorithm), plaintext);
}

Result<secret::SecretBytes> decrypt_asymmetric(const BackingKey& key, EncryptionAlgorithm algorithm,
                                               ByteView ciphertext) {
  if (!key.pair || !has(format::encryption_algorithms(key.spec), algorithm)) return unfit();
  return crypto::rsa_decrypt_oaep(*key.pair, hash_of(algorithm), ciphertext);
}

Result<secret::SecretBytes> derive_shared_secret(const BackingKey& key, ByteView peer) {
  if (!key.pair || !crypto::is_weierstrass(key.pair->kind())) return unfit();
  COFFER_TRY(peer_key, crypto::PublicKey::parse(key.pair->kind(), peer));
  return crypto::ecdh(*key.pair, peer_key);
}

}  // namespace coffer::keys
