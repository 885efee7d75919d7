// SPDX-License-Identifier: Apache-2.0
// RSA keys take seconds: how many calls may wait for one?
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/packet_channel.h"
#include "keyclient/keyd_client.h"

namespace coffer::keyclient {
namespace {

using namespace std::chrono_literals;
using format::KeySpec;

const WrappedBackingKey kKey{{"123456789012", "us-west-2", "1234abcd-12ab-34cd-56ef-1234567890ab"}, 1, {1}};

// A keyd that takes its time for ever.
TEST(RsaTurns, SixteenCallsWaitAndMoreAreToldToComeAgain) {
  auto pair = make_channel_pair();
  ASSERT_TRUE(pair);
  PacketChannel keyd(std::move(pair->second));
  KeydClient client;
  client.connect(std::move(pair->first));
  std::atomic<int> throttled = 0, unavailable = 0;
  std::vector<std::thread> waiting;
  const auto begin = [&](KeySpec spec) {
    waiting.emplace_back([&, spec] {
      const auto pair = client.generate_data_key_pair(kKey, spec, {}, true);
      if (!pair) ++(pair.error().code == "ThrottlingException" ? throttled : unavailable);
    });
  };
  for (int i = 0; i < 40; ++i) begin(KeySpec::kRsa4096);
  for (int i = 0; i < 500 && throttled < 24; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(throttled, 24);
  EXPECT_EQ(unavailable, 0) << "sixteen wait";

  EXPECT_EQ(client.create_key_material(kKey.binding, 1, KeySpec::kRsa2048).error().code,
            "ThrottlingException");
  for (int i = 0; i < 20; ++i) begin(KeySpec::kEccNistP256);
  for (int i = 0; i < 36; ++i)
    ASSERT_TRUE(keyd.receive()) << "those of elliptic curves are sent, however many";

  keyd.shutdown();
  for (auto& thread : waiting) thread.join();
  EXPECT_EQ(throttled, 24);
  EXPECT_EQ(unavailable, 36);
}

}  // namespace
}  // namespace coffer::keyclient
