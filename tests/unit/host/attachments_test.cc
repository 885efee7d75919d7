// SPDX-License-Identifier: Apache-2.0
// Is a volume attached only with the right keys, served while it is, and gone without a trace afterwards?
#include <fstream>

#include "tests/unit/host/host_fixture.h"

namespace coffer::host {
namespace {

using AttachmentsTest = HostFixture;

TEST_F(AttachmentsTest, AnAttachedVolumeIsServedAndKeepsItsContents) {
  const Bytes data(8192, 'x');
  {
    const auto attached = attach();
    ASSERT_TRUE(attached) << attached.error().message;
    EXPECT_EQ(attached->size_bytes, kSize);
    EXPECT_TRUE(attached->encrypted);
    const auto user = client(*attached);
    ASSERT_TRUE(user);
    EXPECT_EQ(user->write(0, data), kSuccess);
    ASSERT_EQ(host_->status().attached.size(), 1u);
    EXPECT_EQ(host_->status().attached[0].clients, 1u);
    EXPECT_TRUE(host_->detach(kVolume, false));
    EXPECT_TRUE(user->closed_by_server());
    expect_nothing_attached();
  }
  const auto again = attach(kVolume, kOther);
  ASSERT_TRUE(again);
  EXPECT_EQ(read(*client(*again), 0, 8192), data);
}

TEST_F(AttachmentsTest, AnotherKeyReadsSomethingElse) {
  EXPECT_EQ(client(*attach())->write(0, Bytes(4096, 'x')), kSuccess);
  EXPECT_TRUE(host_->detach(kVolume, false));
  const auto prepared = host_->prepare_keys(kVolume, kOther);
  const uint8_t other_key = key_of(kLayer) ^ 1;
  ASSERT_TRUE(host_->deliver_keys(
      kVolume, kOther, keyd_.box({{kLayer, other_key}}, {"i-1", kVolume, kOther, prepared->nonce})));
  const auto wrong = host_->attach(kVolume, kOther);
  ASSERT_TRUE(wrong);
  EXPECT_NE(read(*client(*wrong), 0, 4096), Bytes(4096, 'x'));
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
  const Bytes box = box_for(kVolume, kAttachment, prepared->nonce, {kLayer});
  EXPECT_TRUE(host_->deliver_keys(kVolume, kAttachment, box));
  EXPECT_EQ(host_->keys_waiting(), 1u);
  EXPECT_TRUE(host_->attach(kVolume, kAttachment));
  EXPECT_EQ(host_->keys_waiting(), 0u);
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
  EXPECT_EQ(host_->attach(kVolume, kAttachment).error().kind, ErrorKind::kInvalidArgument);
  const auto prepared = host_->prepare_keys(kVolume, kAttachment);
  ASSERT_TRUE(host_->deliver_keys(kVolume, kAttachment,
                                  box_for(kVolume, kAttachment, prepared->nonce, {id("layer", 9)})));
  EXPECT_FALSE(host_->attach(kVolume, kAttachment));
  EXPECT_EQ(host_->keys_waiting(), 0u);
  expect_nothing_attached();
  EXPECT_TRUE(attach());
}

TEST_F(AttachmentsTest, KeysThatNobodyUsesAreWipedInTheirTime) {
  ASSERT_TRUE(deliver(kVolume, kAttachment));
  EXPECT_EQ(host_->keys_waiting(), 1u);
  clock_.move(KeySessions::kLifetime + std::chrono::seconds(1));
  EXPECT_TRUE(eventually([&] { return host_->keys_waiting() == 0; }));
  EXPECT_EQ(host_->attach(kVolume, kAttachment).error().kind, ErrorKind::kConflict);
}

TEST_F(AttachmentsTest, AChainOf600LayersTakesSeveralBoxes) {
  disk_.forgetful = true;
  with(kVolume, [](NbdClient& user) { EXPECT_EQ(user.write(0, Bytes(4096, 'x')), kSuccess); });
  for (size_t i = 1; i < 600; ++i)
    ASSERT_TRUE(host_->create_snapshots({snapshot(id("snap", i), kVolume, id("layer", i))}));
  const auto prepared = host_->prepare_keys(kVolume, kAttachment);
  ASSERT_TRUE(prepared);
  ASSERT_EQ(prepared->layers.size(), 600u);
  EXPECT_EQ(prepared->layers.front().layer_id, id("layer", 599));
  EXPECT_EQ(prepared->layers.back().layer_id, kLayer);
  with(kVolume, [](NbdClient& user) {
    EXPECT_EQ(read(user, 0, 4096), Bytes(4096, 'x'));
    EXPECT_EQ(user.write(4096, Bytes(4096, 'y')), kSuccess);
  });
  // All of them are needed.
  const auto again = host_->prepare_keys(kVolume, kAttachment);
  std::vector<std::string> layers;
  for (size_t i = 300; i < 500; ++i) layers.push_back(id("layer", i));
  ASSERT_TRUE(host_->deliver_keys(kVolume, kAttachment, box_for(kVolume, kAttachment, again->nonce, layers)));
  EXPECT_FALSE(host_->attach(kVolume, kAttachment));
  expect_nothing_attached();
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
  const auto user = client(*attached);
  EXPECT_EQ(user->write(0, Bytes(4096, 'x')), kSuccess);
  disk_.fail_flush = true;
  EXPECT_EQ(user->command(kFlush, 0, 0), kEio);
  EXPECT_EQ(host_->detach(kVolume, false).error().kind, ErrorKind::kIo);
  ASSERT_EQ(host_->status().attached.size(), 1u);
  EXPECT_FALSE(host_->status().attached[0].failure.empty());
  EXPECT_EQ(read(*user, 0, 4096), Bytes(4096, 'x'));
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
  const auto user = client(*attached);
  EXPECT_EQ(user->write(0, Bytes(4096, 'x')), kSuccess);
  host_->close_all();
  expect_nothing_attached();
  EXPECT_FALSE(attach(kVolume, kOther));
  expect_nothing_attached();
  open();
  EXPECT_EQ(read(*client(*attach(kVolume, kOther)), 0, 4096), Bytes(4096, 'x'));
}

TEST_F(AttachmentsTest, WhileKeydIsDownEncryptedVolumesWait) {
  keyd_.die();
  // It takes a moment until its going is noticed.
  auto prepared = host_->prepare_keys(kVolume, kAttachment);
  for (int i = 0; i < 500 && prepared; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    prepared = host_->prepare_keys(kVolume, kAttachment);
  }
  ASSERT_FALSE(prepared);
  EXPECT_EQ(prepared.error().kind, ErrorKind::kUnavailable);
}

TEST_F(AttachmentsTest, AGrownVolumeIsLongerAtOnce) {
  const auto attached = attach();
  ASSERT_TRUE(attached);
  ASSERT_TRUE(host_->grow_volume(kVolume, 2 * kSize));
  ASSERT_TRUE(host_->grow_volume(kVolume, 2 * kSize));
  EXPECT_EQ(host_->grow_volume(kVolume, kSize).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(host_->status().attached.at(0).size_bytes, 2 * kSize);
  const auto user = client(*attached);
  EXPECT_EQ(user->write(2 * kSize - 4096, Bytes(4096, 'x')), kSuccess);
  EXPECT_TRUE(host_->detach(kVolume, false));
  open();
  with(kVolume, [](NbdClient& again) { EXPECT_EQ(read(again, 2 * kSize - 4096, 4096), Bytes(4096, 'x')); });
}

TEST_F(AttachmentsTest, LimitsHoldAtOnceAndUntilItIsDetached) {
  options_.throttle = true;
  open();
  clock_.hold();
  const auto attached = attach();
  ASSERT_TRUE(attached);
  const auto user = client(*attached);
  EXPECT_EQ(user->write(0, Bytes(4096, 'x')), kSuccess);
  // By a clock that stands still it is never its turn.
  ASSERT_TRUE(host_->set_limits(kVolume, 0, 4096));
  user->request(kRead, 1, 0, 4096);
  EXPECT_FALSE(user->readable(std::chrono::milliseconds(300)));
  ASSERT_TRUE(host_->set_limits(kVolume, 0, 0));
  EXPECT_TRUE(user->simple_reply());
  EXPECT_EQ(user->receive(4096), Bytes(4096, 'x'));
  EXPECT_EQ(host_->set_limits(id("vol", 9), 1, 1).error().kind, ErrorKind::kNotFound);
}

TEST_F(AttachmentsTest, UnknownVolumesAndIdsAreRefused) {
  EXPECT_EQ(host_->prepare_keys("vol-00000000000000000", kAttachment).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(host_->attach("vol-00000000000000000", kAttachment).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(host_->prepare_keys(kVolume, "../x").error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(host_->attach("../../etc", kAttachment).error().kind, ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace coffer::host
