// SPDX-License-Identifier: Apache-2.0
// Do a process's last words arrive?
#include "base/packet_channel.h"

#include <gtest/gtest.h>

namespace coffer {
namespace {

TEST(PacketChannel, WhatWasSaidBeforeTheEndArrivesAlsoWhenThePeerHadNotReadEverything) {
  auto pair = make_channel_pair();
  ASSERT_TRUE(pair);
  PacketChannel here(std::move(pair->first));
  {
    PacketChannel there(std::move(pair->second));
    ASSERT_TRUE(here.send(as_bytes("a message that nobody reads")));
    ASSERT_TRUE(there.send(as_bytes("last words")));
  }
  const auto words = here.receive();
  ASSERT_TRUE(words) << words.error().message;
  EXPECT_EQ(as_text(words->bytes), "last words");
  EXPECT_EQ(here.receive().error().kind, ErrorKind::kUnavailable);
}

// Whoever was told of an error would send them again.
TEST(PacketChannel, WhatStopsAfterSomeWereSentTellsHowMany) {
  auto pair = make_channel_pair();
  ASSERT_TRUE(pair);
  PacketChannel here(std::move(pair->first)), there(std::move(pair->second));
  const Bytes small(8), too_large(PacketChannel::kLargestPacket + 1);
  std::vector<ByteView> packets(64, small);
  packets.push_back(too_large);
  const auto sent = here.send_some(packets);
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(*sent, 64u);
  for (size_t i = 0; i < *sent; ++i) ASSERT_TRUE(there.receive());
  EXPECT_FALSE(here.send_some(std::span(packets).subspan(*sent)));
}

}  // namespace
}  // namespace coffer
