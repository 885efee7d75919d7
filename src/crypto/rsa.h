// SPDX-License-Identifier: Apache-2.0
// RSA as KMS offers it (RFC 8017): RSAES-OAEP with SHA-1 or SHA-256 (MGF1 with the same hash, empty label),
// RSASSA-PSS (MGF1 with the same hash, a salt as long as the hash) and RSASSA-PKCS1-v1_5. RSAES-PKCS1-v1_5 is
// not here, on purpose: whoever may try ciphertexts on it can decrypt. Thread-safe.
#pragma once
#include "crypto/hash.h"
#include "crypto/key_pair.h"

namespace coffer::crypto {

// The longest plaintext that OAEP takes under a key of this kind, in bytes (RFC 8017 section 7.1.1).
size_t largest_oaep_plaintext(KeyPairKind kind, Hash hash);

// kInvalidArgument when the plaintext is empty or too long.
Result<Bytes> rsa_encrypt_oaep(const PublicKey& key, Hash hash, const secret::SecretBytes& plaintext);
// kRefusedCiphertext for anything that does not decrypt; says no more than that.
Result<secret::SecretBytes> rsa_decrypt_oaep(const PrivateKey& key, Hash hash, ByteView ciphertext);

enum class RsaSignature { kPss, kPkcs1 };
// Of a message that `hash` was made of. kInvalidArgument when the digest has another length.
Result<Bytes> rsa_sign(const PrivateKey& key, RsaSignature scheme, Hash hash, ByteView message_digest);
bool rsa_verify(const PublicKey& key, RsaSignature scheme, Hash hash, ByteView message_digest,
                ByteView signature);

}  // namespace coffer::crypto
