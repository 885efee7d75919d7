// SPDX-License-Identifier: Apache-2.0
#include "secret/arena.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "secret/secret_bytes.h"

namespace coffer::secret {
namespace {

// Allocates before main does anything: the arena must not depend on the order of static initialisation.
void* const allocated_before_main = arena_allocate(100);

TEST(Arena, WorksBeforeMain) {
  ASSERT_NE(allocated_before_main, nullptr);
  memset(allocated_before_main, 1, 100);
  arena_release(allocated_before_main);
}

TEST(Arena, ReportsItsKindAndUsage) {
  EXPECT_FALSE(to_string(arena_kind()).empty());
#ifdef COFFER_SANITIZED
  EXPECT_EQ(arena_kind(), ArenaKind::kOrdinaryMemory);
#else
  EXPECT_NE(arena_kind(), ArenaKind::kOrdinaryMemory);
  EXPECT_GE(arena_usage().capacity, 8u << 20);
  initialise_arena(20 << 20);
  rlimit locked{};
  ::getrlimit(RLIMIT_MEMLOCK, &locked);
  const bool may_lock_more = ::geteuid() == 0 || locked.rlim_max > (32u << 20);
  EXPECT_GE(arena_usage().capacity, (may_lock_more ? 20u : 8u) << 20);
  EXPECT_NE(arena_kind(), ArenaKind::kOrdinaryMemory);
#endif
  const size_t before = arena_usage().used;
  void* block = arena_allocate(5000);
  EXPECT_GE(arena_usage().used, before + 5000);
  arena_release(block);
  EXPECT_EQ(arena_usage().used, before);
}

// Does a block keep its contents through any series of sizes?
TEST(Arena, ResizeKeepsContents) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  Bytes expected;
  auto* block = static_cast<uint8_t*>(arena_resize(nullptr, 1));
  for (int step = 0; step < 2000; ++step) {
    const size_t size = random() % (step % 10 == 0 ? 200000 : 2000) + 1;
    block = static_cast<uint8_t*>(arena_resize(block, size));
    ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % 64, 0u);
    const size_t kept = std::min(size, expected.size());
    ASSERT_TRUE(std::equal(block, block + kept, expected.begin()));
    expected.resize(size);
    for (size_t i = 0; i < size; ++i) block[i] = expected[i] = static_cast<uint8_t>(random());
  }
  arena_release(block);
  arena_release(nullptr);
}

#ifndef COFFER_SANITIZED
// Shrinking in place must not leave the old tail lying about.
TEST(Arena, ResizeWipesWhatItCutsOff) {
  auto* block = static_cast<uint8_t*>(arena_allocate(1000));
  memset(block, 0x5a, 1000);
  auto* shrunk = static_cast<uint8_t*>(arena_resize(block, 900));
  ASSERT_EQ(shrunk, block);
  EXPECT_EQ(shrunk[899], 0x5a);
  EXPECT_TRUE(std::all_of(block + 900, block + 1000, [](uint8_t byte) { return byte == 0; }));
  auto* moved = static_cast<uint8_t*>(arena_resize(shrunk, 50000));
  ASSERT_NE(moved, block);
  EXPECT_TRUE(std::all_of(block, block + 1000, [](uint8_t byte) { return byte == 0; }));
  arena_release(moved);
}
#endif

// A child has none of its parent's secrets, can drop them, and has an arena of its own.
TEST(Arena, AForkedChildStartsAfresh) {
  SecretBytes inherited = SecretBytes::copy_of(as_bytes("the parent's secret"));
  const pid_t child = ::fork();
  if (child == 0) {
    inherited = SecretBytes();
    SecretBytes own = SecretBytes::copy_of(as_bytes("the child's secret"));
    ::_exit(own.equals(SecretBytes::copy_of(as_bytes("the child's secret"))) ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(inherited.equals(SecretBytes::copy_of(as_bytes("the parent's secret"))));
}

}  // namespace
}  // namespace coffer::secret
