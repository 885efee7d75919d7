// SPDX-License-Identifier: Apache-2.0
// The ciphers on one thread, in cache, beside a plain copy and the processor's own limit: what counts are the
// ratios between rows of one run. docs/PERFORMANCE.md has some.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "crypto/aead.h"
#include "crypto/kernels/kernel_xts.h"
#include "crypto/kernels/xts_kernels.h"
#include "crypto/random.h"
#include "crypto/xts_openssl.h"

namespace coffer::crypto {
namespace {

constexpr size_t kBuffer = 128 << 10;  // fits the L2 cache: a piece of the volume's I/O path

void copy(benchmark::State& state) {
  const Bytes in = random_bytes(kBuffer);
  Bytes out(kBuffer);
  for (auto _ : state) {
    std::copy(in.begin(), in.end(), out.begin());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kBuffer));
}
BENCHMARK(copy);

#ifdef __x86_64__
// What no AES-256 can exceed: the fourteen rounds of each block as eight independent chains of instructions
// on registers, without memory, tweaks and round keys.
__attribute__((target("avx512f,vaes"))) void vaesenc_bound(benchmark::State& state) {
  typedef long long Register __attribute__((vector_size(64)));
  Register r[8] = {};
  for (auto _ : state)
    for (size_t done = 0; done < kBuffer; done += sizeof r)
      for (int round = 0; round < 14; ++round)
        __asm__ volatile(
            "vaesenc %0, %0, %0\n\tvaesenc %1, %1, %1\n\tvaesenc %2, %2, %2\n\tvaesenc %3, %3, %3\n\t"
            "vaesenc %4, %4, %4\n\tvaesenc %5, %5, %5\n\tvaesenc %6, %6, %6\n\tvaesenc %7, %7, %7"
            : "+v"(r[0]), "+v"(r[1]), "+v"(r[2]), "+v"(r[3]), "+v"(r[4]), "+v"(r[5]), "+v"(r[6]), "+v"(r[7]));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kBuffer));
}
#endif

struct Shape {
  size_t sector_size = 4096;
  size_t call = kBuffer;  // bytes at a time: the whole buffer, or one small request
  size_t offset = 0;      // of both buffers from the start of a page
};

class PageAligned {
 public:
  explicit PageAligned(size_t size) : memory_(static_cast<uint8_t*>(std::aligned_alloc(4096, size + 4096))) {
    std::fill_n(memory_.get(), size, uint8_t{1});
  }
  uint8_t* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(uint8_t* memory) const { std::free(memory); }
  };
  std::unique_ptr<uint8_t[], Free> memory_;
};

void xts(benchmark::State& state, XtsCipher& cipher, bool encrypt, const Shape& shape) {
  const PageAligned in(kBuffer + shape.offset), out(kBuffer + shape.offset);
  uint64_t sector = 0;
  for (auto _ : state)
    for (size_t at = 0; at < kBuffer; at += shape.call, sector += shape.call / shape.sector_size) {
      const ByteView from(in.data() + shape.offset + at, shape.call);
      const MutableByteView to(out.data() + shape.offset + at, shape.call);
      if (encrypt)
        cipher.encrypt(sector, shape.sector_size, from, to);
      else
        cipher.decrypt(sector, shape.sector_size, from, to);
      benchmark::ClobberMemory();
    }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kBuffer));
}

// Rows are named xts/IMPLEMENTATION/DIRECTION/sector:BYTES/call:BYTES/offset:BYTES.
void register_xts(const std::string& name, const std::shared_ptr<XtsCipher>& cipher) {
  constexpr Shape kShapes[] = {
      {}, {.sector_size = 512}, {.call = 4096}, {.sector_size = 512, .call = 4096}, {.offset = 28}};
  for (const Shape& shape : kShapes)
    for (const bool encrypt : {true, false})
      benchmark::RegisterBenchmark(
          fmt::format("xts/{}/{}/sector:{}/call:{}/offset:{}", name, encrypt ? "encrypt" : "decrypt",
                      shape.sector_size, shape.call, shape.offset)
              .c_str(),
          [=](benchmark::State& state) { xts(state, *cipher, encrypt, shape); });
}

const bool registered = [] {
  const auto key = random_secret(kXtsKeySize);
  const ByteView raw = key.read(secret::RawAccess::because("a benchmark makes ciphers"));
  register_xts("OpenSSL", make_openssl_xts(raw));
  for (const XtsKernel& kernel : xts_kernels())
    if (kernel.is_runnable()) {
      register_xts(kernel.name, make_kernel_xts(kernel, raw));
#ifdef __x86_64__
      if (kernel.run == xts_vaes_512) benchmark::RegisterBenchmark("vaesenc_bound", vaesenc_bound);
#endif
    }
  return true;
}();

// A KMS call's worth: one small message.
void aead(benchmark::State& state) {
  const auto key = random_secret(kAeadKeySize);
  const auto plaintext = random_secret(static_cast<size_t>(state.range(0)));
  const Bytes iv = random_bytes(kAeadIvSize);
  for (auto _ : state) benchmark::DoNotOptimize(aead_seal(key, iv, {}, plaintext));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(aead)->Arg(64)->Arg(4096);

}  // namespace
}  // namespace coffer::crypto
