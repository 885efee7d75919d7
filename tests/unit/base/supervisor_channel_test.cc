// SPDX-License-Identifier: Apache-2.0
#include "base/supervisor_channel.h"

#include <gtest/gtest.h>

namespace coffer {
namespace {

using Kind = SupervisorMessage::Kind;

struct SupervisorChannelTest : ::testing::Test {
  void SetUp() override {
    auto pair = make_channel_pair();
    ASSERT_TRUE(pair);
    supervisor = std::make_unique<PacketChannel>(std::move(pair->first));
    daemon = std::make_unique<SupervisorChannel>(std::move(pair->second));
  }
  std::unique_ptr<PacketChannel> supervisor;
  std::unique_ptr<SupervisorChannel> daemon;
};

TEST_F(SupervisorChannelTest, HandsOverPeersAndListeningSockets) {
  auto other = make_channel_pair();
  const int passed = other->first.get();
  ASSERT_TRUE(supervisor->send(as_bytes("peer volumed i-0123456789abcdef0"), {&passed, 1}));
  ASSERT_TRUE(supervisor->send(as_bytes("listen http"), {&passed, 1}));
  ASSERT_TRUE(supervisor->send(as_bytes("started")));
  auto peer = daemon->next();
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->kind, Kind::kPeer);
  EXPECT_EQ(peer->name, "volumed");
  EXPECT_EQ(peer->host_id, "i-0123456789abcdef0");
  EXPECT_TRUE(peer->descriptor.valid());
  auto listening = daemon->next();
  ASSERT_TRUE(listening);
  EXPECT_EQ(listening->kind, Kind::kListen);
  EXPECT_EQ(listening->name, "http");
  EXPECT_TRUE(listening->descriptor.valid());
  EXPECT_EQ(daemon->next()->kind, Kind::kStarted);
}

TEST_F(SupervisorChannelTest, AClosedChannelReadsAsStop) {
  supervisor.reset();
  auto message = daemon->next();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, Kind::kStop);
}

TEST_F(SupervisorChannelTest, AnUnknownMessageIsAnErrorAndTheNextOneIsRead) {
  ASSERT_TRUE(supervisor->send(as_bytes("peer volumed i-1")));  // without its descriptor
  ASSERT_TRUE(supervisor->send(as_bytes("stop")));
  EXPECT_EQ(daemon->next().error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(daemon->next()->kind, Kind::kStop);
}

TEST_F(SupervisorChannelTest, ReportsReachTheSupervisor) {
  ASSERT_TRUE(daemon->report_ready());
  ASSERT_TRUE(daemon->report_failed("no seal"));
  EXPECT_EQ(as_text(supervisor->receive()->bytes), "ready");
  EXPECT_EQ(as_text(supervisor->receive()->bytes), "failed no seal");
}

}  // namespace
}  // namespace coffer
