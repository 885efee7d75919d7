// SPDX-License-Identifier: Apache-2.0
#include "crypto/rsa.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#include "crypto/openssl_handle.h"

namespace coffer::crypto {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

KeyContext context_of(evp_pkey_st* key) {
  KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  require(context != nullptr);
  return context;
}

bool use_oaep(EVP_PKEY_CTX* context, Hash hash) {
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_OAEP_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_oaep_md(context, message_digest(hash)) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, message_digest(hash)) == 1;
}

bool use_scheme(EVP_PKEY_CTX* context, RsaSignature scheme, Hash hash) {
  if (scheme == RsaSignature::kPkcs1)
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
           EVP_PKEY_CTX_set_signature_md(context, message_digest(hash)) == 1;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context, message_digest(hash)) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, message_digest(hash)) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

size_t largest_oaep_plaintext(KeyPairKind kind, Hash hash) {
  return modulus_size(kind) - 2 * digest_size(hash) - 2;
}

Result<Bytes> rsa_encrypt_oaep(const PublicKey& key, Hash hash, const SecretBytes& plaintext) {
  if (!is_rsa(key.kind()) || plaintext.empty() || plaintext.size() > largest_oaep_plaintext(key.kind(), hash))
    return fail(ErrorKind::kInvalidArgument, "OAEP does not take a plaintext of that length under this key");
  const ByteView in = plaintext.read(RawAccess::because("the plaintext is encrypted"));
  const KeyContext context = context_of(key.handle());
  Bytes ciphertext(modulus_size(key.kind()));
  size_t size = ciphertext.size();
  require(EVP_PKEY_encrypt_init(context.get()) == 1 && use_oaep(context.get(), hash) &&
          EVP_PKEY_encrypt(context.get(), ciphertext.data(), &size, in.data(), in.size()) == 1 &&
          size == ciphertext.size());
  return ciphertext;
}

Result<SecretBytes> rsa_decrypt_oaep(const PrivateKey& key, Hash hash, ByteView ciphertext) {
  const auto refused = [] {
    ERR_clear_error();
    return fail(ErrorKind::kRefusedCiphertext, "the ciphertext was refused");
  };
  if (!is_rsa(key.kind()) || ciphertext.size() != modulus_size(key.kind())) return refused();
  const KeyContext context = context_of(key.handle());
  require(EVP_PKEY_decrypt_init(context.get()) == 1 && use_oaep(context.get(), hash));
  SecretBytes plaintext(modulus_size(key.kind()));  // OpenSSL asks for this much room
  size_t size = plaintext.size();
  uint8_t* out = plaintext.write(RawAccess::because("the plaintext is decrypted")).data();
  if (EVP_PKEY_decrypt(context.get(), out, &size, ciphertext.data(), ciphertext.size()) != 1)
    return refused();
  return plaintext.slice(0, size);
}

Result<Bytes> rsa_sign(const PrivateKey& key, RsaSignature scheme, Hash hash, ByteView message_digest) {
  if (!is_rsa(key.kind()) || message_digest.size() != digest_size(hash))
    return fail(ErrorKind::kInvalidArgument, "the digest has another length than the hash");
  const KeyContext context = context_of(key.handle());
  Bytes signature(modulus_size(key.kind()));
  size_t size = signature.size();
  require(EVP_PKEY_sign_init(context.get()) == 1 && use_scheme(context.get(), scheme, hash) &&
          EVP_PKEY_sign(context.get(), signature.data(), &size, message_digest.data(),
                        message_digest.size()) == 1 &&
          size == signature.size());
  return signature;
}

bool rsa_verify(const PublicKey& key, RsaSignature scheme, Hash hash, ByteView message_digest,
                ByteView signature) {
  if (!is_rsa(key.kind()) || message_digest.size() != digest_size(hash) ||
      signature.size() != modulus_size(key.kind()))
    return false;
  const KeyContext context = context_of(key.handle());
  require(EVP_PKEY_verify_init(context.get()) == 1 && use_scheme(context.get(), scheme, hash));
  const bool valid = EVP_PKEY_verify(context.get(), signature.data(), signature.size(), message_digest.data(),
                                     message_digest.size()) == 1;
  if (!valid) ERR_clear_error();
  return valid;
}

}  // namespace coffer::crypto
