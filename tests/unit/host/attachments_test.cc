// SPDX-License-Identifier: Apache-2.0
// Is a volume attached only with the right keys, served while it is, and gone without a trace afterwards?
#include "host/attachments.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/random.h"
#include "tests/unit/export/nbd_client.h"
#include "tests/unit/host/fake_keyd.h"

namespace coffer::host {
namespace {
using namespace format::nbd;
using exporting::NbdClient;
namespace fs = std::filesystem;

constexpr uint64_t kSize = 1 << 20;
const std::string kVolume = "vol-0123456789abcdef0", kLayer = "layer-0123456789abcdef0";
const std::string kAttachment = "attach-0123456789abcdef0", kOther = "attach-0123456789abcdef1";

// The system's disk, whose flushes fail when told to.
class FailingDisk : public Disk {
 public:
  Result<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) override {
    COFFER_TRY(file, system_disk().open(path, mode));
    return std::unique_ptr<File>(new FailingFile(std::move(file), fail_flush));
  }
  Status make_directory(const std::string& path) override { return system_disk().make_directory(path); }
  Status rename(const std::string& from, const std::string& to) override {
    return system_disk().rename(from, to);
  }
  Status remove(const std::string& path) override { return system_disk().remove(path); }
  Status flush_directory(const std::string& path) override { return system_disk().flush_directory(path); }
  Status flush_all(const std::string& path) override { return system_disk().flush_all(path); }
  Result<std::vector<std::string>> list(const std::string& path) override { return system_disk().list(path); }
  Result<bool> exists(const std::string& path) override { return system_disk().exists(path); }

  std::atomic<bool> fail_flush = false;

 private:
  class FailingFile : public File {
   public:
    FailingFile(std::unique_ptr<File> file, std::atomic<bool>& fails)
        : file_(std::move(file)), fails_(fails) {}
    Status read(uint64_t offset, MutableByteView out) override { return file_->read(offset, out); }
    Status write(uint64_t offset, ByteView data) override { return file_->write(offset, data); }
    Status flush() override { return fails_ ? fail(ErrorKind::kIo, "injected: flush") : file_->flush(); }
    Status punch_hole(uint64_t offset, uint64_t length) override { return file_->punch_hole(offset, length); }
    Status allocate(uint64_t offset, uint64_t length) override { return file_->allocate(offset, length); }
    Status truncate(uint64_t size) override { return file_->truncate(size); }
    Result<uint64_t> size() override { return file_->size(); }
    Result<uint64_t> next_data(uint64_t offset) override { return file_->next_data(offset); }

   private:
    std::unique_ptr<File> file_;
    std::atomic<bool>& fails_;
  };
};

class AttachmentsTest : public ::testing::Test {
 protected:
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
    ASSERT_TRUE(host_->create_volume({kVolume, kSize, {kLayer, Bytes{1, 2, 3}, kVolume}, {}, false}));
  }
  void TearDown() override {
    host_.reset();
    fs::remove_all(folder_);
  }
  void open() {
    host_.reset();
    auto opened =
        Attachments::open(disk_, system_random(), {folder_ / "volumes", folder_ / "nbd"}, "i-1", *recipient_);
    ASSERT_TRUE(opened);
    host_ = std::move(*opened);
  }

  Bytes box_for(const std::string& attachment, const Bytes& nonce, uint8_t key = 7,
                const std::string& layer = kLayer) {
    return keyd_.box({{layer, key}}, {"i-1", kVolume, attachment, nonce});
  }
  Result<control::AttachedVolume> attach(const std::string& attachment = kAttachment, uint8_t key = 7) {
    COFFER_TRY(prepared, host_->prepare_keys(kVolume, attachment));
    COFFER_CHECK(host_->deliver_keys(kVolume, attachment, box_for(attachment, prepared.nonce, key)));
    return host_->attach(kVolume, attachment);
  }
  std::unique_ptr<NbdClient> client(const std::string& path) {
    FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return nullptr;
    auto made = std::make_unique<NbdClient>(std::move(socket));
    made->enter(false, false, kVolume);
    return made;
  }
  static Bytes read(NbdClient& client, uint32_t length) {
    client.request(kRead, 1, 0, length);
    const auto reply = client.simple_reply();
    return reply && reply->error == kSuccess ? client.receive(length) : Bytes();
  }
  void expect_nothing_attached() {
    EXPECT_TRUE(host_->status().attached.empty());
    EXPECT_TRUE(fs::is_empty(folder_ / "nbd"));
  }

  fs::path folder_;
  FailingDisk disk_;
  std::unique_ptr<KeyRecipient> recipient_;
  FakeKeyd keyd_;
  std::unique_ptr<Attachments> host_;
};

TEST_F(AttachmentsTest, AnAttachedVolumeIsServedAndKeepsItsContents) {
  const Bytes data(8192, 'x');
  {
    const auto attached = attach();
    ASSERT_TRUE(attached) << attached.error().message;
    EXPECT_EQ(attached->size_bytes, kSize);
    EXPECT_TRUE(attached->encrypted);
    const auto user = client(attached->socket_path);
    ASSERT_TRUE(user);
    EXPECT_EQ(user->write(0, data), kSuccess);
    ASSERT_EQ(host_->status().attached.size(), 1u);
    EXPECT_EQ(host_->status().attached[0].clients, 1u);
    EXPECT_TRUE(host_->detach(kVolume, false));
    EXPECT_TRUE(user->closed_by_server());
    expect_nothing_attached();
  }
  const auto again = attach(kOther);
  ASSERT_TRUE(again);
  EXPECT_EQ(read(*client(again->socket_path), 8192), data);
}

TEST_F(AttachmentsTest, AnotherKeyReadsSomethingElse) {
  EXPECT_EQ(client(attach()->socket_path)->write(0, Bytes(4096, 'x')), kSuccess);
  EXPECT_TRUE(host_->detach(kVolume, false));
  const auto wrong = attach(kOther, 8);
  ASSERT_TRUE(wrong);
  EXPECT_NE(read(*client(wrong->socket_path), 4096), Bytes(4096, 'x'));
}

TEST_F(AttachmentsTest, AttachIsIdempotentForItsOwnAttachmentOnly) {
  const auto first = attach();
  ASSERT_TRUE(first);
  const auto again = host_->attach(kVolume, kAttachment);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->socket_path, first->socket_path);
  EXPECT_EQ(host_->attach(kVolume, kOther).error().kind, ErrorKind::kConflict);
}

TEST_F(AttachmentsTest, KeysAttachOnce) {
  const auto prepared = host_->prepare_keys(kVolume, kAttachment);
  ASSERT_TRUE(prepared);
  EXPECT_EQ(prepared->layers.at(0).layer_id, kLayer);
  EXPECT_EQ(prepared->layers.at(0).wrapped_key, (Bytes{1, 2, 3}));
  EXPECT_EQ(prepared->layers.at(0).key_context, kVolume);
  const Bytes box = box_for(kAttachment, prepared->nonce);
  EXPECT_TRUE(host_->deliver_keys(kVolume, kAttachment, box));
  EXPECT_TRUE(host_->attach(kVolume, kAttachment));
  EXPECT_TRUE(host_->detach(kVolume, false));
  EXPECT_EQ(host_->attach(kVolume, kAttachment).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(host_->deliver_keys(kVolume, kAttachment, box).error().kind, ErrorKind::kConflict);
  // Nor under a nonce that was issued since.
  ASSERT_TRUE(host_->prepare_keys(kVolume, kAttachment));
  EXPECT_EQ(host_->deliver_keys(kVolume, kAttachment, box).error().kind, ErrorKind::kRefusedCiphertext);
  expect_nothing_attached();
}

TEST_F(AttachmentsTest, WithoutItsKeyAVolumeIsNotAttached) {
  ASSERT_TRUE(host_->prepare_keys(kVolume, kAttachment));
  EXPECT_FALSE(host_->attach(kVolume, kAttachment));
  const auto prepared = host_->prepare_keys(kVolume, kAttachment);
  ASSERT_TRUE(host_->deliver_keys(kVolume, kAttachment,
                                  box_for(kAttachment, prepared->nonce, 7, "layer-00000000000000000")));
  EXPECT_FALSE(host_->attach(kVolume, kAttachment));
  expect_nothing_attached();
  EXPECT_TRUE(attach());
}

TEST_F(AttachmentsTest, AnUnencryptedVolumeNeedsNoKeys) {
  const std::string plain = "vol-0123456789abcdef1";
  ASSERT_TRUE(
      host_->create_volume({plain, kSize, {"layer-0123456789abcdef1", std::nullopt, plain}, {}, false}));
  const auto prepared = host_->prepare_keys(plain, kAttachment);
  ASSERT_TRUE(prepared);
  EXPECT_TRUE(prepared->layers.empty());
  const auto attached = host_->attach(plain, kAttachment);
  ASSERT_TRUE(attached);
  EXPECT_FALSE(attached->encrypted);
}

TEST_F(AttachmentsTest, AnAttachedVolumeIsNotDeleted) {
  ASSERT_TRUE(attach());
  EXPECT_EQ(host_->delete_volume(kVolume).error().kind, ErrorKind::kConflict);
  EXPECT_TRUE(host_->detach(kVolume, false));
  EXPECT_TRUE(host_->detach(kVolume, false));
  EXPECT_TRUE(host_->delete_volume(kVolume));
  EXPECT_TRUE(host_->delete_volume(kVolume));
  EXPECT_TRUE(host_->list_volumes()->empty());
}

TEST_F(AttachmentsTest, AFailedFlushKeepsItReadableUntilForced) {
  const auto attached = attach();
  ASSERT_TRUE(attached);
  const auto user = client(attached->socket_path);
  EXPECT_EQ(user->write(0, Bytes(4096, 'x')), kSuccess);
  disk_.fail_flush = true;
  EXPECT_EQ(user->command(kFlush, 0, 0), kEio);
  EXPECT_EQ(host_->detach(kVolume, false).error().kind, ErrorKind::kIo);
  ASSERT_EQ(host_->status().attached.size(), 1u);
  EXPECT_FALSE(host_->status().attached[0].failure.empty());
  EXPECT_EQ(read(*user, 4096), Bytes(4096, 'x'));
  EXPECT_TRUE(host_->detach(kVolume, true));
  expect_nothing_attached();
}

TEST_F(AttachmentsTest, WhatAnEarlierProcessLeftIsCleared) {
  std::ofstream(folder_ / "nbd" / "vol-9.sock");
  open();
  expect_nothing_attached();
}

TEST_F(AttachmentsTest, ClosingFlushesAndRefusesFurtherOnes) {
  const auto attached = attach();
  const auto user = client(attached->socket_path);
  EXPECT_EQ(user->write(0, Bytes(4096, 'x')), kSuccess);
  host_->close_all();
  expect_nothing_attached();
  EXPECT_FALSE(attach(kOther));
  expect_nothing_attached();
  open();
  EXPECT_EQ(read(*client(attach(kOther)->socket_path), 4096), Bytes(4096, 'x'));
}

TEST_F(AttachmentsTest, WhileKeydIsDownEncryptedVolumesWait) {
  keyd_.die();
  const auto prepared = host_->prepare_keys(kVolume, kAttachment);
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().kind, ErrorKind::kUnavailable);
}

TEST_F(AttachmentsTest, UnknownVolumesAndIdsAreRefused) {
  EXPECT_EQ(host_->prepare_keys("vol-00000000000000000", kAttachment).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(host_->attach("vol-00000000000000000", kAttachment).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(host_->prepare_keys(kVolume, "../x").error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(host_->attach("../../etc", kAttachment).error().kind, ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace coffer::host
