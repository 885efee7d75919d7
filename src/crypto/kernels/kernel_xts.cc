// SPDX-License-Identifier: Apache-2.0
#include "crypto/kernels/kernel_xts.h"

#include <cstdlib>
#include <new>

#include "secret/arena.h"
#include "secret/registers.h"

namespace coffer::crypto {
namespace {

constexpr size_t kXtsBlockSize = 16;

struct ArenaRelease {
  void operator()(XtsSchedule* schedule) const { secret::arena_release(schedule); }
};

class KernelXts final : public XtsCipher {
 public:
  KernelXts(const XtsKernel& kernel, ByteView key)
      : kernel_(kernel), schedule_(new (secret::arena_allocate(sizeof(XtsSchedule))) XtsSchedule) {
    kernel_.expand(key.data(), *schedule_);
    secret::wipe_vector_registers();
  }

  void encrypt(uint64_t first_sector, size_t sector_size, ByteView in, MutableByteView out) override {
    run(true, first_sector, sector_size, in, out);
  }
  void decrypt(uint64_t first_sector, size_t sector_size, ByteView in, MutableByteView out) override {
    run(false, first_sector, sector_size, in, out);
  }
  bool may_be_abandoned() const override { return true; }

 private:
  void run(bool encrypt, uint64_t first_sector, size_t sector_size, ByteView in, MutableByteView out) const {
    if (sector_size < kXtsBlockSize || sector_size % kXtsBlockSize != 0 || in.size() != out.size() ||
        in.size() % sector_size != 0)
      std::abort();
    kernel_.run(*schedule_, encrypt, first_sector, 1, sector_size, in.data(), out.data(),
                in.size() / sector_size);
    secret::wipe_vector_registers();
  }

  const XtsKernel& kernel_;
  const std::unique_ptr<XtsSchedule, ArenaRelease> schedule_;
};

}  // namespace

std::unique_ptr<XtsCipher> make_kernel_xts(const XtsKernel& kernel, ByteView key) {
  return std::make_unique<KernelXts>(kernel, key);
}

}  // namespace coffer::crypto
