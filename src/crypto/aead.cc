// SPDX-License-Identifier: Apache-2.0
#include "crypto/aead.h"

#include <climits>

#include "crypto/openssl_handle.h"

namespace coffer::crypto {
namespace {

using secret::RawAccess;

bool fits_openssl(ByteView bytes) {
  return bytes.size() <= INT_MAX - kAeadTagSize;
}

// One direction of GCM up to, not including, the tag. EVP_CipherUpdate takes a null `out` for associated
// data.
bool run_gcm(EVP_CIPHER_CTX* context, bool encrypt, const secret::SecretBytes& key, ByteView iv,
             ByteView associated_data, ByteView in, uint8_t* out) {
  const ByteView raw_key = key.read(RawAccess::because("GCM takes the key"));
  int written = 0;
  if (EVP_CipherInit_ex2(context, aes_256_gcm(), raw_key.data(), iv.data(), encrypt ? 1 : 0, nullptr) != 1)
    return false;
  if (!associated_data.empty() && EVP_CipherUpdate(context, nullptr, &written, associated_data.data(),
                                                   static_cast<int>(associated_data.size())) != 1)
    return false;
  return in.empty() || EVP_CipherUpdate(context, out, &written, in.data(), static_cast<int>(in.size())) == 1;
}

}  // namespace

Result<Bytes> aead_seal(const secret::SecretBytes& key, ByteView iv, ByteView associated_data,
                        const secret::SecretBytes& plaintext) {
  const ByteView in = plaintext.read(RawAccess::because("the plaintext is encrypted"));
  if (key.size() != kAeadKeySize || iv.size() != kAeadIvSize || !fits_openssl(associated_data) ||
      !fits_openssl(in))
    return fail(ErrorKind::kInvalidArgument, "wrong size of key, IV, associated data or plaintext");
  const CipherContext context(EVP_CIPHER_CTX_new());
  Bytes sealed(in.size() + kAeadTagSize);
  int written = 0;
  require(context != nullptr && run_gcm(context.get(), true, key, iv, associated_data, in, sealed.data()) &&
          EVP_EncryptFinal_ex(context.get(), sealed.data() + in.size(), &written) == 1 &&
          EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kAeadTagSize,
                              sealed.data() + in.size()) == 1);
  return sealed;
}

Result<secret::SecretBytes> aead_open(const secret::SecretBytes& key, ByteView iv, ByteView associated_data,
                                      ByteView ciphertext_and_tag) {
  const auto refused = [] { return fail(ErrorKind::kRefusedCiphertext, "the ciphertext was refused"); };
  if (key.size() != kAeadKeySize || iv.size() != kAeadIvSize || ciphertext_and_tag.size() < kAeadTagSize ||
      !fits_openssl(associated_data) || !fits_openssl(ciphertext_and_tag))
    return refused();
  const ByteView ciphertext = ciphertext_and_tag.first(ciphertext_and_tag.size() - kAeadTagSize);
  Bytes tag = to_bytes(ciphertext_and_tag.last(kAeadTagSize));
  const CipherContext context(EVP_CIPHER_CTX_new());
  secret::SecretBytes plaintext(ciphertext.size());
  uint8_t* out = plaintext.write(RawAccess::because("the plaintext is decrypted")).data();
  uint8_t nothing = 0;
  int written = 0;
  require(context != nullptr && run_gcm(context.get(), false, key, iv, associated_data, ciphertext, out) &&
          EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag.data()) == 1);
  // Compares the tags in constant time. What was decrypted before is wiped with `plaintext` on refusal.
  if (EVP_DecryptFinal_ex(context.get(), &nothing, &written) != 1) return refused();
  return plaintext;
}

}  // namespace coffer::crypto
