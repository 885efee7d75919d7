// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <string.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

namespace coffer {
namespace {

void fill_by_kernel(MutableByteView out) {
  while (!out.empty()) {
    const ssize_t got = getrandom(out.data(), out.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) std::abort();  // no id and no key may ever be made from bytes that are not random
    out = out.subspan(static_cast<size_t>(got));
  }
}

// A thread's supply for ids, of which each call takes two: a system call for each takes longer than the rest
// of making one. What is handed out is forgotten.
class IdSupply {
 public:
  static constexpr size_t kLargest = 16;  // bytes: an id. Whatever is to be unguessable for long is larger.

  void take(MutableByteView out) {
    if (bytes_.size() - used_ < out.size()) {
      fill_by_kernel(bytes_);
      used_ = 0;
    }
    const MutableByteView taken = MutableByteView(bytes_).subspan(used_, out.size());
    std::copy(taken.begin(), taken.end(), out.begin());
    explicit_bzero(taken.data(), taken.size());
    used_ += out.size();
  }

 private:
  std::array<uint8_t, 1024> bytes_{};
  size_t used_ = bytes_.size();
};

class SystemRandom final : public Random {
 public:
  void fill(MutableByteView out) override {
    thread_local IdSupply ids;
    if (out.size() <= IdSupply::kLargest)
      ids.take(out);
    else
      fill_by_kernel(out);
  }
};

}  // namespace

Random& system_random() {
  static SystemRandom random;
  return random;
}

}  // namespace coffer
