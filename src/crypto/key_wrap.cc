// SPDX-License-Identifier: Apache-2.0
#include "crypto/key_wrap.h"

#include <openssl/err.h>

#include "crypto/openssl_handle.h"

namespace coffer::crypto {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

constexpr size_t kBlock = 8;           // a semiblock of SP 800-38F
constexpr size_t kLargest = 64 << 10;  // keys are far shorter

const EVP_CIPHER* fetch(const char* name) {
  const EVP_CIPHER* cipher = EVP_CIPHER_fetch(nullptr, name, nullptr);
  require(cipher != nullptr);
  return cipher;
}

// Null for a size that AES does not have.
const EVP_CIPHER* cipher_for(size_t key_size) {
  static const EVP_CIPHER* const with_128 = fetch("AES-128-WRAP-PAD");
  static const EVP_CIPHER* const with_192 = fetch("AES-192-WRAP-PAD");
  static const EVP_CIPHER* const with_256 = fetch("AES-256-WRAP-PAD");
  return key_size == 16 ? with_128 : key_size == 24 ? with_192 : key_size == 32 ? with_256 : nullptr;
}

// Returns the number of bytes written to `out`, 0 when refused. OpenSSL wraps and unwraps in one call.
size_t run(bool wrap, const SecretBytes& key_encryption_key, ByteView in, uint8_t* out) {
  const ByteView key = key_encryption_key.read(RawAccess::because("key wrap takes the key-encryption key"));
  const CipherContext context(EVP_CIPHER_CTX_new());
  require(context != nullptr);
  EVP_CIPHER_CTX_set_flags(context.get(), EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
  int written = 0;
  require(EVP_CipherInit_ex2(context.get(), cipher_for(key.size()), key.data(), nullptr, wrap ? 1 : 0,
                             nullptr) == 1);
  const bool done =
      EVP_CipherUpdate(context.get(), out, &written, in.data(), static_cast<int>(in.size())) == 1;
  if (!done) ERR_clear_error();
  return done && written > 0 ? static_cast<size_t>(written) : 0;
}

}  // namespace

Result<Bytes> wrap_key_with_padding(const SecretBytes& key_encryption_key, const SecretBytes& key) {
  if (cipher_for(key_encryption_key.size()) == nullptr || key.empty() || key.size() > kLargest)
    return fail(ErrorKind::kInvalidArgument, "AES key wrap does not take keys of these lengths");
  const ByteView in = key.read(RawAccess::because("a key is wrapped"));
  Bytes wrapped((in.size() + kBlock - 1) / kBlock * kBlock + kBlock);
  require(run(true, key_encryption_key, in, wrapped.data()) == wrapped.size());
  return wrapped;
}

Result<SecretBytes> unwrap_key_with_padding(const SecretBytes& key_encryption_key, ByteView wrapped) {
  const auto refused = [] { return fail(ErrorKind::kRefusedCiphertext, "the ciphertext was refused"); };
  if (cipher_for(key_encryption_key.size()) == nullptr || wrapped.size() < 2 * kBlock ||
      wrapped.size() % kBlock != 0 || wrapped.size() > kLargest)
    return refused();
  SecretBytes key(wrapped.size());
  const size_t size = run(false, key_encryption_key, wrapped,
                          key.write(RawAccess::because("a key is unwrapped into the arena")).data());
  if (size == 0) return refused();
  return key.slice(0, size);
}

}  // namespace coffer::crypto
