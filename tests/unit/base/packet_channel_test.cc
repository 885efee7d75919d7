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

}  // namespace
}  // namespace coffer
