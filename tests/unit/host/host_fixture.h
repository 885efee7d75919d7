// SPDX-License-Identifier: Apache-2.0
// A whole volume host on a scratch folder, with a keyd that seals what it is told to, and NBD clients.
#pragma once
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>

#include "base/random.h"
#include "host/volume_host.h"
#include "tests/unit/export/nbd_client.h"
#include "tests/unit/host/fake_keyd.h"

namespace coffer::host {
using namespace format::nbd;
using exporting::NbdClient;
namespace fs = std::filesystem;

constexpr uint64_t kSize = 1 << 20;

// The system's disk, which fails when told to.
class FailingDisk : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    COFFER_TRY(file, system_disk().open(path, mode));
    return std::unique_ptr<File>(new FailingFile(std::move(file), *this));
  }
  Status make_directory(const std::string& path) override { return system_disk().make_directory(path); }
  Status rename(const std::string& from, const std::string& to) override {
    return system_disk().rename(from, to);
  }
  Status remove(const std::string& path) override { return system_disk().remove(path); }
  Status flush_directory(const std::string& path) override {
    return forgetful ? Status() : system_disk().flush_directory(path);
  }
  Status flush_all(const std::string& path) override {
    return forgetful ? Status() : system_disk().flush_all(path);
  }
  Result<std::vector<std::string>> list(const std::string& path) override { return system_disk().list(path); }
  Result<bool> exists(const std::string& path) override { return system_disk().exists(path); }

  std::atomic<bool> fail_flush = false;
  std::atomic<bool> full = false;
  std::atomic<bool> forgetful = false;  // flushes nothing: where durability is not the question

 private:
  class FailingFile : public File {
   public:
    FailingFile(std::unique_ptr<File> file, FailingDisk& disk) : file_(std::move(file)), disk_(disk) {}
    Status read(uint64_t offset, MutableByteView out) override { return file_->read(offset, out); }
    Status write(uint64_t offset, ByteView data) override {
      return disk_.full ? fail(ErrorKind::kNoSpace, "injected: full") : file_->write(offset, data);
    }
    Status flush() override {
      if (disk_.forgetful) return {};
      return disk_.fail_flush ? fail(ErrorKind::kIo, "injected: flush") : file_->flush();
    }
    Status punch_hole(uint64_t offset, uint64_t length) override { return file_->punch_hole(offset, length); }
    Status allocate(uint64_t offset, uint64_t length) override {
      return disk_.full ? fail(ErrorKind::kNoSpace, "injected: full") : file_->allocate(offset, length);
    }
    Status truncate(uint64_t size) override { return file_->truncate(size); }
    Result<uint64_t> size() override { return file_->size(); }
    Result<uint64_t> next_data(uint64_t offset) override { return file_->next_data(offset); }

   private:
    std::unique_ptr<File> file_;
    FailingDisk& disk_;
  };
};

// The system's, but that the time for waiting can be moved on, or held.
class MovedClock : public Clock {
 public:
  Timestamp now() const override { return system_clock().now(); }
  std::chrono::steady_clock::time_point steady_now() const override {
    return (held_ ? held_since_ : std::chrono::steady_clock::now()) + moved_.load();
  }
  void move(std::chrono::nanoseconds by) { moved_ = moved_.load() + by; }
  void hold() {
    held_since_ = std::chrono::steady_clock::now();
    held_ = true;
  }

 private:
  std::chrono::steady_clock::time_point held_since_;
  std::atomic<bool> held_ = false;
  std::atomic<std::chrono::nanoseconds> moved_{};
};

class HostFixture : public ::testing::Test {
 protected:
  const std::string kVolume = "vol-0123456789abcdef0", kLayer = "layer-0123456789abcdef0";
  const std::string kAttachment = "attach-0123456789abcdef0", kOther = "attach-0123456789abcdef1";
  const std::string kSnapshot = "snap-0123456789abcdef0", kSession = "session-0123456789abcdef0";

  void SetUp() override {
    char name[] = "/tmp/coffer-host-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    folder_ = name;
    fs::create_directory(folder_ / "nbd");
    auto recipient = KeyRecipient::create();
    ASSERT_TRUE(recipient);
    recipient_ = std::move(*recipient);
    keyd_.serve(*recipient_);
    open();
    ASSERT_TRUE(host_->create_volume(volume(kVolume, kLayer)));
  }
  void TearDown() override {
    host_.reset();
    fs::remove_all(folder_);
  }
  void open() {
    host_.reset();
    auto opened = VolumeHost::open({disk_, system_random(), clock_}, {folder_ / "volumes", folder_ / "nbd"},
                                   "i-1", *recipient_, options_);
    ASSERT_TRUE(opened) << opened.error().message;
    host_ = std::move(*opened);
  }

  static std::string id(const char* prefix, size_t number) {
    return fmt::format("{}-{:017x}", prefix, number);
  }
  static control::NewLayer layer(const std::string& layer_id, const std::string& context) {
    return {layer_id, Bytes{1, 2, 3}, context};
  }
  control::NewVolume volume(const std::string& volume_id, const std::string& layer_id,
                            const std::string& snapshot_id = "", bool independent = false,
                            uint64_t size = kSize) {
    return {volume_id, size, layer(layer_id, volume_id), snapshot_id, independent};
  }
  control::NewSnapshot snapshot(const std::string& snapshot_id, const std::string& volume_id,
                                const std::string& new_top, const std::string& session = "") {
    return {snapshot_id, volume_id, layer(new_top, volume_id), session};
  }

  // The number of a layer's key, unless a test says another.
  static uint8_t key_of(const std::string& layer_id) {
    return static_cast<uint8_t>(1 + std::hash<std::string>{}(layer_id) % 250);
  }
  Bytes box_for(const std::string& subject, const std::string& session, const Bytes& nonce,
                const std::vector<std::string>& layers) {
    std::vector<FakeKeyd::Key> keys;
    for (const auto& one : layers) keys.push_back({one, key_of(one)});
    return keyd_.box(keys, {"i-1", subject, session, nonce});
  }
  // Prepares a session and delivers all that it needs, and `more`, in boxes of at most 256 keys.
  Status deliver(const std::string& subject, const std::string& session, std::vector<std::string> more = {}) {
    COFFER_TRY(prepared, host_->prepare_keys(subject, session));
    for (const auto& one : prepared.layers) more.push_back(one.layer_id);
    for (size_t first = 0; first < more.size(); first += 256) {
      const std::vector<std::string> part(
          more.begin() + static_cast<ptrdiff_t>(first),
          more.begin() + static_cast<ptrdiff_t>(std::min(first + 256, more.size())));
      COFFER_CHECK(host_->deliver_keys(subject, session, box_for(subject, session, prepared.nonce, part)));
    }
    return {};
  }
  Result<control::AttachedVolume> attach(const std::string& volume_id, const std::string& attachment) {
    COFFER_CHECK(deliver(volume_id, attachment));
    return host_->attach(volume_id, attachment);
  }
  Result<control::AttachedVolume> attach() { return attach(kVolume, kAttachment); }

  std::unique_ptr<NbdClient> client(const control::AttachedVolume& attached) {
    FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    attached.socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return nullptr;
    auto made = std::make_unique<NbdClient>(std::move(socket));
    made->enter(false, false, attached.volume_id);
    return made;
  }
  static Bytes read(NbdClient& client, uint64_t offset, uint32_t length) {
    client.request(kRead, 1, offset, length);
    const auto reply = client.simple_reply();
    return reply && reply->error == kSuccess ? client.receive(length) : Bytes();
  }
  // Attaches, does something to the contents, detaches.
  void with(const std::string& volume_id, const std::function<void(NbdClient&)>& use) {
    const auto attached = attach(volume_id, kAttachment);
    ASSERT_TRUE(attached) << attached.error().message;
    use(*client(*attached));
    ASSERT_TRUE(host_->detach(volume_id, false));
  }
  void expect_nothing_attached() {
    EXPECT_TRUE(host_->status().attached.empty());
    EXPECT_TRUE(fs::is_empty(folder_ / "nbd"));
  }
  // Background work is waited for.
  static bool eventually(const std::function<bool()>& holds) {
    for (int i = 0; i < 2000; ++i) {
      if (holds()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }
  std::optional<control::Job> job(const std::string& subject) {
    const auto all = host_->jobs();
    EXPECT_TRUE(all);
    for (const auto& one : *all)
      if (one.subject_id == subject) return one;
    return std::nullopt;
  }

  fs::path folder_;
  FailingDisk disk_;
  MovedClock clock_;
  HostOptions options_;
  std::unique_ptr<KeyRecipient> recipient_;
  FakeKeyd keyd_;
  std::unique_ptr<VolumeHost> host_;
};

}  // namespace coffer::host
