// SPDX-License-Identifier: Apache-2.0
// Is the memory for customers' data left out of core dumps, and wiped?
#include "secret/plaintext_buffer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace coffer::secret {
namespace {

// The kernel's flags of the mapping that holds `address` (proc(5), smaps).
std::string flags_at(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  bool here = false;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &begin, &end) == 2)
      here =
          reinterpret_cast<unsigned long>(address) >= begin && reinterpret_cast<unsigned long>(address) < end;
    if (here && line.starts_with("VmFlags:")) return line + " ";
  }
  return {};
}

TEST(PlaintextBuffer, IsInNoCoreDump) {
  PlaintextBuffer buffer(100'000);
  const std::vector<uint8_t> ordinary(1 << 20);
  EXPECT_NE(flags_at(buffer.data()).find(" dd "), std::string::npos);
  EXPECT_EQ(flags_at(ordinary.data()).find(" dd "), std::string::npos) << "the positive control";
  EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % 4096, 0u);
}

TEST(PlaintextBuffer, IsWiped) {
  PlaintextBuffer buffer(5000);
  std::fill_n(buffer.data(), buffer.size(), uint8_t{0xa5});
  buffer.wipe();
  EXPECT_TRUE(std::all_of(buffer.data(), buffer.data() + 5000, [](uint8_t byte) { return byte == 0; }));
}

TEST(PlaintextBuffer, MovesItsMemory) {
  PlaintextBuffer first(4096), second;
  EXPECT_TRUE(second.empty());
  first.data()[0] = 7;
  second = std::move(first);
  PlaintextBuffer third(std::move(second));
  ASSERT_EQ(third.size(), 4096u);
  EXPECT_EQ(third.data()[0], 7);
}

}  // namespace
}  // namespace coffer::secret
