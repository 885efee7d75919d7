// SPDX-License-Identifier: Apache-2.0
// Keys of every kind from apid's side of the channel.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "keyclient/keyd_client.h"
#include "tests/unit/keyclient/keyd_in_process.h"

namespace coffer::keyclient {
namespace {

using format::EncryptionAlgorithm;
using format::KeySpec;
using format::MessageType;
using format::SigningAlgorithm;

struct KeyKinds : ::testing::Test {
  void SetUp() override { client.connect(keyd.channel_for("apid", "i-1")); }
  WrappedBackingKey key_of(KeySpec spec) {
    auto made = client.create_key_material(binding, 1, spec);
    EXPECT_TRUE(made);
    public_key = made->public_key_der;
    return {binding, 1, std::move(made->token)};
  }
  KeydInProcess keyd;
  KeydClient client;
  const format::KeyBinding binding{"123456789012", "us-west-2", "1234abcd-12ab-34cd-56ef-1234567890ab"};
  Bytes public_key;
  const Bytes message = to_bytes("message");
};

TEST_F(KeyKinds, SignsAndVerifies) {
  const auto key = key_of(KeySpec::kEccNistP256);
  EXPECT_FALSE(public_key.empty());
  const auto signature = client.sign(key, SigningAlgorithm::kEcdsaSha256, MessageType::kRaw, message);
  ASSERT_TRUE(signature);
  EXPECT_TRUE(*client.verify(key, SigningAlgorithm::kEcdsaSha256, MessageType::kRaw, message, *signature));
  EXPECT_FALSE(
      *client.verify(key, SigningAlgorithm::kEcdsaSha256, MessageType::kRaw, public_key, *signature));
}

TEST_F(KeyKinds, AKeyOfOneKindDoesNothingOfAnother) {
  const auto pair = key_of(KeySpec::kEccNistP256);
  const auto mac = key_of(KeySpec::kHmac256);
  const auto symmetric = key_of(KeySpec::kSymmetricDefault);
  const auto refused = [](const auto& result) {
    return !result && result.error().kind == ErrorKind::kInvalidArgument;
  };
  for (const auto& key : {pair, mac}) {
    EXPECT_TRUE(refused(client.encrypt(key, message, {})));
    EXPECT_TRUE(refused(client.generate_data_key(key, 32, {})));
    EXPECT_TRUE(refused(client.generate_data_key_without_plaintext(key, 64, {}, format::BlobClass::kVolume)));
    EXPECT_TRUE(refused(client.generate_data_key_pair(key, KeySpec::kEccNistP256, {}, true)));
  }
  EXPECT_TRUE(refused(client.generate_mac(symmetric, message)));
  EXPECT_TRUE(refused(client.sign(symmetric, SigningAlgorithm::kEcdsaSha256, MessageType::kRaw, message)));
  EXPECT_TRUE(refused(client.sign(mac, SigningAlgorithm::kEcdsaSha256, MessageType::kRaw, message)));
  EXPECT_TRUE(refused(client.decrypt_asymmetric(pair, EncryptionAlgorithm::kRsaesOaepSha256, message)));
}

TEST_F(KeyKinds, ADataKeyPairWithoutPlaintextBringsNone) {
  const auto key = key_of(KeySpec::kSymmetricDefault);
  const auto with = client.generate_data_key_pair(key, KeySpec::kEccNistP384, {}, true);
  const auto without = client.generate_data_key_pair(key, KeySpec::kEccNistP384, {}, false);
  ASSERT_TRUE(with && without);
  EXPECT_TRUE(client.decrypt(key, with->private_key_blob, {})->equals(with->private_key));
  EXPECT_TRUE(without->private_key.empty());
  EXPECT_TRUE(client.decrypt(key, without->private_key_blob, {}));
}

TEST_F(KeyKinds, AnImportTellsWhyItWasRefused) {
  const auto parameters = client.create_import_parameters(binding, KeySpec::kRsa2048,
                                                          format::WrappingAlgorithm::kRsaesOaepSha256);
  ASSERT_TRUE(parameters);
  const auto outcome = [&](ByteView token, ByteView wrapped) {
    const auto result =
        client.import_key_material(binding, 1, KeySpec::kSymmetricDefault, token, wrapped, {});
    EXPECT_TRUE(result);
    EXPECT_TRUE(result->key.token.empty());
    return result->outcome;
  };
  EXPECT_EQ(outcome(message, message), ImportOutcome::kInvalidToken);
  EXPECT_EQ(outcome(parameters->import_token, message), ImportOutcome::kInvalidCiphertext);
}

TEST_F(KeyKinds, AnRsaKeyInTheMakingHoldsUpNobody) {
  const auto key = key_of(KeySpec::kSymmetricDefault);
  std::atomic<bool> made = false;
  std::thread maker([&] {
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(client.create_key_material(binding, 1, KeySpec::kRsa4096));
    made = true;
  });
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(client.encrypt(key, message, {}));
  EXPECT_FALSE(made);
  maker.join();
}

TEST_F(KeyKinds, AChannelMayCloseWhileAnRsaKeyIsInTheMaking) {
  std::thread maker([&] { (void)client.create_key_material(binding, 1, KeySpec::kRsa4096); });
  std::this_thread::sleep_for(std::chrono::milliseconds(10));
  keyd.stop();
  maker.join();
}

}  // namespace
}  // namespace coffer::keyclient
