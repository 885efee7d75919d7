// SPDX-License-Identifier: Apache-2.0
#include "crypto/sealed_box.h"

#include <openssl/err.h>

#include "crypto/aead.h"
#include "crypto/kdf.h"
#include "crypto/mac.h"
#include "crypto/openssl_handle.h"
#include "crypto/random.h"

namespace coffer::crypto {
namespace {

using secret::RawAccess;
using secret::SecretBytes;

KeyHandle load_private_key(const SecretBytes& private_key) {
  const ByteView raw = private_key.read(RawAccess::because("X25519 takes the private key"));
  return KeyHandle(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw.data(), raw.size()));
}

Result<Bytes> public_key_of(const SecretBytes& private_key) {
  const KeyHandle handle = load_private_key(private_key);
  Bytes public_key(kX25519KeySize);
  size_t size = public_key.size();
  if (handle == nullptr || EVP_PKEY_get_raw_public_key(handle.get(), public_key.data(), &size) != 1)
    return fail(ErrorKind::kInternal, "X25519 gave no public key");
  return public_key;
}

// RFC 7748 section 6.1. Nothing on a public key of low order, whose shared secret would be all zeros.
std::optional<SecretBytes> agree(const SecretBytes& private_key, ByteView public_key) {
  const KeyHandle own = load_private_key(private_key);
  const KeyHandle peer(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, public_key.data(), public_key.size()));
  const KeyContext context(own != nullptr ? EVP_PKEY_CTX_new(own.get(), nullptr) : nullptr);
  SecretBytes shared(kX25519KeySize);
  size_t size = shared.size();
  const bool agreed =
      context != nullptr && peer != nullptr && EVP_PKEY_derive_init(context.get()) == 1 &&
      EVP_PKEY_derive_set_peer(context.get(), peer.get()) == 1 &&
      EVP_PKEY_derive(context.get(),
                      shared.write(RawAccess::because("X25519 writes the shared secret")).data(), &size) == 1;
  ERR_clear_error();  // a refusal leaves no trace for whoever looks at the queue next
  if (!agreed || size != kX25519KeySize || shared.equals(SecretBytes(kX25519KeySize))) return std::nullopt;
  return shared;
}

SecretBytes box_key(const SecretBytes& shared, ByteView ephemeral_public_key, ByteView recipient_public_key) {
  Bytes info = to_bytes(ephemeral_public_key);
  info.insert(info.end(), recipient_public_key.begin(), recipient_public_key.end());
  return hkdf_sha256(shared, {}, info, kAeadKeySize);
}

}  // namespace

Result<RecipientKeyPair> make_recipient_key_pair() {
  SecretBytes private_key = random_secret(kX25519KeySize);
  COFFER_TRY(public_key, public_key_of(private_key));
  return RecipientKeyPair{std::move(private_key), std::move(public_key)};
}

Result<Bytes> seal_box(ByteView recipient_public_key, ByteView binding, const SecretBytes& plaintext) {
  if (recipient_public_key.size() != kX25519KeySize)
    return fail(ErrorKind::kInvalidArgument, "an X25519 public key has 32 bytes");
  COFFER_TRY(ephemeral, make_recipient_key_pair());
  const std::optional<SecretBytes> shared = agree(ephemeral.private_key, recipient_public_key);
  if (!shared) return fail(ErrorKind::kInvalidArgument, "an X25519 public key of low order");
  const Bytes iv = random_bytes(kAeadIvSize);
  COFFER_TRY(sealed,
             aead_seal(box_key(*shared, ephemeral.public_key, recipient_public_key), iv, binding, plaintext));
  Bytes box = std::move(ephemeral.public_key);
  box.insert(box.end(), iv.begin(), iv.end());
  box.insert(box.end(), sealed.begin(), sealed.end());
  return box;
}

Result<SecretBytes> open_box(const RecipientKeyPair& recipient, ByteView binding, ByteView box) {
  const auto refused = [] { return fail(ErrorKind::kRefusedCiphertext, "the box was refused"); };
  if (box.size() < kX25519KeySize + kAeadIvSize + kAeadTagSize) return refused();
  const ByteView ephemeral = box.first(kX25519KeySize);
  const std::optional<SecretBytes> shared = agree(recipient.private_key, ephemeral);
  if (!shared) return refused();
  auto plaintext =
      aead_open(box_key(*shared, ephemeral, recipient.public_key), box.subspan(kX25519KeySize, kAeadIvSize),
                binding, box.subspan(kX25519KeySize + kAeadIvSize));
  if (!plaintext) return refused();
  return plaintext;
}

}  // namespace coffer::crypto
