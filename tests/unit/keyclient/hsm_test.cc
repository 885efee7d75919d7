// SPDX-License-Identifier: Apache-2.0
// KMS keys in a PKCS#11 token, from keyd's client to a real SoftHSM: is every operation there, does volumed
// alone get a volume's key, and what happens when the token's process is killed, hangs or refuses the PIN?
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "crypto/sealed_box.h"
#include "format/hsm_blob.h"
#include "keyclient/keyd_client.h"
#include "keyclient/volume_recipient.h"
#include "keys/installation_secrets.h"
#include "tests/support/bit_flips.h"
#include "tests/support/key_store_process.h"
#include "tests/support/soft_hsm.h"
#include "tests/unit/keyclient/keyd_in_process.h"

namespace coffer::keyclient {
namespace {

using format::BlobClass;
using format::EncryptionContext;
using format::HsmLoginOutcome;
using secret::RawAccess;
using secret::SecretBytes;
using std::chrono::steady_clock;

constexpr const char* kHost = "i-0123456789abcdef0";
constexpr const char* kStore = "cks-1234567890abcdef0";
constexpr const char* kCluster = "cluster-234567abcde";
constexpr const char* kAccount = "123456789012";
const format::KeyBinding kBinding{"123456789012", "us-west-2", "1234abcd-12ab-34cd-56ef-1234567890ab"};

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

struct HsmKeys : ::testing::Test {
  void SetUp() override {
    ASSERT_TRUE(replace_file(system_disk(), folder / "hsm-clusters",
                             format::encode(format::HsmClusters{token.cluster(kCluster)})));
    apid.connect(keyd.channel_for("apid", kHost));
  }
  void configure(const format::HsmCluster& cluster) {
    ASSERT_TRUE(
        replace_file(system_disk(), folder / "hsm-clusters", format::encode(format::HsmClusters{cluster})));
  }
  HsmLogin login(std::string_view pin = SoftHsm::kPin, const char* store = kStore,
                 const char* cluster = kCluster) {
    return {cluster, store,
            *keys::wrap_secret(keyd.domain_keys(), format::SecretKind::kKeyStorePassword, store,
                               SecretBytes::copy_of(as_bytes(pin)))};
  }
  WrappedBackingKey a_key() { return a_key_in(login()); }
  WrappedBackingKey a_key_in(const HsmLogin& where) {
    const auto made = apid.create_hsm_key(where, kBinding, 1);
    EXPECT_TRUE(made) << made.error().message;
    return {kBinding, 1, made ? made->token : Bytes{}};
  }

  SoftHsm token;
  ScratchFolder folder;
  KeyStoreStarter starter;
  keys::HsmStores stores{system_disk(), folder.path(), [this] { return starter.start(); }};
  KeydInProcess keyd{&stores};
  KeydClient apid;
  const EncryptionContext context{{"a", "bc"}};
};

TEST_F(HsmKeys, DoWhatAnyOtherKeyDoes) {
  const WrappedBackingKey key = a_key();
  const auto blob = apid.encrypt(key, as_bytes("plaintext"), context);
  ASSERT_TRUE(blob) << blob.error().message;
  EXPECT_EQ(blob->front(), format::kHsmBlobVersion);
  EXPECT_EQ(identify_blob(*blob)->key_id, kBinding.key_id);
  EXPECT_EQ(identify_blob(*blob)->backing_key_version, 1u);
  const auto opened = apid.decrypt(key, *blob, context);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE(opened->equals(SecretBytes::copy_of(as_bytes("plaintext"))));

  const auto data_key = apid.generate_data_key(key, 32, context);
  ASSERT_TRUE(data_key);
  EXPECT_TRUE(apid.decrypt(key, data_key->blob, context)->equals(data_key->plaintext));
  const auto sealed = apid.generate_data_key_without_plaintext(key, 16, context, BlobClass::kCustomer);
  EXPECT_EQ(apid.decrypt(key, *sealed, context)->size(), 16u);
  EXPECT_EQ(apid.generate_hsm_random(login(), 100)->size(), 100u);
  EXPECT_EQ(starter.started(), 1u) << "one process serves the key store";
}

TEST_F(HsmKeys, EveryFlippedBitIsRefusedByOneError) {
  const WrappedBackingKey key = a_key();
  expect_every_flip_refused(*apid.encrypt(key, as_bytes("x"), context),
                            [&](ByteView blob) { return status_of(apid.decrypt(key, blob, context)); });
  EXPECT_EQ(starter.started(), 1u);
}

TEST_F(HsmKeys, AnotherContextOrKeyDoesNotOpen) {
  const WrappedBackingKey key = a_key(), other = a_key();
  const auto blob = apid.encrypt(key, as_bytes("x"), {{"a", "bc"}});
  for (const EncryptionContext& wrong : {EncryptionContext{{"ab", "c"}}, EncryptionContext{}})
    EXPECT_EQ(apid.decrypt(key, *blob, wrong).error().kind, ErrorKind::kRefusedCiphertext);
  EXPECT_EQ(apid.decrypt(other, *blob, {{"a", "bc"}}).error().kind, ErrorKind::kRefusedCiphertext)
      << "the same KMS key's id, another object";
}

TEST_F(HsmKeys, AVolumesKeyOpensForItsHostAlone) {
  const WrappedBackingKey key = a_key();
  FileDescriptor volumed = keyd.channel_for("volumed", kHost);
  const auto recipient = crypto::make_recipient_key_pair();
  ASSERT_TRUE(enrol_recipient(volumed, recipient->public_key));
  const auto blob = apid.generate_data_key_without_plaintext(key, 64, context, BlobClass::kVolume);
  ASSERT_TRUE(blob) << blob.error().message;
  EXPECT_EQ(apid.decrypt(key, *blob, context).error().kind, ErrorKind::kRefusedCiphertext);
  const BoxBinding binding{kHost, "vol-0123456789abcdef0", "attach-1", Bytes(16, 1)};
  const auto box = apid.box_volume_keys({{key, *blob, context, "layer-0123456789abcdef0"}}, binding);
  ASSERT_TRUE(box) << box.error().message;
  const auto keys = parse_boxed_keys(*crypto::open_box(*recipient, box_binding_bytes(binding), *box));
  EXPECT_EQ(keys->front().key.size(), 64u);
}

TEST_F(HsmKeys, ATokensReferenceIsNoKeyMaterialAnywhere) {
  const WrappedBackingKey key = a_key();
  EXPECT_EQ(apid.sign(key, format::SigningAlgorithm::kEcdsaSha256, format::MessageType::kRaw, as_bytes("m"))
                .error()
                .kind,
            ErrorKind::kInvalidArgument);
  EXPECT_EQ(apid.generate_mac(key, as_bytes("m")).error().kind, ErrorKind::kInvalidArgument);
  WrappedBackingKey elsewhere = key;
  elsewhere.binding.region = "us-east-1";
  EXPECT_EQ(apid.encrypt(elsewhere, as_bytes("x"), {}).error().kind, ErrorKind::kRefusedCiphertext);
  Bytes as_software = key.token;
  as_software.front() = 2;  // "material", where there is none
  EXPECT_EQ(apid.encrypt({kBinding, 1, as_software}, as_bytes("x"), {}).error().kind,
            ErrorKind::kRefusedCiphertext);
}

TEST_F(HsmKeys, AKilledProcessIsReplacedByTheNextCall) {
  const WrappedBackingKey key = a_key();
  const auto blob = apid.encrypt(key, as_bytes("before"), context);
  for (int i = 0; i < 5; ++i) {
    starter.signal_newest(SIGKILL);
    const auto opened = apid.decrypt(key, *blob, context);
    ASSERT_TRUE(opened) << opened.error().message;
  }
  EXPECT_EQ(starter.started(), 6u);
}

TEST_F(HsmKeys, ATokenThatHangsHoldsUpNobodyElse) {
  const WrappedBackingKey key = a_key();
  WrappedBackingKey software{kBinding, 1, *apid.create_backing_key(kBinding, 1)};
  starter.signal_newest(SIGSTOP);
  std::vector<std::thread> waiting;
  for (int i = 0; i < 24; ++i)
    waiting.emplace_back([&] {
      const auto blob = apid.encrypt(key, as_bytes("x"), {});
      if (!blob) {
        EXPECT_EQ(blob.error().kind, ErrorKind::kConflict) << blob.error().message;
      }
    });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto start = steady_clock::now();
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(apid.encrypt(software, as_bytes("x"), {}));
  EXPECT_LT(seconds_since(start), 1.0);
  starter.signal_newest(SIGKILL);
  for (auto& thread : waiting) thread.join();
  const auto afterwards = apid.encrypt(key, as_bytes("x"), {});
  EXPECT_TRUE(afterwards) << afterwards.error().message;
}

TEST_F(HsmKeys, ATokenThatHangsHoldsUpNoOtherToken) {
  SoftHsm::run(std::string("softhsm2-util --init-token --free --label cellar --so-pin 12345678 --pin ") +
               SoftHsm::kPin);
  format::HsmCluster second = token.cluster("cluster-765432abcde");
  second.label = "cellar";
  ASSERT_TRUE(replace_file(system_disk(), folder / "hsm-clusters",
                           format::encode(format::HsmClusters{token.cluster(kCluster), second})));
  const WrappedBackingKey other =
      a_key_in(login(SoftHsm::kPin, "cks-0fedcba0987654321", "cluster-765432abcde"));
  const WrappedBackingKey key = a_key();
  starter.signal_newest(SIGSTOP);
  std::vector<std::thread> waiting;
  std::atomic<int> unreachable = 0, served = 0;
  for (int i = 0; i < 48; ++i)
    waiting.emplace_back([&] {
      const auto blob = apid.encrypt(key, as_bytes("x"), {});
      if (blob) ++served;
      if (!blob && blob.error().kind == ErrorKind::kConflict) ++unreachable;
    });
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  const auto start = steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    const auto blob = apid.encrypt(other, as_bytes("x"), {});
    ASSERT_TRUE(blob) << blob.error().message;
  }
  EXPECT_LT(seconds_since(start), 2.5);
  for (auto& thread : waiting) thread.join();
  // On a busy machine a call may come so late that the token has been given up and is open again.
  EXPECT_EQ(unreachable + served, 48);
  EXPECT_GE(unreachable, 16);
}

TEST_F(HsmKeys, ATokenThatAnswersServesAnyNumberAtOnce) {
  const WrappedBackingKey key = a_key();
  std::vector<std::thread> busy;
  std::atomic<int> served = 0;
  for (int i = 0; i < 48; ++i)
    busy.emplace_back([&] {
      for (int j = 0; j < 20; ++j)
        if (apid.encrypt(key, as_bytes("x"), {})) ++served;
    });
  for (auto& thread : busy) thread.join();
  EXPECT_EQ(served, 48 * 20);
}

// Each try brings the token nearer to locking itself.
TEST_F(HsmKeys, ARefusedPinIsNotTriedByTheCallsThatFollow) {
  const WrappedBackingKey key = a_key();
  ASSERT_TRUE(apid.disconnect_hsm(login()));
  EXPECT_EQ(*apid.connect_hsm(login("wrongPIN1")), HsmLoginOutcome::kIncorrectPin);
  const size_t before = starter.started();
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(apid.destroy_hsm_key(login("wrongPIN1"), key));
    EXPECT_FALSE(apid.create_hsm_key(login("wrongPIN1"), kBinding, 1));
    EXPECT_FALSE(apid.generate_hsm_random(login("wrongPIN1"), 8));
  }
  EXPECT_EQ(starter.started(), before);
}

TEST_F(HsmKeys, ARefusedPinOfAStoreThatKeydWasNotToldOfIsTriedOnce) {
  const WrappedBackingKey key = a_key();
  const keys::HsmStores::StartProcess start = [this] { return starter.start(); };
  keys::HsmStores anew(system_disk(), folder.path(), start);  // as after a restart of keyd
  const SecretBytes wrong = SecretBytes::copy_of(as_bytes("wrongPIN1"));
  anew.remember(kStore, kCluster, wrong);
  const size_t before = starter.started();
  for (int i = 0; i < 5; ++i) {
    anew.remember(kStore, kCluster, wrong);
    EXPECT_EQ(anew.call(kStore, {format::sealer::Operation::kHsmRandom, Bytes{0, 0, 0, 8}, {}, {}}, true)
                  .error()
                  .kind,
              ErrorKind::kConflict);
  }
  EXPECT_EQ(starter.started(), before + 1);
}

TEST_F(HsmKeys, ADisconnectedStoreIsNotLoggedInToAgain) {
  const WrappedBackingKey key = a_key();
  ASSERT_TRUE(apid.disconnect_hsm(login()));
  EXPECT_EQ(apid.destroy_hsm_key(login(), key).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(apid.generate_hsm_random(login(), 8).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(starter.started(), 1u);
  ASSERT_EQ(*apid.connect_hsm(login()), HsmLoginOutcome::kLoggedIn);
  EXPECT_TRUE(apid.destroy_hsm_key(login(), key));
}

TEST_F(HsmKeys, AClusterOfAnotherAccountIsUnknown) {
  format::HsmCluster theirs = token.cluster(kCluster);
  theirs.account = "210987654321";
  configure(theirs);
  EXPECT_TRUE(apid.describe_hsm_cluster(kCluster, "210987654321", "", true)->known);
  const auto unknown = apid.describe_hsm_cluster(kCluster, kAccount, "", true);
  EXPECT_FALSE(unknown->known || unknown->trusts);
  EXPECT_EQ(starter.started(), 1u) << "nor is its token looked at";
}

TEST_F(HsmKeys, AWrongPinIsTriedOnceAndNamed) {
  EXPECT_EQ(*apid.connect_hsm(login("wrongPIN1")), HsmLoginOutcome::kIncorrectPin);
  EXPECT_EQ(starter.started(), 1u);
  EXPECT_EQ(*apid.connect_hsm(login()), HsmLoginOutcome::kLoggedIn);
}

TEST_F(HsmKeys, APasswordThatWasChangedIsNotTriedAgainAndAgain) {
  const WrappedBackingKey key = a_key();
  SoftHsm::run(std::string("pkcs11-tool --module ") + SoftHsm::kModule +
               " --token-label vault --login --pin " + SoftHsm::kPin + " --change-pin --new-pin another11");
  starter.signal_newest(SIGKILL);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(apid.encrypt(key, as_bytes("x"), {}).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(starter.started(), 2u);
  EXPECT_EQ(*apid.connect_hsm(login("another11")), HsmLoginOutcome::kLoggedIn);
  EXPECT_TRUE(apid.encrypt(key, as_bytes("x"), {}));
}

TEST_F(HsmKeys, AStoreThatIsRememberedIsOpenedByTheFirstCall) {
  const WrappedBackingKey key = a_key();
  ASSERT_TRUE(apid.disconnect_hsm(login()));
  ASSERT_TRUE(apid.remember_hsm(login()));
  EXPECT_EQ(starter.started(), 1u);
  EXPECT_TRUE(apid.encrypt(key, as_bytes("x"), {}));
  ASSERT_TRUE(apid.remember_hsm(login("wrongPIN1"))) << "it is known already";
  EXPECT_TRUE(apid.encrypt(key, as_bytes("x"), {}));
  EXPECT_EQ(starter.started(), 2u);
}

TEST_F(HsmKeys, ATokenIsLookedAtWithoutAPin) {
  EXPECT_EQ(apid.describe_hsm_cluster(kCluster, kAccount, "", true)->found, HsmLoginOutcome::kLoggedIn);
  format::HsmCluster gone = token.cluster(kCluster);
  gone.label = "cellar";
  configure(gone);
  EXPECT_EQ(apid.describe_hsm_cluster(kCluster, kAccount, "", true)->found, HsmLoginOutcome::kNoToken);
  gone.module = "/usr/bin/true";
  configure(gone);
  EXPECT_EQ(apid.describe_hsm_cluster(kCluster, kAccount, "", true)->found, HsmLoginOutcome::kNoModule);
  EXPECT_EQ(apid.create_hsm_key(login(), kBinding, 1).error().kind, ErrorKind::kConflict);
}

TEST_F(HsmKeys, DisconnectedTheyCannotBeUsedAndTheProcessEnds) {
  const WrappedBackingKey key = a_key();
  ASSERT_TRUE(apid.disconnect_hsm(login()));
  EXPECT_TRUE(starter.newest_ends());
  EXPECT_EQ(apid.encrypt(key, as_bytes("x"), {}).error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(*apid.connect_hsm(login()), HsmLoginOutcome::kLoggedIn);
  EXPECT_TRUE(apid.encrypt(key, as_bytes("x"), {}));
}

TEST_F(HsmKeys, ADestroyedKeyIsMissedAndItsDestructionMayBeRepeated) {
  const WrappedBackingKey key = a_key();
  const auto blob = apid.encrypt(key, as_bytes("x"), {});
  ASSERT_TRUE(apid.destroy_hsm_key(login(), key));
  EXPECT_EQ(apid.decrypt(key, *blob, {}).error().kind, ErrorKind::kConflict);
  EXPECT_TRUE(apid.destroy_hsm_key(login(), key));
  WrappedBackingKey software{kBinding, 1, *apid.create_backing_key(kBinding, 1)};
  EXPECT_EQ(apid.destroy_hsm_key(login(), software).error().kind, ErrorKind::kInvalidArgument);
}

TEST_F(HsmKeys, AClusterIsWhatTheOperatorHasConfigured) {
  EXPECT_TRUE(apid.describe_hsm_cluster(kCluster, kAccount, "anything", false)->known);
  EXPECT_TRUE(apid.describe_hsm_cluster(kCluster, kAccount, "anything", false)->trusts)
      << "no anchor is configured";
  EXPECT_FALSE(apid.describe_hsm_cluster("cluster-nonenonenon", kAccount, "", true)->known);
  HsmLogin unknown = login();
  unknown.cluster_id = "cluster-nonenonenon";
  EXPECT_EQ(*apid.connect_hsm(unknown), HsmLoginOutcome::kUnknownCluster);
  format::HsmCluster with_anchor = token.cluster(kCluster);
  with_anchor.trust_anchor = {1, 2, 3};
  ASSERT_TRUE(
      replace_file(system_disk(), folder / "hsm-clusters", format::encode(format::HsmClusters{with_anchor})));
  EXPECT_TRUE(apid.describe_hsm_cluster(kCluster, kAccount,
                                        "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n",
                                        false)
                  ->trusts);
  EXPECT_FALSE(apid.describe_hsm_cluster(kCluster, kAccount,
                                         "-----BEGIN CERTIFICATE-----\nAQIE\n-----END CERTIFICATE-----\n",
                                         false)
                   ->trusts);
}

TEST_F(HsmKeys, ARotationOfTheDomainKeyKeepsThem) {
  const WrappedBackingKey key = a_key();
  const auto blob = apid.encrypt(key, as_bytes("x"), {});
  ASSERT_EQ(*apid.add_domain_key(1), 2u);
  const auto rewrapped = apid.rewrap_tokens({key.token});
  ASSERT_FALSE(rewrapped->front().empty());
  ASSERT_TRUE(apid.retire_domain_keys(2));
  EXPECT_EQ(apid.decrypt(key, *blob, {}).error().kind, ErrorKind::kRefusedCiphertext);
  EXPECT_TRUE(apid.decrypt({kBinding, 1, rewrapped->front()}, *blob, {}));
}

}  // namespace
}  // namespace coffer::keyclient
