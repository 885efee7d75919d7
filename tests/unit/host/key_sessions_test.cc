// SPDX-License-Identifier: Apache-2.0
// Do keys reach one call of their own subject and session, once, and are they gone afterwards?
#include "host/key_sessions.h"

#include <gtest/gtest.h>

#include "tests/unit/host/fake_keyd.h"

namespace coffer::host {
namespace {
using namespace std::chrono_literals;

const std::string kVolume = "vol-0123456789abcdef0", kSnapshot = "snap-0123456789abcdef0";
const std::string kSession = "session-0123456789abcdef0", kAttachment = "attach-0123456789abcdef0";
const KeySessions::Time kNow{};

class KeySessionsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    keyd_.serve(*recipient_);
    ASSERT_TRUE(recipient_->wait_until_enrolled(5s));
  }
  Bytes begin(const std::string& subject = kVolume, const std::string& session = kSession,
              KeySessions::Time now = kNow) {
    const auto begun = sessions_.begin(subject, session, {{"layer-1", Bytes{1}, subject}}, now);
    EXPECT_TRUE(begun);
    return begun->nonce;
  }
  Bytes box(const std::vector<std::string>& layers, const Bytes& nonce, const std::string& subject = kVolume,
            const std::string& session = kSession, const std::string& host = "i-1") {
    std::vector<FakeKeyd::Key> keys;
    for (const auto& layer : layers) keys.push_back({layer, 7});
    return keyd_.box(keys, {host, subject, session, nonce});
  }
  ErrorKind refusal(const Bytes& sealed, KeySessions::Time now = kNow) {
    const Status status = sessions_.deliver(kVolume, kSession, sealed, now);
    EXPECT_FALSE(status);
    return status ? ErrorKind::kInternal : status.error().kind;
  }

  std::unique_ptr<KeyRecipient> recipient_ = *KeyRecipient::create();
  FakeKeyd keyd_;
  KeySessions sessions_{system_random(), "i-1", *recipient_};
};

TEST_F(KeySessionsTest, KeysAreTakenOnceByTheirOwnSubjectAndSession) {
  const Bytes nonce = begin();
  EXPECT_EQ(nonce.size(), KeySessions::kNonceSize);
  ASSERT_TRUE(sessions_.deliver(kVolume, kSession, box({"layer-1"}, nonce), kNow));
  EXPECT_EQ(sessions_.take(kSnapshot, kSession, kNow), std::nullopt);
  EXPECT_EQ(sessions_.take(kVolume, kAttachment, kNow), std::nullopt);
  EXPECT_EQ(sessions_.keys(), 1u);
  const auto keys = sessions_.take(kVolume, kSession, kNow);
  ASSERT_TRUE(keys && keys->size() == 1);
  EXPECT_EQ(keys->at(0).layer_id, "layer-1");
  EXPECT_EQ(sessions_.keys(), 0u);
  EXPECT_EQ(sessions_.take(kVolume, kSession, kNow), std::nullopt);
}

TEST_F(KeySessionsTest, ABoxForAnythingElseIsRefused) {
  const Bytes nonce = begin();
  EXPECT_EQ(refusal(box({"layer-1"}, nonce, kSnapshot)), ErrorKind::kRefusedCiphertext);
  EXPECT_EQ(refusal(box({"layer-1"}, nonce, kVolume, kAttachment)), ErrorKind::kRefusedCiphertext);
  EXPECT_EQ(refusal(box({"layer-1"}, nonce, kVolume, kSession, "i-2")), ErrorKind::kRefusedCiphertext);
  EXPECT_EQ(refusal(box({"layer-1"}, Bytes(KeySessions::kNonceSize, 1))), ErrorKind::kRefusedCiphertext);
  EXPECT_EQ(refusal({}), ErrorKind::kRefusedCiphertext);
  EXPECT_EQ(sessions_.keys(), 0u);
  // The session is not harmed by them.
  EXPECT_TRUE(sessions_.deliver(kVolume, kSession, box({"layer-1"}, nonce), kNow));
}

TEST_F(KeySessionsTest, ANonceIsNotGoodInANewSession) {
  const Bytes first = begin(), second = begin();
  EXPECT_NE(first, second);
  EXPECT_EQ(refusal(box({"layer-1"}, first)), ErrorKind::kRefusedCiphertext);
  ASSERT_TRUE(sessions_.deliver(kVolume, kSession, box({"layer-1"}, second), kNow));
  begin();
  EXPECT_EQ(sessions_.keys(), 0u);
}

TEST_F(KeySessionsTest, SeveralBoxesFillOneSession) {
  const Bytes nonce = begin();
  for (int part = 0; part < 3; ++part) {
    std::vector<std::string> layers;
    for (int i = 0; i < 200; ++i) layers.push_back("layer-" + std::to_string(part * 200 + i));
    ASSERT_TRUE(sessions_.deliver(kVolume, kSession, box(layers, nonce), kNow));
  }
  EXPECT_EQ(sessions_.take(kVolume, kSession, kNow)->size(), 600u);
}

TEST_F(KeySessionsTest, ALayerHasOneKey) {
  const Bytes nonce = begin();
  EXPECT_EQ(refusal(box({"layer-1", "layer-1"}, nonce)), ErrorKind::kRefusedCiphertext);
  const Bytes once = box({"layer-1"}, nonce);
  ASSERT_TRUE(sessions_.deliver(kVolume, kSession, once, kNow));
  EXPECT_EQ(refusal(once), ErrorKind::kRefusedCiphertext);
  EXPECT_EQ(sessions_.take(kVolume, kSession, kNow)->size(), 1u);
}

TEST_F(KeySessionsTest, KeysAreGoneWhenTheyAreTooOld) {
  const Bytes nonce = begin();
  ASSERT_TRUE(sessions_.deliver(kVolume, kSession, box({"layer-1"}, nonce), kNow));
  EXPECT_TRUE(sessions_.expire(kNow + KeySessions::kLifetime));
  EXPECT_EQ(sessions_.keys(), 1u);
  EXPECT_FALSE(sessions_.expire(kNow + KeySessions::kLifetime + 1s));
  EXPECT_EQ(sessions_.keys(), 0u);
  // Also when nobody looked for them meanwhile.
  const Bytes again = begin();
  ASSERT_TRUE(sessions_.deliver(kVolume, kSession, box({"layer-1"}, again), kNow));
  EXPECT_EQ(sessions_.take(kVolume, kSession, kNow + KeySessions::kLifetime + 1s), std::nullopt);
  EXPECT_EQ(sessions_.keys(), 0u);
  begin();
  EXPECT_EQ(refusal(box({"layer-1"}, again), kNow + KeySessions::kLifetime + 1s), ErrorKind::kConflict);
}

TEST_F(KeySessionsTest, WhatWasPreparedCanBeReadAgainUntilItIsOver) {
  const Bytes nonce = begin();
  const auto again = sessions_.prepared(kVolume, kSession, kNow);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->nonce, nonce);
  EXPECT_EQ(again->layers.at(0).layer_id, "layer-1");
  EXPECT_EQ(sessions_.prepared(kSnapshot, kSession, kNow).error().kind, ErrorKind::kConflict);
  sessions_.take(kVolume, kSession, kNow);
  EXPECT_EQ(sessions_.prepared(kVolume, kSession, kNow).error().kind, ErrorKind::kConflict);
}

TEST_F(KeySessionsTest, TheOldestGoWhenThereAreTooMany) {
  const auto at = [](size_t i) { return kNow + std::chrono::milliseconds(i); };
  const auto subject = [](size_t i) { return "vol-" + std::to_string(i); };
  for (size_t i = 0; i <= KeySessions::kMostSessions; ++i) begin(subject(i), kSession, at(i));
  EXPECT_FALSE(sessions_.prepared(subject(0), kSession, at(0)));
  EXPECT_TRUE(sessions_.prepared(subject(1), kSession, at(1)));
  // Long chains count for what they are.
  for (size_t i = 0; i < 9; ++i)
    ASSERT_TRUE(sessions_.begin("snap-" + std::to_string(i), kSession,
                                std::vector<control::NewLayer>(4096, {"layer-1", Bytes{1}, ""}),
                                kNow + 10s + std::chrono::seconds(i)));
  EXPECT_FALSE(sessions_.prepared("snap-0", kSession, kNow + 20s));
  EXPECT_TRUE(sessions_.prepared("snap-1", kSession, kNow + 20s));
}

TEST_F(KeySessionsTest, ItsNameIsAnAttachmentsOrASessions) {
  EXPECT_TRUE(sessions_.begin(kVolume, kAttachment, {}, kNow));
  EXPECT_EQ(sessions_.begin(kVolume, "../x", {}, kNow).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(sessions_.begin(kVolume, kVolume, {}, kNow).error().kind, ErrorKind::kInvalidArgument);
}

}  // namespace
}  // namespace coffer::host
