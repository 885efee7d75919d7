// SPDX-License-Identifier: Apache-2.0
// Bytes that must not leak: kept in the secret arena (arena.h), wiped when dropped, never copied by
// accident, never printable. Reading or writing them needs a RawAccess token, so that every place that
// touches raw secrets is found by: grep -rn 'RawAccess::'
#pragma once
#include <fmt/format.h>

#include <cstddef>
#include <utility>

#include "base/bytes.h"

namespace coffer::secret {

// The one access token. `reason` is a string literal that says why the raw bytes are needed here.
class RawAccess {
 public:
  template <size_t N>
  static constexpr RawAccess because(const char (&reason)[N]) {
    static_assert(N > 8, "say why");
    return RawAccess(reason);
  }
  constexpr const char* reason() const { return reason_; }

 private:
  constexpr explicit RawAccess(const char* reason) : reason_(reason) {}
  const char* reason_;
};

// Move-only. Not thread-safe for writing; const access from several threads is fine.
class SecretBytes {
 public:
  SecretBytes() = default;
  explicit SecretBytes(size_t size);           // zero-filled
  static SecretBytes copy_of(ByteView bytes);  // the caller still owns (and wipes) its original
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;
  SecretBytes(const SecretBytes&) = delete;
  SecretBytes& operator=(const SecretBytes&) = delete;
  ~SecretBytes();

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  SecretBytes clone() const;
  SecretBytes slice(size_t offset, size_t length) const;  // a copy; aborts when out of range

  ByteView read(RawAccess) const { return {data_, size_}; }
  MutableByteView write(RawAccess) { return {data_, size_}; }

  // Constant time in the contents.
  bool equals(const SecretBytes& other) const;

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

// explicit_bzero-grade wiping of memory that is not ours to own.
void wipe(MutableByteView bytes);
void wipe(std::string& text);
void wipe(Bytes& bytes);

}  // namespace coffer::secret

template <>
struct fmt::formatter<coffer::secret::SecretBytes> {
  formatter() = delete;  // a secret cannot be formatted
};
