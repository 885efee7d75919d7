// SPDX-License-Identifier: Apache-2.0
#include "secret/secret_bytes.h"

#include <string.h>

#include <cstdlib>

#include "secret/arena.h"

namespace coffer::secret {

SecretBytes::SecretBytes(size_t size) : size_(size) {
  if (size != 0) data_ = static_cast<uint8_t*>(arena_allocate(size));  // zero-filled by the arena
}

SecretBytes SecretBytes::copy_of(ByteView bytes) {
  SecretBytes copy(bytes.size());
  if (!bytes.empty()) memcpy(copy.data_, bytes.data(), bytes.size());
  return copy;
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  if (this != &other) {
    arena_release(data_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

SecretBytes::~SecretBytes() {
  arena_release(data_);
}

SecretBytes SecretBytes::clone() const {
  return copy_of({data_, size_});
}

SecretBytes SecretBytes::slice(size_t offset, size_t length) const {
  if (offset > size_ || length > size_ - offset) std::abort();
  return copy_of({data_ + offset, length});
}

bool SecretBytes::equals(const SecretBytes& other) const {
  if (size_ != other.size_) return false;
  uint8_t difference = 0;
  for (size_t i = 0; i < size_; ++i) {
    difference |= data_[i] ^ other.data_[i];
    // Keeps the compiler from leaving the loop early once the answer is known.
    __asm__ volatile("" : "+r"(difference));
  }
  return difference == 0;
}

void wipe(MutableByteView bytes) {
  explicit_bzero(bytes.data(), bytes.size());
}

// Up to the capacity: a string that shrank still holds its old tail.
void wipe(std::string& text) {
  text.resize(text.capacity());
  explicit_bzero(text.data(), text.size());
  text.clear();
}

void wipe(Bytes& bytes) {
  bytes.resize(bytes.capacity());
  explicit_bzero(bytes.data(), bytes.size());
  bytes.clear();
}

}  // namespace coffer::secret
