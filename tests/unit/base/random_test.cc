// SPDX-License-Identifier: Apache-2.0
// Are the system's random bytes never the same twice, on whatever thread and of whatever size?
#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace coffer {
namespace {

TEST(SystemRandom, RepeatsNoIdOnAnyThread) {
  constexpr size_t kThreads = 4, kEach = 5000;
  std::set<std::array<uint8_t, 16>> all;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i)
    threads.emplace_back([&] {
      for (size_t made = 0; made < kEach; ++made) {
        std::array<uint8_t, 16> id{};
        system_random().fill(id);
        const std::lock_guard lock(mutex);
        all.insert(id);
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(all.size(), kThreads * kEach);
}

TEST(SystemRandom, FillsTheWholeOfWhatItIsGiven) {
  for (const size_t size : {1u, 8u, 15u, 16u, 17u, 1023u, 1024u, 1025u, 70'000u}) {
    std::vector<bool> written(size);
    for (int round = 0; round < 64; ++round) {  // a byte stays zero in all rounds once in 2^512
      Bytes bytes(size);
      system_random().fill(bytes);
      for (size_t i = 0; i < size; ++i) written[i] = written[i] || bytes[i] != 0;
    }
    EXPECT_EQ(std::count(written.begin(), written.end(), false), 0) << size;
  }
}

}  // namespace
}  // namespace coffer
