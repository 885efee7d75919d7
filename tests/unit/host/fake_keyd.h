// SPDX-License-Identifier: Apache-2.0
// As much of keyd as this host's end needs: takes enrolments, and seals boxes to whoever enrolled last.
#pragma once
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "base/packet_channel.h"
#include "crypto/sealed_box.h"
#include "format/keyd_protocol.h"
#include "format/volume_key_box.h"
#include "host/key_recipient.h"

namespace coffer::host {

class FakeKeyd {
 public:
  explicit FakeKeyd(int refusals = 0) : refusals_(refusals) {}
  ~FakeKeyd() { die(); }

  void serve(KeyRecipient& recipient) {
    auto pair = make_channel_pair();
    ASSERT_TRUE(pair);
    channel_.emplace(std::move(pair->first));
    thread_ = std::thread([this] { answer(); });
    recipient.connect(std::move(pair->second));
  }
  void die() {
    if (!thread_.joinable()) return;
    channel_->shutdown();
    thread_.join();
    channel_.reset();
  }
  Bytes public_key() {
    std::lock_guard lock(mutex_);
    return public_key_;
  }
  int enrolments() {
    std::lock_guard lock(mutex_);
    return enrolments_;
  }

  // A box with these keys; every byte of a key is its number.
  struct Key {
    std::string layer_id;
    uint8_t number;
  };
  Bytes box(const std::vector<Key>& keys, const format::BoxBinding& binding) {
    std::vector<Bytes> bytes;
    for (const Key& key : keys) {
      bytes.emplace_back(format::kVolumeKeySize, key.number);
      bytes.back().back() ^= 1;  // the halves of an XTS key differ
    }
    std::vector<format::BoxedKeyView> views;
    for (size_t i = 0; i < keys.size(); ++i) views.push_back({keys[i].layer_id, bytes[i]});
    secret::SecretBytes contents(format::boxed_keys_size(views));
    format::encode_boxed_keys(views, contents.write(secret::RawAccess::because("a test makes up keys")));
    const auto sealed = crypto::seal_box(public_key(), format::frame(binding), contents);
    EXPECT_TRUE(sealed);
    return *sealed;
  }

 private:
  void answer() {
    while (true) {
      const auto packet = channel_->receive();
      if (!packet) return;
      const auto request = format::keyd::parse_request(packet->bytes);
      if (!request || request->operation != format::keyd::Operation::kEnrolRecipient) continue;
      const auto body = format::keyd::parse_body<format::keyd::EnrolRecipient>(request->body);
      Bytes reply;
      std::lock_guard lock(mutex_);
      if (body && refusals_-- <= 0) {
        public_key_ = body->public_key;
        ++enrolments_;
        format::Writer writer;
        format::keyd::begin_reply(writer, request->id);
        reply = writer.take();
      } else {
        reply = format::keyd::encode_failure(request->id, {ErrorKind::kUnavailable, "not yet"});
      }
      if (!channel_->send(reply)) return;
    }
  }

  std::optional<PacketChannel> channel_;
  std::thread thread_;
  std::mutex mutex_;
  Bytes public_key_;
  int enrolments_ = 0;
  int refusals_;
};

}  // namespace coffer::host
