// SPDX-License-Identifier: Apache-2.0
// Do the real coffer-keyd and coffer-volumed, confined as they serve, keep what was flushed when volumed dies
// or is told to stop? This program plays the supervisor and apid.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "base/ids.h"
#include "base/packet_channel.h"
#include "base/random.h"
#include "cli/child_process.h"
#include "control/volumed_client.h"
#include "keyclient/keyd_client.h"
#include "tests/unit/export/nbd_client.h"

namespace coffer {
namespace {
using namespace format::nbd;
namespace fs = std::filesystem;

constexpr uint64_t kSize = 64 << 20;
const std::string kHost = "i-0123456789abcdef0";

class Daemon {
 public:
  Daemon(const std::string& program, std::vector<std::string> arguments) {
    auto child =
        cli::start_child({COFFER_BUILD_DIR "/" + program, std::move(arguments), {"PATH=/usr/bin:/bin"}});
    EXPECT_TRUE(child);
    pid_ = child->pid;
    channel_.emplace(std::move(child->channel));
  }
  ~Daemon() { end(SIGKILL); }

  void peer(const std::string& name, int descriptor) {
    const int descriptors[] = {descriptor};
    EXPECT_TRUE(channel_->send(as_bytes("peer " + name + " " + kHost), descriptors));
  }
  void started() {
    EXPECT_TRUE(channel_->send(as_bytes("started")));
    auto answer = channel_->receive();
    // keyd says first what opens its seal.
    while (answer && as_text(answer->bytes).starts_with("in-force")) answer = channel_->receive();
    ASSERT_TRUE(answer);
    EXPECT_EQ(as_text(answer->bytes), "ready");
  }
  void say(std::string_view text) { EXPECT_TRUE(channel_->send(as_bytes(text))); }
  void close_channel() { channel_.reset(); }
  // The status with which it ended.
  int wait() {
    int status = -1;
    if (pid_ > 0) ::waitpid(pid_, &status, 0);
    pid_ = 0;
    return status;
  }
  int end(int signal) {
    if (pid_ > 0) ::kill(pid_, signal);
    return wait();
  }

 private:
  pid_t pid_ = 0;
  std::optional<PacketChannel> channel_;
};

class VolumedProcess : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/coffer-volumed-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    fs::create_directories(folder_ / "run" / "nbd");
    start_keyd({"--initialise"});
    start_volumed();
    key_.binding = {"123456789012", "us-west-2", make_uuid(system_random())};
    const auto token = keyd_client_.create_backing_key(key_.binding, 1);
    ASSERT_TRUE(token) << token.error().message;
    key_.token = *token;
    volume_ = make_resource_id(system_random(), "vol");
    layer_ = make_resource_id(system_random(), "layer");
    const auto wrapped =
        keyd_client_.generate_data_key_without_plaintext(key_, 64, context(), format::BlobClass::kVolume);
    ASSERT_TRUE(wrapped) << wrapped.error().message;
    const Status created =
        volumed_client_.create_volume({volume_, kSize, {layer_, *wrapped, volume_}, {}, false});
    ASSERT_TRUE(created) << created.error().message;
  }
  void TearDown() override {
    volumed_.reset();
    keyd_.reset();
    fs::remove_all(folder_);
  }

  format::EncryptionContext context() const { return {{"aws:ebs:id", volume_}}; }

  void connect_both() {
    auto pair = make_channel_pair();
    ASSERT_TRUE(pair);
    keyd_->peer("volumed", pair->first.get());
    volumed_->peer("keyd", pair->second.get());
  }
  void start_keyd(std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"--data", folder_, "--seal-file", folder_ / "seal.key"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    keyd_.reset();
    keyd_.emplace("coffer-keyd", arguments);
    auto pair = make_channel_pair();
    keyd_->peer("apid", pair->first.get());
    keyd_client_.connect(std::move(pair->second));
    if (volumed_) connect_both();
    keyd_->started();
  }
  void start_volumed() {
    volumed_.emplace("coffer-volumed", std::vector<std::string>{"--data", folder_});
    if (keyd_) connect_both();
    connect_apid();
    volumed_->started();
  }
  void connect_apid() {
    auto pair = make_channel_pair();
    ASSERT_TRUE(pair);
    volumed_->peer("apid", pair->first.get());
    volumed_client_.connect(std::move(pair->second));
  }

  Result<control::AttachedVolume> attach() {
    const std::string attachment = make_resource_id(system_random(), "attach");
    COFFER_TRY(prepared, volumed_client_.prepare_keys(volume_, attachment));
    const auto& top = prepared.layers.at(0);
    COFFER_TRY(box, keyd_client_.box_volume_keys({{key_, *top.wrapped_key, context(), top.layer_id}},
                                                 {kHost, volume_, attachment, prepared.nonce}));
    COFFER_CHECK(volumed_client_.deliver_keys(volume_, attachment, box));
    return volumed_client_.attach(volume_, attachment);
  }
  std::unique_ptr<exporting::NbdClient> connect(const std::string& path) {
    FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0) << path;
    auto client = std::make_unique<exporting::NbdClient>(std::move(socket));
    client->enter(true, true, volume_);
    return client;
  }
  Bytes read(exporting::NbdClient& client, uint64_t offset, uint32_t length) {
    client.request(kRead, 1, offset, length);
    Bytes all;
    while (true) {
      const auto chunk = client.chunk();
      if (!chunk || chunk->type != kChunkOffsetData) return {};
      all.insert(all.end(), chunk->payload.begin() + 8, chunk->payload.end());
      if (chunk->flags & kChunkDone) return all;
    }
  }
  static Bytes pattern(size_t size) {
    Bytes bytes(size);
    system_random().fill(bytes);
    return bytes;
  }
  bool on_disk(const Bytes& wanted) const {
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string all{std::istreambuf_iterator<char>(file), {}};
      if (all.find(as_text(wanted)) != std::string::npos) return true;
    }
    return false;
  }

  fs::path folder_;
  std::optional<Daemon> keyd_, volumed_;
  keyclient::KeydClient keyd_client_;
  control::VolumedClient volumed_client_;
  keyclient::WrappedBackingKey key_;
  std::string volume_, layer_;
};

TEST_F(VolumedProcess, KilledKeepsWhatWasFlushedAndIsAttachedAgain) {
  const Bytes data = pattern(3 << 20);
  auto attached = attach();
  ASSERT_TRUE(attached) << attached.error().message;
  auto client = connect(attached->socket_path);
  EXPECT_EQ(client->write(4096, data), kSuccess);
  EXPECT_EQ(client->command(kWriteZeroes, 4096, 4096), kSuccess);
  EXPECT_EQ(client->command(kTrim, 1 << 20, 1 << 20), kSuccess);
  EXPECT_EQ(client->command(kFlush, 0, 0), kSuccess);
  Bytes expected = data;
  std::fill_n(expected.begin(), 4096, 0);
  std::fill_n(expected.begin() + (1 << 20) - 4096, 1 << 20, 0);
  volumed_->end(SIGKILL);
  start_volumed();
  attached = attach();
  ASSERT_TRUE(attached) << attached.error().message;
  EXPECT_EQ(read(*connect(attached->socket_path), 4096, 3 << 20), expected);
}

TEST_F(VolumedProcess, ToldToStopFlushesFirst) {
  const auto stops = {std::function([this] { volumed_->say("stop"); }),
                      std::function([this] { volumed_->close_channel(); }), std::function<void()>()};
  for (const auto& stop : stops) {
    const Bytes data = pattern(1 << 20);
    auto attached = attach();
    ASSERT_TRUE(attached) << attached.error().message;
    const auto client = connect(attached->socket_path);
    EXPECT_EQ(client->write(0, data), kSuccess);
    if (stop) stop();
    EXPECT_EQ(stop ? volumed_->wait() : volumed_->end(SIGTERM), 0);
    EXPECT_TRUE(fs::is_empty(folder_ / "run" / "nbd"));
    start_volumed();
    attached = attach();
    ASSERT_TRUE(attached) << attached.error().message;
    EXPECT_EQ(read(*connect(attached->socket_path), 0, 1 << 20), data);
    ASSERT_TRUE(volumed_client_.detach(volume_, false));
  }
}

TEST_F(VolumedProcess, ServesOnWhileTheOthersAreDown) {
  const auto attached = attach();
  ASSERT_TRUE(attached) << attached.error().message;
  const auto client = connect(attached->socket_path);
  keyd_->end(SIGKILL);
  const Bytes data = pattern(64 << 10);
  EXPECT_EQ(client->write(0, data), kSuccess);
  connect_apid();
  EXPECT_EQ(volumed_client_.status()->attached.size(), 1u);
  start_keyd();
  EXPECT_TRUE(volumed_client_.detach(volume_, false));
  const auto again = attach();  // under the keyd that it was enrolled with anew
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(read(*connect(again->socket_path), 0, 64 << 10), data);
}

TEST_F(VolumedProcess, WhatIsOnDiskIsCiphertext) {
  const Bytes canary = pattern(4096);
  const auto attached = attach();
  ASSERT_TRUE(attached) << attached.error().message;
  EXPECT_EQ(connect(attached->socket_path)->write(0, canary, kFua), kSuccess);
  EXPECT_FALSE(on_disk(canary));
  // The search finds what is there: the same in a volume that is not encrypted.
  const std::string plain = make_resource_id(system_random(), "vol");
  const std::string attachment = make_resource_id(system_random(), "attach");
  ASSERT_TRUE(volumed_client_.create_volume(
      {plain, kSize, {make_resource_id(system_random(), "layer"), std::nullopt, plain}, {}, false}));
  const auto open = volumed_client_.attach(plain, attachment);
  ASSERT_TRUE(open) << open.error().message;
  volume_ = plain;
  EXPECT_EQ(connect(open->socket_path)->write(0, canary, kFua), kSuccess);
  EXPECT_TRUE(on_disk(canary));
}

// The whole way of snapshots, copies and block access, in a process that is confined.
TEST_F(VolumedProcess, SnapshotsAreMadeCopiedReadAndDeleted) {
  const auto new_layer = [&](const std::string& context) {
    const auto wrapped = keyd_client_.generate_data_key_without_plaintext(key_, 64, {{"aws:ebs:id", context}},
                                                                          format::BlobClass::kVolume);
    EXPECT_TRUE(wrapped);
    return control::NewLayer{make_resource_id(system_random(), "layer"), *wrapped, context};
  };
  const auto new_session = [&](const std::string& subject, const std::vector<control::NewLayer>& more) {
    const std::string session = make_resource_id(system_random(), "session");
    const auto prepared = volumed_client_.prepare_keys(subject, session);
    EXPECT_TRUE(prepared) << prepared.error().message;
    std::vector<keyclient::VolumeKeyRequest> layers;
    for (const auto* list : {&prepared->layers, &more})
      for (const auto& layer : *list)
        layers.push_back({key_, *layer.wrapped_key, {{"aws:ebs:id", layer.key_context}}, layer.layer_id});
    const auto boxes = keyd_client_.box_chain_keys(layers, {kHost, subject, session, prepared->nonce});
    EXPECT_TRUE(boxes);
    for (const Bytes& box : *boxes) EXPECT_TRUE(volumed_client_.deliver_keys(subject, session, box));
    return session;
  };
  const std::string snapshot = make_resource_id(system_random(), "snap");
  const std::string copy = make_resource_id(system_random(), "snap");
  const Bytes data = pattern(control::kBlockSize);
  const auto attached = attach();
  ASSERT_TRUE(attached) << attached.error().message;
  const auto client = connect(attached->socket_path);
  EXPECT_EQ(client->write(0, data), kSuccess);
  const auto top = new_layer(volume_);
  ASSERT_TRUE(volumed_client_.create_snapshots({{snapshot, volume_, top, new_session(volume_, {top})}}));
  EXPECT_EQ(client->write(0, Bytes(4096)), kSuccess);
  ASSERT_TRUE(volumed_client_.complete_snapshot(snapshot));
  ASSERT_TRUE(volumed_client_.create_detached_snapshot({copy, kSize, new_layer(copy), snapshot, ""}));
  const Status run = volumed_client_.run_job(copy, new_session(copy, {}));
  ASSERT_TRUE(run) << run.error().message;
  for (int i = 0; i < 1000 && !volumed_client_.jobs()->empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_TRUE(volumed_client_.complete_snapshot(copy));
  ASSERT_TRUE(volumed_client_.open_snapshot(copy, new_session(copy, {})));
  EXPECT_EQ(*volumed_client_.read_block(copy, 0), data);
  ASSERT_TRUE(volumed_client_.delete_snapshot(snapshot));  // and merged, as its volume is attached
  for (int i = 0;
       i < 1000 && volumed_client_.prepare_keys(volume_, "attach-00000000000000000")->layers.size() > 1; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_TRUE(volumed_client_.detach(volume_, false));
  const auto again = attach();
  ASSERT_TRUE(again) << again.error().message;  // under the one key that it still needs
  EXPECT_EQ(read(*connect(again->socket_path), 4096, control::kBlockSize - 4096),
            Bytes(data.begin() + 4096, data.end()));
}

TEST_F(VolumedProcess, ADeletedVolumeIsGone) {
  ASSERT_TRUE(attach());
  EXPECT_EQ(volumed_client_.delete_volume(volume_).error().kind, ErrorKind::kConflict);
  ASSERT_TRUE(volumed_client_.detach(volume_, false));
  ASSERT_TRUE(volumed_client_.delete_volume(volume_));
  EXPECT_TRUE(volumed_client_.list_volumes()->empty());
  EXPECT_FALSE(fs::exists(folder_ / "volumes" / volume_));
  EXPECT_EQ(attach().error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace coffer
