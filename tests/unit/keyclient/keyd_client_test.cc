// SPDX-License-Identifier: Apache-2.0
#include "keyclient/keyd_client.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/encoding.h"
#include "crypto/certificate.h"
#include "crypto/sealed_box.h"
#include "format/ciphertext_blob.h"
#include "keyclient/volume_recipient.h"
#include "keys/installation_secrets.h"
#include "tests/unit/keyclient/keyd_in_process.h"

namespace coffer::keyclient {
namespace {

using format::EncryptionContext;
using secret::RawAccess;
using secret::SecretBytes;

std::string text_of(const SecretBytes& bytes) {
  return std::string(as_text(bytes.read(RawAccess::because("the test compares it"))));
}

struct KeydClientTest : ::testing::Test {
  void SetUp() override {
    client.connect(keyd.channel_for("apid", "i-1"));
    key.token = *client.create_backing_key(key.binding, 1);
  }
  KeydInProcess keyd;
  KeydClient client;
  WrappedBackingKey key{{"123456789012", "us-west-2", "1234abcd-12ab-34cd-56ef-1234567890ab"}, 1, {}};
  const EncryptionContext context{{"a", "bc"}};
};

TEST_F(KeydClientTest, StatusNamesSealArenaAndDomainKey) {
  const auto status = client.status();
  ASSERT_TRUE(status);
  EXPECT_EQ(status->seal, "key file /somewhere");
  EXPECT_FALSE(status->arena.empty());
  EXPECT_EQ(status->domain_key_version, 1u);
  EXPECT_FALSE(status->recipient_enrolled);
}

TEST_F(KeydClientTest, DecryptsWhatItEncrypted) {
  const auto blob = client.encrypt(key, as_bytes("attack at dawn"), context);
  ASSERT_TRUE(blob) << blob.error().message;
  EXPECT_EQ(text_of(*client.decrypt(key, *blob, context)), "attack at dawn");
  EXPECT_EQ(client.decrypt(key, *blob, {{"ab", "c"}}).error().kind, ErrorKind::kRefusedCiphertext);
  const auto identity = identify_blob(*blob);
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->key_id, key.binding.key_id);
  EXPECT_EQ(identity->backing_key_version, 1u);
  EXPECT_EQ(identify_blob(as_bytes("no blob")).error().kind, ErrorKind::kRefusedCiphertext);
}

TEST_F(KeydClientTest, DataKeysOpenByDecrypt) {
  const auto data_key = client.generate_data_key(key, 32, context);
  ASSERT_TRUE(data_key);
  EXPECT_EQ(data_key->plaintext.size(), 32u);
  EXPECT_TRUE(client.decrypt(key, data_key->blob, context)->equals(data_key->plaintext));
  const auto blob =
      client.generate_data_key_without_plaintext(key, 16, context, format::BlobClass::kCustomer);
  EXPECT_EQ(client.decrypt(key, *blob, context)->size(), 16u);
}

TEST_F(KeydClientTest, TheKeysOfALongChainComeInSeveralBoxes) {
  auto volumed = keyd.channel_for("volumed", "i-1");
  const auto recipient = crypto::make_recipient_key_pair();
  ASSERT_TRUE(enrol_recipient(volumed, recipient->public_key));
  const BoxBinding binding{"i-1", "vol-1", "attach-1", Bytes(16, 4)};
  const auto blob = client.generate_data_key_without_plaintext(key, 64, context, format::BlobClass::kVolume);
  std::vector<VolumeKeyRequest> layers;
  for (int i = 0; i < 600; ++i) layers.push_back({key, *blob, context, "layer-" + std::to_string(i)});
  const auto boxes = client.box_chain_keys(layers, binding);
  ASSERT_TRUE(boxes) << boxes.error().message;
  EXPECT_GE(boxes->size(), 3u);
  std::vector<std::string> opened;
  for (const Bytes& box : *boxes) {
    const auto contents = crypto::open_box(*recipient, box_binding_bytes(binding), box);
    ASSERT_TRUE(contents);
    const auto keys = parse_boxed_keys(*contents);
    ASSERT_TRUE(keys);
    for (const auto& one : *keys) opened.push_back(one.layer_id);
  }
  ASSERT_EQ(opened.size(), 600u);
  for (int i = 0; i < 600; ++i) EXPECT_EQ(opened[i], "layer-" + std::to_string(i));
  // One that does not open fails them all; no layers need no box.
  layers[599].context = {{"a", "b"}};
  EXPECT_EQ(client.box_chain_keys(layers, binding).error().kind, ErrorKind::kRefusedCiphertext);
  EXPECT_TRUE(client.box_chain_keys({}, binding)->empty());
}

TEST_F(KeydClientTest, SizesOutsideTheLimitsAreRefused) {
  EXPECT_EQ(client.generate_random(0).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(client.generate_random(1025).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(client.generate_random(1024)->size(), 1024u);
  EXPECT_EQ(client.encrypt(key, Bytes(4097), context).error().kind, ErrorKind::kInvalidArgument);
  EXPECT_TRUE(client.encrypt(key, Bytes(4096), context));
  EXPECT_EQ(client.encrypt(key, Bytes(200'000), context).error().kind, ErrorKind::kLimitExceeded);
  EXPECT_EQ(
      client.generate_data_key_without_plaintext(key, 32, context, format::BlobClass::kVolume).error().kind,
      ErrorKind::kInvalidArgument);
}

std::string day(int64_t days_from_now) {
  const int64_t offset = days_from_now * 24 * 3600 * 1000000;
  return basic_iso8601(Timestamp{system_clock().now().microseconds + offset}).substr(0, 8);
}

TEST_F(KeydClientTest, SigningKeysComeFromTheSecretThatWasHandedOut) {
  const auto secret = client.create_access_key_secret("AKIA1");
  ASSERT_TRUE(secret);
  const std::string today = day(0);
  const auto key_of_keyd = client.derive_signing_key("AKIA1", secret->wrapped, today, "us-west-2", "kms");
  ASSERT_TRUE(key_of_keyd);
  EXPECT_TRUE(key_of_keyd->equals(keys::derive_signing_key(secret->plaintext, today, "us-west-2", "kms")));
  EXPECT_EQ(client.derive_signing_key("AKIA2", secret->wrapped, today, "us-west-2", "kms").error().kind,
            ErrorKind::kRefusedCiphertext);
}

// Who holds apid for a while must not take signing keys of later days with him.
TEST_F(KeydClientTest, SigningKeysAreForAboutTodayOnly) {
  const auto secret = client.create_access_key_secret("AKIA1");
  ASSERT_TRUE(secret);
  const auto derive = [&](const std::string& date) {
    return client.derive_signing_key("AKIA1", secret->wrapped, date, "us-west-2", "kms");
  };
  for (const int64_t days : {-7, 0}) EXPECT_TRUE(derive(day(days))) << days;
  for (const std::string& date :
       {day(-10), day(3), day(3650), day(0) + "0", std::string("2026110:"), std::string()})
    EXPECT_EQ(derive(date).error().kind, ErrorKind::kInvalidArgument) << date;
}

TEST_F(KeydClientTest, TheAuthorityIssuesCertificatesUnderItsOwnCertificateOnly) {
  const auto authority = client.create_certificate_authority("Coffer of a test");
  const auto other = client.create_certificate_authority("Coffer of a test");
  ASSERT_TRUE(authority && other);
  const auto subject = crypto::make_p256_key_pair();
  const auto issued =
      client.issue_certificate(*authority, subject->public_key_der, {"ec2.amazonaws.com"}, 30);
  ASSERT_TRUE(issued) << issued.error().message;
  EXPECT_FALSE(issued->empty());
  const auto client_certificate = [&](const std::string& name) {
    return client.issue_certificate(*authority, subject->public_key_der, {name}, 30,
                                    CertificatePurpose::kNbdClient);
  };
  EXPECT_TRUE(client_certificate("coffer:nbd:vol-1"));
  EXPECT_EQ(client_certificate("ec2.amazonaws.com").error().kind, ErrorKind::kInvalidArgument);
  const CertificateAuthority mixed{authority->wrapped_private_key, other->certificate_der};
  EXPECT_EQ(client.issue_certificate(mixed, subject->public_key_der, {"a"}, 30).error().kind,
            ErrorKind::kRefusedCiphertext);
}

TEST_F(KeydClientTest, EightThreadsGetTheirOwnAnswers) {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  constexpr int kRounds = 200;
  for (int number = 0; number < 8; ++number)
    threads.emplace_back([&, number] {
      for (int round = 0; round < kRounds; ++round) {
        const std::string text = std::to_string(number) + "/" + std::to_string(round);
        const auto blob = client.encrypt(key, as_bytes(text), context);
        if (!blob) return;
        const auto opened = client.decrypt(key, *blob, context);
        if (opened && text_of(*opened) == text) ++right;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 8 * kRounds);
}

TEST_F(KeydClientTest, RepliesAreMatchedByNumberNotByOrder) {
  auto pair = make_channel_pair();
  client.connect(std::move(pair->second));
  std::thread keyd_that_turns_them_round([channel = PacketChannel(std::move(pair->first))]() mutable {
    const Bytes first = channel.receive()->bytes, second = channel.receive()->bytes;
    for (const Bytes* packet : {&second, &first}) {
      const auto request = format::keyd::parse_request(*packet);
      const auto size = format::keyd::parse_body<format::keyd::GenerateRandom>(request->body)->size;
      format::Writer reply;
      format::keyd::begin_reply(reply, request->id);
      if (!channel.send(reply.raw(Bytes(size)).bytes())) return;
    }
  });
  size_t other_size = 0;
  std::thread other([&] { other_size = client.generate_random(11)->size(); });
  EXPECT_EQ(client.generate_random(22)->size(), 22u);
  other.join();
  EXPECT_EQ(other_size, 11u);
  keyd_that_turns_them_round.join();
}

TEST_F(KeydClientTest, ACallUnderWayFailsWhenKeydDiesAndAFreshChannelMends) {
  auto pair = make_channel_pair();
  client.connect(std::move(pair->second));
  std::thread keyd_that_dies([channel = std::make_unique<PacketChannel>(std::move(pair->first))]() mutable {
    EXPECT_TRUE(channel->receive());
    channel.reset();
  });
  EXPECT_EQ(client.generate_random(8).error().kind, ErrorKind::kUnavailable);
  keyd_that_dies.join();
  client.connect(keyd.channel_for("apid", "i-1"));
  EXPECT_TRUE(client.generate_random(8));
}

TEST_F(KeydClientTest, ACallWaitsForKeydThatIsRestarting) {
  keyd.stop();
  std::thread supervisor([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    keyd.start();
    client.connect(keyd.channel_for("apid", "i-1"));
  });
  EXPECT_TRUE(client.generate_random(8));
  supervisor.join();
}

TEST_F(KeydClientTest, ACallGivesUpWhenNoChannelComes) {
  keyd.stop();
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(client.generate_random(8).error().kind, ErrorKind::kUnavailable);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(10));
}

}  // namespace
}  // namespace coffer::keyclient
