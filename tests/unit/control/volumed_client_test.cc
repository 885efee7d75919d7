// SPDX-License-Identifier: Apache-2.0
// Do apid's and volumed's halves of the protocol work together, also when the other half goes away?
#include "control/volumed_client.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <set>
#include <thread>

#include "base/packet_channel.h"
#include "control/messages.h"
#include "control/volumed_server.h"
#include "tests/support/unsupporting_handler.h"

namespace coffer::control {
namespace {
using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;

class RecordingHandler : public UnsupportingHandler {
 public:
  VolumedStatus status() override { return {"i-1", "arena", "cipher", "io", attached}; }
  Status create_volume(const NewVolume& volume) override {
    created = volume;
    return {};
  }
  Status delete_volume(const std::string& id) override {
    return fail(ErrorKind::kConflict, id + " is attached", "VolumeInUse");
  }
  Result<std::vector<std::string>> list_volumes() override { return volumes; }
  Result<PreparedKeys> prepare_keys(const std::string&, const std::string&) override {
    ++sessions;
    return prepared_keys("", "");
  }
  Result<PreparedKeys> prepared_keys(const std::string&, const std::string&) override {
    return PreparedKeys{layers, Bytes(16, sessions)};
  }
  Status deliver_keys(const std::string&, const std::string&, ByteView box) override {
    delivered = to_bytes(box);
    return {};
  }
  Result<AttachedVolume> attach(const std::string& volume, const std::string& attachment) override {
    return AttachedVolume{volume, attachment, "/socket", 100, true, 0, ""};
  }
  Status detach(const std::string&, bool force) override {
    if (force) throw std::runtime_error("a bug");
    held.get_future().wait();
    return {};
  }
  Status create_snapshots(const std::vector<NewSnapshot>& asked) override {
    new_snapshots = asked;
    return {};
  }
  Result<std::vector<SnapshotDescription>> list_snapshots() override { return snapshots; }
  Result<std::vector<Job>> jobs() override { return all_jobs; }
  Result<std::vector<uint32_t>> list_blocks(const std::string&, const std::string&, uint32_t first,
                                            uint32_t most) override {
    std::vector<uint32_t> found;
    for (uint32_t block = first; block < blocks && found.size() < most; ++block) found.push_back(block);
    return found;
  }
  Result<Bytes> read_block(const std::string&, uint32_t block, uint32_t offset, uint32_t length) override {
    if (block != 3) return fail(ErrorKind::kConflict, "it is not open");
    return Bytes(contents.begin() + offset, contents.begin() + offset + length);
  }
  Status write_block(const std::string&, uint32_t, uint32_t offset, ByteView data) override {
    std::ranges::copy(data, contents.begin() + offset);
    return {};
  }

  std::vector<AttachedVolume> attached;
  std::vector<std::string> volumes;
  std::vector<NewLayer> layers;
  std::vector<NewSnapshot> new_snapshots;
  std::vector<SnapshotDescription> snapshots;
  std::vector<Job> all_jobs;
  uint32_t blocks = 0;
  Bytes contents = Bytes(kBlockSize), delivered;
  uint8_t sessions = 0;
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
  EXPECT_TRUE(client_.create_volume({"vol-1", 8192, {"layer-1", Bytes{4, 5}, "vol-1"}, "snap-1", true}));
  EXPECT_EQ(handler_.created.size_bytes, 8192u);
  EXPECT_EQ(handler_.created.layer.wrapped_key, (Bytes{4, 5}));
  EXPECT_EQ(handler_.created.snapshot_id, "snap-1");
  EXPECT_TRUE(client_.deliver_keys("vol-1", "attach-1", Bytes(100, 3)));
  EXPECT_EQ(handler_.delivered, Bytes(100, 3));
  const auto attached = client_.attach("vol-1", "attach-1");
  ASSERT_TRUE(attached);
  EXPECT_EQ(attached->attachment_id, "attach-1");
  EXPECT_TRUE(client_.create_snapshots({{"snap-1", "vol-1", {"layer-2", std::nullopt, ""}, ""},
                                        {"snap-2", "vol-2", {"layer-3", Bytes{1}, "vol-2"}, "session-1"}}));
  ASSERT_EQ(handler_.new_snapshots.size(), 2u);
  EXPECT_EQ(handler_.new_snapshots[1].session_id, "session-1");
  const Status refused = client_.delete_volume("vol-1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kConflict);
  EXPECT_EQ(refused.error().code, "VolumeInUse");
  EXPECT_EQ(client_.rekey_volume("vol-1", {}, "").error().kind, ErrorKind::kUnsupported);
}

TEST_F(ControlPair, TheKeysOfALongChainComeInPagesOfOneSession) {
  for (const size_t count : {0u, 1u, 340u, 4096u}) {
    handler_.layers.clear();
    for (size_t i = 0; i < count; ++i)
      handler_.layers.push_back({numbered("layer-", i), Bytes(200 + i % 50, 7), numbered("vol-", i)});
    const auto prepared = client_.prepare_keys("vol-1", "attach-1");
    ASSERT_TRUE(prepared) << prepared.error().message;
    ASSERT_EQ(prepared->layers.size(), count);
    EXPECT_EQ(prepared->nonce, Bytes(16, handler_.sessions));
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(prepared->layers[i].layer_id, handler_.layers[i].layer_id);
      EXPECT_EQ(prepared->layers[i].wrapped_key, handler_.layers[i].wrapped_key);
      EXPECT_EQ(prepared->layers[i].key_context, handler_.layers[i].key_context);
    }
  }
  EXPECT_EQ(handler_.sessions, 4);
  handler_.layers.assign(100, {"layer-1", Bytes(kLongestWrappedKey), "vol-1"});
  EXPECT_EQ(client_.prepare_keys("vol-1", "attach-1")->layers.size(), 100u);
}

TEST(ControlClient, ASessionThatIsPreparedAgainBetweenPagesIsAConflict) {
  struct Preparing : RecordingHandler {
    Result<PreparedKeys> prepared_keys(const std::string&, const std::string&) override {
      return PreparedKeys{layers, Bytes(16, ++sessions)};
    }
  } handler;
  auto pair = make_channel_pair();
  VolumedServer server(std::move(pair->first), handler);
  VolumedClient client;
  client.connect(std::move(pair->second));
  handler.layers.assign(1000, {"layer-1", Bytes(200), "vol-1"});
  EXPECT_EQ(client.prepare_keys("vol-1", "attach-1").error().kind, ErrorKind::kConflict);
}

TEST_F(ControlPair, SnapshotsJobsAndBlocksComeInPages) {
  for (int i = 4999; i >= 0; --i)
    handler_.snapshots.push_back({numbered("snap-", i), uint64_t(i), i % 2 == 0});
  for (int i = 499; i >= 0; --i)
    handler_.all_jobs.push_back({numbered("layer-", i), "merge", "", "waiting", 0, 1, ""});
  handler_.blocks = 100'000;
  const auto snapshots = client_.list_snapshots();
  ASSERT_TRUE(snapshots);
  ASSERT_EQ(snapshots->size(), 5000u);
  for (int i = 0; i < 5000; ++i) ASSERT_EQ(snapshots->at(i).size_bytes, uint64_t(i));
  const auto jobs = client_.jobs();
  ASSERT_TRUE(jobs);
  ASSERT_EQ(jobs->size(), 500u);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(jobs->at(i).subject_id, numbered("layer-", i));
  const auto blocks = client_.list_blocks("snap-1", "", 5, 200'000);
  ASSERT_TRUE(blocks);
  ASSERT_EQ(blocks->size(), 99'995u);
  EXPECT_EQ(blocks->front(), 5u);
  EXPECT_EQ(blocks->back(), 99'999u);
  EXPECT_EQ(client_.list_blocks("snap-1", "", 5, 40'000)->size(), 40'000u);
  EXPECT_EQ(client_.list_blocks("snap-1", "", 5, 0)->size(), 0u);
}

TEST_F(ControlPair, BlocksTravelInPieces) {
  Bytes block(kBlockSize);
  for (size_t i = 0; i < block.size(); ++i) block[i] = static_cast<uint8_t>(i * 2654435761u >> 13);
  EXPECT_TRUE(client_.write_block("snap-1", 3, block));
  EXPECT_EQ(handler_.contents, block);
  EXPECT_EQ(*client_.read_block("snap-1", 3), block);
  EXPECT_EQ(client_.read_block("snap-1", 4).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(client_.write_block("snap-1", 3, Bytes(4096)).error().kind, ErrorKind::kInvalidArgument);
  // A piece that leaves its block does not reach the handler.
  for (const Request& request :
       {Request(ReadBlock{"s", 3, kBlockSize - 512, 1024}), Request(ReadBlock{"s", 3, 0, 0}),
        Request(ReadBlock{"s", 3, 0xffffffff, 512}),
        Request(WriteBlock{"s", 3, kBlockSize - 512, Bytes(1024)})})
    EXPECT_EQ(std::get<Error>(answer(handler_, request)).kind, ErrorKind::kInvalidArgument);
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
        const auto attached = client_.attach(id, "a");
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
