// SPDX-License-Identifier: Apache-2.0
#include "secret/plaintext_buffer.h"

#include <sys/mman.h>

#include <cstdlib>
#include <utility>

#include "secret/secret_bytes.h"

namespace coffer::secret {

PlaintextBuffer::PlaintextBuffer(size_t size) : size_(size) {
  if (size == 0) return;
  void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || ::madvise(memory, size, MADV_DONTDUMP) != 0) std::abort();
  data_ = static_cast<uint8_t*>(memory);
}

PlaintextBuffer::PlaintextBuffer(PlaintextBuffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

PlaintextBuffer& PlaintextBuffer::operator=(PlaintextBuffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

PlaintextBuffer::~PlaintextBuffer() {
  if (data_ == nullptr) return;
  wipe();
  ::munmap(data_, size_);
}

void PlaintextBuffer::wipe() {
  secret::wipe(MutableByteView(data_, size_));
}

}  // namespace coffer::secret
