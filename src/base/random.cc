// SPDX-License-Identifier: Apache-2.0
#include "base/random.h"

#include <sys/random.h>

#include <cerrno>
#include <cstdlib>

namespace coffer {
namespace {

class SystemRandom final : public Random {
 public:
  void fill(MutableByteView out) override {
    while (!out.empty()) {
      const ssize_t got = getrandom(out.data(), out.size(), 0);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) std::abort();  // no id and no key may ever be made from bytes that are not random
      out = out.subspan(static_cast<size_t>(got));
    }
  }
};

}  // namespace

Random& system_random() {
  static SystemRandom random;
  return random;
}

}  // namespace coffer
