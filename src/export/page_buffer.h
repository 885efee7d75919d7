// SPDX-License-Identifier: Apache-2.0
// A fixed piece of page-aligned memory, not zeroed: what a connection receives into and sends from.
#pragma once
#include <cstdlib>
#include <memory>
#include <new>

#include "base/bytes.h"

namespace coffer::exporting {

class PageBuffer {
 public:
  static constexpr size_t kPage = 4096;
  // `size` is a multiple of kPage.
  explicit PageBuffer(size_t size)
      : bytes_(static_cast<uint8_t*>(std::aligned_alloc(kPage, size))), size_(size) {
    if (!bytes_) throw std::bad_alloc();
  }
  uint8_t* data() { return bytes_.get(); }
  const uint8_t* data() const { return bytes_.get(); }
  size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(uint8_t* pointer) const { std::free(pointer); }
  };
  std::unique_ptr<uint8_t, Free> bytes_;
  size_t size_;
};

}  // namespace coffer::exporting
