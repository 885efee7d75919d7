// SPDX-License-Identifier: Apache-2.0
// Does keyd bind a multi-Region key's material to another region and nothing else, re-wrap a volume's key
// without ever opening it for apid, and forget what was destroyed?
#include <gtest/gtest.h>

#include "crypto/sealed_box.h"
#include "keyclient/keyd_client.h"
#include "keyclient/volume_recipient.h"
#include "tests/unit/keyclient/keyd_in_process.h"

namespace coffer::keyclient {
namespace {

using format::BlobClass;
using format::EncryptionContext;

constexpr const char* kHost = "i-0123456789abcdef0";
constexpr const char* kLayer = "layer-0123456789abcdef0";
const std::string kMultiRegion = "mrk-1234abcd12ab84cd96ef1234567890ab";
const std::string kOther = "1234abcd-12ab-34cd-56ef-1234567890ab";

struct KeyLife : ::testing::Test {
  void SetUp() override {
    volumed_channel = keyd.channel_for("volumed", kHost);
    recipient = std::move(*crypto::make_recipient_key_pair());
    ASSERT_TRUE(enrol_recipient(volumed_channel, recipient.public_key));
    apid.connect(keyd.channel_for("apid", kHost));
  }
  WrappedBackingKey a_key(const std::string& id, uint32_t version = 1) {
    WrappedBackingKey key{{"123456789012", "us-west-2", id}, version, {}};
    key.token = *apid.create_backing_key(key.binding, version);
    return key;
  }
  // The volume's data key, as its host gets it.
  secret::SecretBytes opened(const WrappedBackingKey& key, const Bytes& blob) {
    const BoxBinding binding{kHost, "vol-0123456789abcdef0", "attach-1", Bytes(16, 1)};
    const auto box = apid.box_volume_keys({{key, blob, context, kLayer}}, binding);
    if (!box) return {};
    return std::move(
        parse_boxed_keys(*crypto::open_box(recipient, box_binding_bytes(binding), *box))->front().key);
  }

  KeydInProcess keyd;
  KeydClient apid;
  FileDescriptor volumed_channel;
  crypto::RecipientKeyPair recipient;
  const EncryptionContext context{{"aws:ebs:id", "vol-0123456789abcdef0"}};
};

TEST_F(KeyLife, AReplicaOpensWhatThePrimaryEncrypted) {
  const WrappedBackingKey primary = a_key(kMultiRegion, 3);
  const auto token = apid.replicate_backing_key(primary, "eu-west-1");
  ASSERT_TRUE(token) << token.error().message;
  const WrappedBackingKey replica{{"123456789012", "eu-west-1", kMultiRegion}, 3, *token};
  const auto blob = apid.encrypt(primary, as_bytes("x"), {});
  const auto plaintext = apid.decrypt(replica, *blob, {});
  ASSERT_TRUE(plaintext);
  EXPECT_TRUE(plaintext->equals(secret::SecretBytes::copy_of(as_bytes("x"))));
  EXPECT_TRUE(apid.decrypt(primary, *apid.encrypt(replica, as_bytes("y"), {}), {}));
}

TEST_F(KeyLife, OnlyTheRegionOfATokenChanges) {
  const WrappedBackingKey primary = a_key(kMultiRegion);
  WrappedBackingKey replica{
      {"123456789012", "eu-west-1", kMultiRegion}, 1, *apid.replicate_backing_key(primary, "eu-west-1")};
  for (auto change : {+[](WrappedBackingKey& key) { key.binding.account = "210987654321"; },
                      +[](WrappedBackingKey& key) { key.binding.region = "us-west-2"; },
                      +[](WrappedBackingKey& key) { key.binding.key_id = kOther; },
                      +[](WrappedBackingKey& key) { key.version = 2; }}) {
    WrappedBackingKey wrong = replica;
    change(wrong);
    EXPECT_EQ(apid.encrypt(wrong, as_bytes("x"), {}).error().kind, ErrorKind::kRefusedCiphertext);
    // Nor by replicating what the token does not say.
    EXPECT_FALSE(apid.replicate_backing_key(wrong, "us-east-1"));
  }
}

TEST_F(KeyLife, AKeyOfOneRegionStaysThere) {
  EXPECT_EQ(apid.replicate_backing_key(a_key(kOther), "eu-west-1").error().kind, ErrorKind::kInvalidArgument);
  EXPECT_FALSE(apid.replicate_backing_key(a_key(kMultiRegion), ""));
}

TEST_F(KeyLife, ARewrappedVolumeKeyIsTheSameUnderAnotherVersion) {
  const WrappedBackingKey first = a_key(kOther, 1), second = a_key(kOther, 2);
  const Bytes blob = *apid.generate_data_key_without_plaintext(first, 64, context, BlobClass::kVolume);
  const auto rewrapped = apid.rewrap_volume_key(first, second, blob, context);
  ASSERT_TRUE(rewrapped) << rewrapped.error().message;
  EXPECT_EQ(identify_blob(*rewrapped)->backing_key_version, 2u);
  const auto before = opened(first, blob), after = opened(second, *rewrapped);
  ASSERT_EQ(before.size(), 64u);
  EXPECT_TRUE(before.equals(after));
  EXPECT_EQ(opened(first, *rewrapped).size(), 0u);
}

TEST_F(KeyLife, RewrappingOpensNothing) {
  const WrappedBackingKey first = a_key(kOther, 1), second = a_key(kOther, 2),
                          foreign = a_key(kMultiRegion, 2);
  const Bytes volume = *apid.generate_data_key_without_plaintext(first, 64, context, BlobClass::kVolume);
  const Bytes customer = *apid.generate_data_key_without_plaintext(first, 64, context, BlobClass::kCustomer);
  const Bytes rewrapped = *apid.rewrap_volume_key(first, second, volume, context);
  EXPECT_EQ(apid.decrypt(second, rewrapped, context).error().kind, ErrorKind::kRefusedCiphertext);
  // Another class, key or context than the blob's.
  EXPECT_EQ(apid.rewrap_volume_key(first, second, customer, context).error().kind,
            ErrorKind::kRefusedCiphertext);
  EXPECT_EQ(apid.rewrap_volume_key(first, foreign, volume, context).error().kind,
            ErrorKind::kInvalidArgument);
  EXPECT_EQ(apid.rewrap_volume_key(first, second, volume, {}).error().kind, ErrorKind::kRefusedCiphertext);
}

TEST_F(KeyLife, AForgottenKeyOpensAgainByItsTokenOnly) {
  const WrappedBackingKey key = a_key(kOther);
  const auto blob = apid.encrypt(key, as_bytes("x"), {});
  ASSERT_TRUE(apid.forget_key(key.binding));
  EXPECT_TRUE(apid.decrypt(key, *blob, {}));
  WrappedBackingKey without = key;
  without.token.clear();
  EXPECT_FALSE(apid.decrypt(without, *blob, {}));
}

}  // namespace
}  // namespace coffer::keyclient
