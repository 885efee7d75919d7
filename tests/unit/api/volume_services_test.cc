// SPDX-License-Identifier: Apache-2.0
// What becomes of volumes and their keys when the catalog fails at the worst moment, or holds what does not
// belong together?
#include <atomic>
#include <thread>

#include "control/volumed_server.h"
#include "crypto/sealed_box.h"
#include "keyclient/volume_recipient.h"
#include "services/ec2/layer_keys.h"
#include "services/ec2/volume_worker.h"
#include "tests/support/unsupporting_handler.h"
#include "tests/unit/api/api_fixture.h"
#include "tests/unit/api/failing_catalog.h"

namespace coffer::api {
namespace {

const std::string kVolume = "vol-0123456789abcdef0", kLayer = "layer-0123456789abcdef0";

// Serves whatever it is told to.
class AnyVolumed : public control::UnsupportingHandler {
 public:
  Status create_volume(const control::NewVolume&) override { return {}; }
  Status delete_volume(const std::string&) override { return {}; }
  Result<control::PreparedKeys> prepare_keys(const std::string&, const std::string&) override {
    return control::PreparedKeys{chain, Bytes(16)};
  }
  Result<control::PreparedKeys> prepared_keys(const std::string&, const std::string&) override {
    return control::PreparedKeys{chain, Bytes(16)};
  }
  Status deliver_keys(const std::string&, const std::string&, ByteView) override {
    ++delivered;
    return {};
  }
  Result<control::AttachedVolume> attach(const std::string& volume, const std::string& attachment) override {
    serves = true;
    control::AttachedVolume attached;
    attached.volume_id = volume;
    attached.attachment_id = attachment;
    attached.socket_path = "/s";
    return attached;
  }
  Status detach(const std::string&, bool) override {
    serves = false;
    return {};
  }
  std::atomic<bool> serves = false;
  std::atomic<int> delivered = 0;
  std::vector<control::NewLayer> chain;
};

class VolumeServices : public ApiFixture {
 protected:
  VolumeServices() {
    failing_installation_ = std::make_unique<Installation>(
        Installation{installation_->owner_account, installation_->regions, installation_->host_id, true,
                     system_clock(), system_random(), failing_, keyd_, volumed_});
    auto pair = make_channel_pair();
    server_ = std::make_unique<control::VolumedServer>(std::move(pair->first), any_volumed_);
    volumed_.connect(std::move(pair->second));
  }
  void insert_volume(const std::string& state, const std::string& kms_key_arn = "") {
    catalog::Volume volume;
    volume.id = kVolume;
    volume.layer_id = kLayer;
    volume.account = "123456789012";
    volume.region = "us-west-2";
    volume.state = state;
    volume.size_gib = 1;
    volume.encrypted = !kms_key_arn.empty();
    volume.kms_key_arn = kms_key_arn;
    ASSERT_TRUE(catalog_->write([&](auto& transaction) { return transaction.insert_volume(volume); }));
  }
  catalog::Volume volume() {
    catalog::Volume found;
    EXPECT_TRUE(catalog_->read([&](auto& transaction) -> Status {
      COFFER_TRY(row, transaction.volume(kVolume));
      found = *row;
      return {};
    }));
    return found;
  }

  FailingCatalog failing_{*catalog_};
  std::unique_ptr<Installation> failing_installation_;
  AnyVolumed any_volumed_;
  std::unique_ptr<control::VolumedServer> server_;
};

TEST_F(VolumeServices, AnAttachmentWithoutItsRecordDoesNotStand) {
  insert_volume("available");
  services::ec2::Ec2Service ec2(*failing_installation_);
  ServiceRegistry registry;
  registry.add({&ec2::model(), [&](std::string_view operation, Call& call, const wire::Value& request) {
                  return ec2::dispatch(ec2, operation, call, request);
                }});
  Pipeline pipeline(*failing_installation_, std::move(registry), Failpoint());
  const auto attach = [&] {
    auto request = ec2_request("AttachVolume", "&Device=/dev/sdf&VolumeId=" + kVolume +
                                                   "&InstanceId=" + failing_installation_->host_id);
    sign(request, "ec2");
    return pipeline.serve(std::move(request));
  };
  failing_.writes_until_failure = 2;  // the first reserves the volume, the second is the call's own
  const auto refused = attach();
  EXPECT_EQ(refused.status, 500) << refused.body;
  EXPECT_FALSE(any_volumed_.serves);
  EXPECT_EQ(volume().state, "available");
  const auto again = attach();
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_TRUE(any_volumed_.serves);
}

TEST_F(VolumeServices, KeysLeftInTheLogAreErasedAtTheStartHoweverLongItTakes) {
  failing_.erasures_that_fail = 1;
  services::ec2::VolumeWorker worker(*failing_installation_);
  worker.start();
  for (int i = 0; i < 500 && failing_.erasures < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  worker.stop();
  EXPECT_EQ(failing_.erasures, 2);
}

// What the caller may decrypt with is what is boxed, and what the trail names.
TEST_F(VolumeServices, KeysAreBoxedUnderEachPermittedKmsKeyAndNoOther) {
  const auto new_key = [&] {
    return nlohmann::json::parse(serve_kms("CreateKey", "{}").body)["KeyMetadata"]["KeyId"]
        .get<std::string>();
  };
  const std::string own = new_key(), other = new_key(), prefix = "arn:aws:kms:us-west-2:123456789012:key/";
  const std::string host = installation_->host_id, snapshot = "snap-0123456789abcdef0";
  auto channel = keyd_server_.channel_for("volumed", host);
  ASSERT_TRUE(keyclient::enrol_recipient(channel, crypto::make_recipient_key_pair()->public_key));
  const auto wrap = [&](const std::string& key_id, const std::string& context) {
    keyclient::WrappedBackingKey backing{{"123456789012", "us-west-2", key_id}, 1, {}};
    EXPECT_TRUE(catalog_->read([&](auto& transaction) -> Status {
      COFFER_TRY(row, transaction.backing_key("us-west-2", key_id, 1));
      backing.token = row->token;
      return {};
    }));
    return *keyd_.generate_data_key_without_plaintext(backing, 64, {{"aws:ebs:id", context}},
                                                      format::BlobClass::kVolume);
  };
  using Uses = std::vector<services::ec2::KeyUse>;
  Uses recorded;
  const auto open = [&](const std::vector<std::string>& permitted) {
    recorded.clear();
    any_volumed_.delivered = 0;
    return services::ec2::open_key_session(*installation_, {kVolume, "attach-0123456789abcdef0"},
                                           {[&](const auto& key, const std::string&) -> Status {
                                              if (std::ranges::count(permitted, key.arn) != 0) return {};
                                              return fail(ErrorKind::kPermissionDenied, key.arn,
                                                          "AccessDeniedException");
                                            },
                                            [&](const Uses& uses) -> Status {
                                              EXPECT_EQ(any_volumed_.delivered, 0);
                                              recorded = uses;
                                              return {};
                                            }});
  };
  any_volumed_.chain = {{kLayer, wrap(own, kVolume), kVolume},
                        {"layer-2", wrap(other, snapshot), snapshot},
                        {"layer-3", wrap(other, snapshot), snapshot},
                        {"layer-4", wrap(other, "snap-0"), "snap-0"}};
  const Status opened = open({prefix + own, prefix + other});
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_EQ(any_volumed_.delivered, 2);  // a box for each KMS key
  ASSERT_EQ(recorded.size(), 2u);        // one for each KMS key
  EXPECT_EQ(recorded[0].kms_key_arn, prefix + own);
  EXPECT_EQ(recorded[1].kms_key_arn, prefix + other);
  EXPECT_EQ(recorded[1].contexts, (std::vector<std::string>{snapshot, "snap-0"}));
  const auto parameters =
      nlohmann::json::parse(services::ec2::decrypt_record(recorded[1]).request_parameters_json);
  EXPECT_EQ(parameters["encryptionContext"]["aws:ebs:id"], snapshot);
  EXPECT_EQ(parameters["additionalEncryptionContexts"][0]["aws:ebs:id"], "snap-0");

  const Status refused = open({prefix + own});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, prefix + other);
  EXPECT_EQ(any_volumed_.delivered, 0);
  ASSERT_EQ(recorded.size(), 1u);  // only the refused one
  EXPECT_EQ(recorded[0].failure->code, "AccessDeniedException");
  // A key that was wrapped for another volume is not opened as this one's.
  any_volumed_.chain[1].key_context = kVolume;
  EXPECT_EQ(open({prefix + own, prefix + other}).error().kind, ErrorKind::kRefusedCiphertext);
  EXPECT_EQ(any_volumed_.delivered, 0);
  any_volumed_.chain[1].key_context = snapshot;
  const auto disabled = serve_kms("DisableKey", "{\"KeyId\":\"" + other + "\"}");
  EXPECT_EQ(disabled.status, 200);
  EXPECT_EQ(open({prefix + own, prefix + other}).error().code, "DisabledException");
}

}  // namespace
}  // namespace coffer::api
