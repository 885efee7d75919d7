// SPDX-License-Identifier: Apache-2.0
// What becomes of calls on fibers while keyd lives and reads nothing?
#include <gtest/gtest.h>

#include "base/packet_channel.h"
#include "keyclient/connection.h"
#include "tests/unit/base/fiber_loop.h"

namespace coffer::keyclient {
namespace {

using namespace std::chrono_literals;

// More than a socket takes, so that sending would wait for ever.
TEST(HungKeyd, CallsOnFibersEndAtTheirDeadlinesAndTheLoopGoesOn) {
  if (!Fiber::offered()) GTEST_SKIP() << "a sanitizer build has no fibers";
  constexpr uint64_t kCalls = 600;
  auto pair = make_channel_pair();
  ASSERT_TRUE(pair);
  const auto connection = std::make_shared<Connection>(std::move(pair->first));
  testing::FiberLoop loop;
  uint64_t unavailable = 0;
  for (uint64_t id = 1; id <= kCalls; ++id)
    loop.start([&, id] {
      const auto outcome = connection->call(id, Bytes(4096), std::chrono::steady_clock::now() + 200ms);
      if (!outcome.body && outcome.body.error().kind == ErrorKind::kUnavailable) ++unavailable;
    });
  loop.run();
  EXPECT_EQ(unavailable, kCalls);

  PacketChannel peer(std::move(pair->second));
  std::array<uint8_t, 8192> buffer;
  EXPECT_TRUE(peer.receive_into(buffer)) << "some were sent";
}

}  // namespace
}  // namespace coffer::keyclient
