// SPDX-License-Identifier: Apache-2.0
// The ciphers on one thread, in cache, beside a plain copy: what counts are the ratios between rows of one
// run.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "crypto/aead.h"
#include "crypto/random.h"
#include "crypto/xts.h"

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

void xts(benchmark::State& state, bool encrypt) {
  const auto sector_size = static_cast<size_t>(state.range(0));
  const auto cipher = XtsCipher::create(random_secret(kXtsKeySize)).value();
  const Bytes in = random_bytes(kBuffer);
  Bytes out(kBuffer);
  uint64_t sector = 0;
  for (auto _ : state) {
    if (encrypt)
      cipher->encrypt(sector, sector_size, in, out);
    else
      cipher->decrypt(sector, sector_size, in, out);
    sector += kBuffer / sector_size;
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(kBuffer));
}
BENCHMARK_CAPTURE(xts, encrypt, true)->Arg(4096)->Arg(512);
BENCHMARK_CAPTURE(xts, decrypt, false)->Arg(4096)->Arg(512);

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
