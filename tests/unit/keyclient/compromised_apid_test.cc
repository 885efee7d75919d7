// SPDX-License-Identifier: Apache-2.0
// Can whoever holds apid's channel, and all that apid stores, get at a volume's data key? Every way that the
// protocol offers is tried on a real channel; the enrolled recipient's way is the positive control.
#include <gtest/gtest.h>

#include <set>

#include "crypto/sealed_box.h"
#include "format/ciphertext_blob.h"
#include "format/keyd_protocol.h"
#include "keyclient/keyd_client.h"
#include "keyclient/volume_recipient.h"
#include "tests/support/bit_flips.h"
#include "tests/unit/keyclient/keyd_in_process.h"

namespace coffer::keyclient {
namespace {

using format::BlobClass;
using format::EncryptionContext;
using secret::RawAccess;
using secret::SecretBytes;

constexpr const char* kHost = "i-0123456789abcdef0";
constexpr const char* kLayer = "layer-0123456789abcdef0";

struct CompromisedApid : ::testing::Test {
  void SetUp() override {
    volumed_channel = keyd.channel_for("volumed", kHost);
    recipient = std::move(*crypto::make_recipient_key_pair());
    ASSERT_TRUE(enrol_recipient(volumed_channel, recipient.public_key));
    apid.connect(keyd.channel_for("apid", kHost));
    key.token = *apid.create_backing_key(key.binding, 1);
    blob = *apid.generate_data_key_without_plaintext(key, 64, context, BlobClass::kVolume);
  }

  // What apid can do honestly: have the key boxed for the recipient of the binding.
  Result<Bytes> box(const Bytes& wrapped_key, const BoxBinding& to) {
    return apid.box_volume_keys({{key, wrapped_key, context, kLayer}}, to);
  }
  // What volumed does with it.
  Result<std::vector<BoxedKey>> open(const Bytes& sealed, const BoxBinding& expected) const {
    COFFER_TRY(contents, crypto::open_box(recipient, box_binding_bytes(expected), sealed));
    return parse_boxed_keys(contents);
  }
  // A request of apid's own making, past the client.
  template <class Body>
  Status raw_call(FileDescriptor channel, format::keyd::Operation operation, const Body& body) {
    PacketChannel packets(std::move(channel));
    format::Writer writer;
    format::keyd::begin_request(writer, 1, operation);
    body.write(writer);
    COFFER_CHECK(packets.send(writer.bytes()));
    COFFER_TRY(packet, packets.receive());
    return format::keyd::parse_reply(packet.bytes)->status;
  }

  KeydInProcess keyd;
  KeydClient apid;
  FileDescriptor volumed_channel;
  crypto::RecipientKeyPair recipient;
  WrappedBackingKey key{{"123456789012", "us-west-2", "1234abcd-12ab-34cd-56ef-1234567890ab"}, 1, {}};
  const EncryptionContext context{{"aws:ebs:id", "vol-0123456789abcdef0"}};
  const BoxBinding binding{kHost, "vol-0123456789abcdef0", "attach-1", Bytes(16, 1)};
  Bytes blob;
};

TEST_F(CompromisedApid, TheEnrolledRecipientGetsTheKey) {
  const auto sealed = box(blob, binding);
  ASSERT_TRUE(sealed) << sealed.error().message;
  const auto keys = open(*sealed, binding);
  ASSERT_TRUE(keys);
  ASSERT_EQ(keys->size(), 1u);
  EXPECT_EQ((*keys)[0].layer_id, kLayer);
  ASSERT_EQ((*keys)[0].key.size(), 64u);
  EXPECT_FALSE((*keys)[0].key.slice(0, 32).equals((*keys)[0].key.slice(32, 32)));
  const auto again = open(*box(blob, binding), binding);
  EXPECT_TRUE((*again)[0].key.equals((*keys)[0].key));
}

TEST_F(CompromisedApid, DecryptOpensNoVolumeKey) {
  const auto own = apid.generate_data_key_without_plaintext(key, 64, context, BlobClass::kCustomer);
  ASSERT_TRUE(apid.decrypt(key, *own, context)) << "the positive control";
  EXPECT_EQ(apid.decrypt(key, blob, context).error().kind, ErrorKind::kRefusedCiphertext);
}

TEST_F(CompromisedApid, TheClassCannotBeChanged) {
  Bytes reclassed = blob;
  reclassed[1] = static_cast<uint8_t>(BlobClass::kCustomer);
  EXPECT_EQ(apid.decrypt(key, reclassed, context).error().kind, ErrorKind::kRefusedCiphertext);
}

TEST_F(CompromisedApid, GenerateDataKeyGivesPlaintextOfCustomerKeysOnly) {
  const auto known = apid.generate_data_key(key, 64, context);
  ASSERT_TRUE(known);
  EXPECT_EQ(format::parse_ciphertext_blob(known->blob)->header.blob_class, BlobClass::kCustomer);
  // So a key that apid knows cannot be passed off as a volume's, either.
  EXPECT_EQ(box(known->blob, binding).error().kind, ErrorKind::kRefusedCiphertext);
}

TEST_F(CompromisedApid, ItCannotEnrolAKeyOfItsOwn) {
  const auto own = crypto::make_recipient_key_pair();
  EXPECT_EQ(raw_call(keyd.channel_for("apid", kHost), format::keyd::Operation::kEnrolRecipient,
                     format::keyd::EnrolRecipient{own->public_key})
                .error()
                .kind,
            ErrorKind::kPermissionDenied);
  apid.connect(keyd.channel_for("apid", kHost));
  const auto sealed = box(blob, binding);
  ASSERT_TRUE(sealed);
  EXPECT_FALSE(crypto::open_box(*own, box_binding_bytes(binding), *sealed));
  EXPECT_TRUE(open(*sealed, binding)) << "the positive control";
}

TEST_F(CompromisedApid, ABoxForAHostThatHasNotEnrolledIsNotMade) {
  BoxBinding elsewhere = binding;
  elsewhere.host_id = "i-0fedcba9876543210";
  EXPECT_EQ(box(blob, elsewhere).error().kind, ErrorKind::kUnavailable);
}

TEST_F(CompromisedApid, ABoxOpensUnderItsOwnBindingOnly) {
  const auto sealed = box(blob, binding);
  ASSERT_TRUE(open(*sealed, binding)) << "the positive control";
  BoxBinding volume = binding, attachment = binding, host = binding, nonce = binding;
  volume.volume_id = "vol-0fedcba9876543210";
  attachment.attachment_id = "attach-2";
  host.host_id = "i-0fedcba9876543210";
  nonce.nonce = Bytes(16, 2);
  for (const BoxBinding& expected : {volume, attachment, host, nonce})
    EXPECT_EQ(open(*sealed, expected).error().kind, ErrorKind::kRefusedCiphertext);
}

TEST_F(CompromisedApid, ABoxForAnEarlierVolumedDoesNotOpenInALaterOne) {
  const auto sealed = box(blob, binding);
  const auto restarted = crypto::make_recipient_key_pair();
  ASSERT_TRUE(enrol_recipient(volumed_channel, restarted->public_key));
  EXPECT_FALSE(crypto::open_box(*restarted, box_binding_bytes(binding), *sealed));
  EXPECT_TRUE(crypto::open_box(*restarted, box_binding_bytes(binding), *box(blob, binding)));
}

TEST_F(CompromisedApid, EveryFlippedBitOfAWrappedVolumeKeyIsRefusedByOneError) {
  expect_every_flip_refused(blob,
                            [&](ByteView flipped) { return status_of(box(to_bytes(flipped), binding)); });
}

TEST_F(CompromisedApid, ARecipientsChannelOffersNothingButEnrolment) {
  for (uint16_t number = 0; number < 64; ++number) {
    const auto operation = static_cast<format::keyd::Operation>(number);
    if (operation == format::keyd::Operation::kEnrolRecipient) continue;
    EXPECT_EQ(
        raw_call(keyd.channel_for("volumed", kHost), operation, format::keyd::Decrypt{key, context, blob})
            .error()
            .kind,
        ErrorKind::kPermissionDenied)
        << number;
  }
}

// No reply of any operation, whatever its body, holds the volume key, nor the recipient's public key, which
// apid would need to box a key of its own choice for volumed: the replies to everything that apid can say
// with what it has are searched for the key that the recipient got.
TEST_F(CompromisedApid, NoReplyHoldsTheVolumeKey) {
  const auto keys = open(*box(blob, binding), binding);
  const Bytes secret = to_bytes((*keys)[0].key.read(RawAccess::because("the test searches for it")));
  const auto holds_key = [&](ByteView bytes) {
    if (std::search(bytes.begin(), bytes.end(), recipient.public_key.begin(), recipient.public_key.end()) !=
        bytes.end())
      return true;
    for (const size_t half : {0, 32})
      if (std::search(bytes.begin(), bytes.end(), secret.begin() + half, secret.begin() + half + 32) !=
          bytes.end())
        return true;
    return false;
  };
  ASSERT_TRUE(holds_key(secret) && holds_key(recipient.public_key));
  const std::vector<std::function<void(format::Writer&)>> bodies = {
      [&](auto& w) {
        format::keyd::Decrypt{key, context, blob}.write(w);
      },
      [&](auto& w) {
        format::keyd::Encrypt{key, context, blob}.write(w);
      },
      [&](auto& w) {
        format::keyd::GenerateDataKey{key, context, 64}.write(w);
      },
      [&](auto& w) {
        format::keyd::BoxVolumeKeys{binding, {{key, blob, context, kLayer}}}.write(w);
      },
      [&](auto& w) {
        format::keyd::DeriveSigningKey{"AKIA1", blob, "20240101", "r", "s"}.write(w);
      },
      [&](auto& w) {
        format::keyd::IssueCertificate{blob, blob, blob, {"a"}, 1}.write(w);
      },
      [](auto&) {}};
  PacketChannel channel(keyd.channel_for("apid", kHost));
  for (uint16_t number = 0; number < 64; ++number) {
    for (const auto& write_body : bodies) {
      format::Writer writer;
      format::keyd::begin_request(writer, 1, static_cast<format::keyd::Operation>(number));
      write_body(writer);
      ASSERT_TRUE(channel.send(writer.bytes()));
      const auto reply = channel.receive();
      ASSERT_TRUE(reply);
      EXPECT_FALSE(holds_key(reply->bytes)) << "operation " << number;
    }
  }
}

}  // namespace
}  // namespace coffer::keyclient
