// SPDX-License-Identifier: Apache-2.0
// Do apid's and volumed's halves of the protocol work together, also when the other half goes away?
#include "control/volumed_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

#include "base/packet_channel.h"
#include "control/messages.h"
#include "control/volumed_server.h"

namespace coffer::control {
namespace {
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

class RecordingHandler : public VolumedHandler {
 public:
  VolumedStatus status() override { return {"i-1", "arena", "cipher", attached}; }
  Status create_volume(const NewVolume& volume) override {
    created = volume;
    return {};
  }
  Status delete_volume(const std::string& id) override {
    return fail(ErrorKind::kConflict, id + " is attached", "VolumeInUse");
  }
  Result<std::vector<std::string>> list_volumes() override { return volumes; }
  Result<PreparedAttachment> prepare_attachment(const std::string& volume,
                                                const std::string& attachment) override {
    return PreparedAttachment{{{volume, std::nullopt}, {attachment, Bytes{1}}}, Bytes(16, 9)};
  }
  Result<AttachedVolume> attach(const std::string& volume, const std::string& attachment,
                                ByteView box) override {
    return AttachedVolume{volume, attachment, "/socket", box.size(), true, 0, ""};
  }
  Status detach(const std::string&, bool force) override {
    if (force) throw std::runtime_error("a bug");
    held.get_future().wait();
    return {};
  }

  std::vector<AttachedVolume> attached;
  std::vector<std::string> volumes;
  NewVolume created;
  std::promise<void> held;
};

std::string numbered(const char* prefix, int number) {
  return fmt::format("{}{:05}", prefix, number);
}

class ControlPair : public ::testing::Test {
 protected:
  void SetUp() override { connect(); }
  void connect() {
    auto pair = make_channel_pair();
    ASSERT_TRUE(pair);
    server_.reset();
    server_ = std::make_unique<VolumedServer>(std::move(pair->first), handler_);
    client_.connect(std::move(pair->second));
  }

  RecordingHandler handler_;
  std::unique_ptr<VolumedServer> server_;
  VolumedClient client_;
};

TEST_F(ControlPair, CallsReachTheHandlerAndItsAnswersTheCaller) {
  EXPECT_TRUE(client_.create_volume({"vol-1", 8192, "layer-1", Bytes{4, 5}}));
  EXPECT_EQ(handler_.created.size_bytes, 8192u);
  EXPECT_EQ(handler_.created.wrapped_key, (Bytes{4, 5}));
  const auto prepared = client_.prepare_attachment("vol-1", "attach-1");
  ASSERT_TRUE(prepared);
  EXPECT_EQ(prepared->layers[1].layer_id, "attach-1");
  EXPECT_EQ(prepared->nonce, Bytes(16, 9));
  const auto attached = client_.attach("vol-1", "attach-1", Bytes(100));
  ASSERT_TRUE(attached);
  EXPECT_EQ(attached->size_bytes, 100u);
  const Status refused = client_.delete_volume("vol-1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(refused.error().code, "VolumeInUse");
}

TEST_F(ControlPair, ManyVolumesComeInPages) {
  for (int i = 4999; i >= 0; --i) handler_.volumes.push_back(numbered("vol-", i));
  for (int i = 0; i < 100; ++i) handler_.attached.push_back({numbered("vol-", i), "a", "s", 1, false, 0, ""});
  const auto volumes = client_.list_volumes();
  ASSERT_TRUE(volumes);
  EXPECT_EQ(volumes->size(), 5000u);
  EXPECT_EQ(std::set(volumes->begin(), volumes->end()).size(), 5000u);
  const auto status = client_.status();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->attached.size(), 100u);
  EXPECT_EQ(status->attached.back().volume_id, numbered("vol-", 99));
}

TEST_F(ControlPair, ASlowCallHoldsUpNoOther) {
  auto slow = std::async(std::launch::async, [&] { return client_.detach("vol-1", false); });
  std::this_thread::sleep_for(20ms);
  EXPECT_TRUE(client_.status());
  EXPECT_EQ(slow.wait_for(0s), std::future_status::timeout);
  handler_.held.set_value();
  EXPECT_TRUE(slow.get());
}

TEST_F(ControlPair, CallsOfManyThreadsAreNotMixedUp) {
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread)
    threads.emplace_back([this, thread] {
      for (int i = 0; i < 200; ++i) {
        const auto id = numbered("vol-", thread * 1000 + i);
        const auto attached = client_.attach(id, "a", {});
        ASSERT_TRUE(attached);
        ASSERT_EQ(attached->volume_id, id);
      }
    });
  for (auto& thread : threads) thread.join();
}

TEST_F(ControlPair, AHandlersExceptionIsAnInternalErrorAndTheServerLives) {
  const Status status = client_.detach("vol-1", true);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kInternal);
  EXPECT_TRUE(client_.status());
}

TEST_F(ControlPair, DeathMidwayIsUnavailableAndANewChannelMendsIt) {
  auto cut_off = std::async(std::launch::async, [&] { return client_.detach("vol-1", false); });
  std::this_thread::sleep_for(20ms);
  std::thread death([&] { server_.reset(); });
  const Status status = cut_off.get();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kUnavailable);
  handler_.held.set_value();
  death.join();
  connect();
  EXPECT_TRUE(client_.status());
}

TEST_F(ControlPair, ACallWaitsAMomentForVolumedToComeBack) {
  server_.reset();
  auto waiting = std::async(std::launch::async, [&] { return client_.status(); });
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(waiting.wait_for(0s), std::future_status::timeout);
  connect();
  EXPECT_TRUE(waiting.get());
}

TEST(ControlClient, WithoutAChannelGivesUpInBoundedTime) {
  VolumedClient client;
  const auto begin = SteadyClock::now();
  const auto status = client.status();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kUnavailable);
  EXPECT_LT(SteadyClock::now() - begin, 5s);
}

TEST_F(ControlPair, MalformedRequestsAreAnsweredAndTheServerLives) {
  auto pair = make_channel_pair();
  RecordingHandler handler;
  VolumedServer server(std::move(pair->first), handler);
  PacketChannel raw(std::move(pair->second));
  const auto exchange = [&](const Bytes& bytes) {
    EXPECT_TRUE(raw.send(bytes));
    const auto packet = raw.receive();
    EXPECT_TRUE(packet);
    return parse_reply(packet->bytes)->reply;
  };
  Bytes bad = *write_request(9, GetStatus{});
  bad.push_back(1);
  EXPECT_EQ(std::get<Error>(exchange(bad)).kind, ErrorKind::kInvalidArgument);
  bad[0] = 9;
  EXPECT_EQ(std::get<Error>(exchange(bad)).kind, ErrorKind::kTooNew);
  EXPECT_TRUE(raw.send(as_bytes("?")));  // too short to be answered
  EXPECT_TRUE(std::holds_alternative<StatusPage>(exchange(*write_request(10, GetStatus{}))));
}

}  // namespace
}  // namespace coffer::control
