// SPDX-License-Identifier: Apache-2.0
// Room for customers' data in the clear: what a volume's sectors are decrypted into and encrypted from. Pages
// that no core dump holds (MADV_DONTDUMP), wiped when dropped. Unlike the arena it is for bulk: not locked
// into memory, and not zeroed at first.
#pragma once
#include <cstddef>

#include "base/bytes.h"

namespace coffer::secret {

// Owns its memory; move-only. Not thread-safe.
class PlaintextBuffer {
 public:
  PlaintextBuffer() = default;
  // Aligned to a page, and rounded up to whole ones inside. Aborts when memory is exhausted.
  explicit PlaintextBuffer(size_t size);
  PlaintextBuffer(PlaintextBuffer&& other) noexcept;
  PlaintextBuffer& operator=(PlaintextBuffer&& other) noexcept;
  ~PlaintextBuffer();

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  MutableByteView first(size_t size) { return MutableByteView(data_, size_).first(size); }
  void wipe();

 private:
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace coffer::secret
