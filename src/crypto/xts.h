// SPDX-License-Identifier: Apache-2.0
// AES-256-XTS (IEEE 1619, NIST SP 800-38E) over whole sectors, the tweak being the sector number as 128-bit
// little endian: what dm-crypt calls aes-xts-plain64 with sector_size:4096 iv_large_sectors.
// Claim: hides contents; does not detect tampering.
#pragma once
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "secret/secret_bytes.h"

namespace coffer::crypto {

inline constexpr size_t kXtsKeySize = 64;

// The expanded key of one layer, by a kernel of ours or by OpenSSL (cipher_policy.h). Thread-safe. Key
// schedules lie in the arena, OpenSSL's when use_arena_for_openssl() ran, and are wiped on destruction.
class XtsCipher {
 public:
  // kInvalidArgument unless 64 bytes whose two halves differ.
  static Result<std::unique_ptr<XtsCipher>> create(const secret::SecretBytes& key);
  virtual ~XtsCipher() = default;

  // `in` and `out` have the same size, a multiple of sector_size; they may be the same memory, not overlap
  // otherwise. The tweak of the first sector is first_sector, then it counts by one.
  virtual void encrypt(uint64_t first_sector, size_t sector_size, ByteView in, MutableByteView out) = 0;
  virtual void decrypt(uint64_t first_sector, size_t sector_size, ByteView in, MutableByteView out) = 0;

  // Whether a call owns nothing while it runs, so that access_mapped() (base/mapped_access.h) may leave it in
  // the middle. Registers and the stack then keep data and tweaks, never key material.
  virtual bool may_be_abandoned() const { return false; }
};

}  // namespace coffer::crypto
