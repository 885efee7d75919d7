// SPDX-License-Identifier: Apache-2.0
// Is a volume re-keyed when RekeyVolume says so, also where volumed does what it is told without being heard,
// or later than anybody expects?
#include <chrono>
#include <mutex>
#include <thread>

#include "control/volumed_server.h"
#include "crypto/sealed_box.h"
#include "keyclient/volume_recipient.h"
#include "tests/support/unsupporting_handler.h"
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

const std::string kVolume = "vol-0123456789abcdef0", kFirstLayer = "layer-0123456789abcdef0";

// Keeps the chain of one volume.
class ChainVolumed : public control::UnsupportingHandler {
 public:
  using Chain = std::vector<control::NewLayer>;  // top first

  Result<control::PreparedKeys> prepare_keys(const std::string&, const std::string&) override {
    return control::PreparedKeys{chain(), Bytes(16)};
  }
  Result<control::PreparedKeys> prepared_keys(const std::string&, const std::string&) override {
    return control::PreparedKeys{chain(), Bytes(16)};
  }
  Status deliver_keys(const std::string&, const std::string&, ByteView) override { return {}; }
  Status create_snapshots(const std::vector<control::NewSnapshot>& wanted) override {
    for (const auto& each : wanted) put_on(each.new_top);
    return {};
  }
  Status complete_snapshot(const std::string&) override { return {}; }
  Status rekey_volume(const std::string&, const control::NewLayer& layer, const std::string&) override {
    const std::lock_guard lock(mutex_);
    const bool is_on =
        std::ranges::any_of(chain_, [&](const auto& each) { return each.layer_id == layer.layer_id; });
    if (!is_on) {
      chain_.insert(chain_.begin(), layer);
      control::Job lift;
      lift.subject_id = layer.layer_id;
      lift.kind = "hydrate";
      lift.volume_id = kVolume;
      lift.state = "running";
      jobs_ = {lift};
    }
    if (mute_) return fail(ErrorKind::kUnavailable, "the answer is lost");
    return {};
  }
  Result<std::vector<control::Job>> jobs() override {
    const std::lock_guard lock(mutex_);
    return jobs_;
  }

  Chain chain() {
    const std::lock_guard lock(mutex_);
    return chain_;
  }
  void put_on(const control::NewLayer& layer) {
    const std::lock_guard lock(mutex_);
    chain_.insert(chain_.begin(), layer);
  }
  // What was lifted into is the lowest layer from now on.
  void finish_lift() {
    const std::lock_guard lock(mutex_);
    while (chain_.back().layer_id != jobs_.at(0).subject_id) chain_.pop_back();
    jobs_.clear();
  }
  void lose_answers(bool mute) {
    const std::lock_guard lock(mutex_);
    mute_ = mute;
  }

 private:
  std::mutex mutex_;
  Chain chain_;
  std::vector<control::Job> jobs_;
  bool mute_ = false;
};

class RekeyServices : public ApiFixture {
 protected:
  RekeyServices() : keyd_channel_(keyd_server_.channel_for("volumed", installation_->host_id)) {
    EXPECT_TRUE(keyclient::enrol_recipient(keyd_channel_, crypto::make_recipient_key_pair()->public_key));
    auto pair = make_channel_pair();
    server_ = std::make_unique<control::VolumedServer>(std::move(pair->first), chain_volumed_);
    volumed_.connect(std::move(pair->second));
    old_key_ = make_key();
    new_key_ = make_key();
    chain_volumed_.put_on(layer_under(old_key_, kFirstLayer));
    catalog::Volume volume;
    volume.id = kVolume;
    volume.layer_id = kFirstLayer;
    volume.account = "123456789012";
    volume.region = "us-west-2";
    volume.state = "available";
    volume.type = "gp3";
    volume.size_gib = 1;
    volume.encrypted = true;
    volume.kms_key_arn = arn(old_key_);
    volume.data_encryption_key_id = "the first lineage";
    EXPECT_TRUE(catalog_->write([&](auto& transaction) { return transaction.insert_volume(volume); }));
  }
  ~RekeyServices() override { ec2_->stop(); }

  std::string make_key() {
    return nlohmann::json::parse(serve_kms("CreateKey", "{}").body)["KeyMetadata"]["KeyId"]
        .get<std::string>();
  }
  static std::string arn(const std::string& key_id) {
    return "arn:aws:kms:us-west-2:123456789012:key/" + key_id;
  }
  control::NewLayer layer_under(const std::string& key_id, const std::string& layer_id) {
    keyclient::WrappedBackingKey backing{{"123456789012", "us-west-2", key_id}, 1, {}};
    EXPECT_TRUE(catalog_->read([&](auto& transaction) -> Status {
      COFFER_TRY(row, transaction.backing_key("us-west-2", key_id, 1));
      backing.token = row->token;
      return {};
    }));
    return {layer_id,
            *keyd_.generate_data_key_without_plaintext(backing, 64, {{"aws:ebs:id", kVolume}},
                                                       format::BlobClass::kVolume),
            kVolume};
  }

  void rekey() {
    const auto answer = serve_ec2("RekeyVolume", "&VolumeId=" + kVolume + "&KmsKeyId=" + new_key_);
    EXPECT_EQ(answer.status, 200) << answer.body;
  }
  catalog::VolumeRekey rekey_row() {
    catalog::VolumeRekey found;
    EXPECT_TRUE(catalog_->read([&](auto& transaction) -> Status {
      COFFER_TRY(rows, transaction.rekeys_of_volume(kVolume));
      found = rows.at(0);
      return {};
    }));
    return found;
  }
  catalog::Snapshot snapshot_row() {
    catalog::Snapshot found;
    EXPECT_TRUE(catalog_->read([&](auto& transaction) -> Status {
      COFFER_TRY(rows, transaction.snapshots_of_volume(kVolume));
      found = rows.at(0);
      return {};
    }));
    return found;
  }
  static bool comes(const std::function<bool()>& condition) {
    for (int i = 0; i < 1000; ++i) {
      if (condition()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  bool chain_grows_to(size_t layers) {
    return comes([&] { return chain_volumed_.chain().size() == layers; });
  }
  bool ends_as(const std::string& state) {
    return comes([&] { return rekey_row().ended.has_value(); }) && rekey_row().state == state;
  }
  std::string key_of_top() {
    return keyclient::identify_blob(*chain_volumed_.chain().front().wrapped_key)->key_id;
  }

  ChainVolumed chain_volumed_;
  FileDescriptor keyd_channel_;
  std::unique_ptr<control::VolumedServer> server_;
  std::string old_key_, new_key_;
};

TEST_F(RekeyServices, ASnapshotOfATopThatApidHasNotHeardOfIsUnderItsKey) {
  ec2_->resume();
  chain_volumed_.lose_answers(true);
  rekey();
  ASSERT_TRUE(chain_grows_to(2));
  EXPECT_EQ(serve_ec2("CreateSnapshot", "&VolumeId=" + kVolume).status, 200);
  EXPECT_EQ(chain_volumed_.chain().size(), 3u);
  EXPECT_EQ(key_of_top(), new_key_);
  EXPECT_EQ(snapshot_row().kms_key_arn, arn(new_key_));
  EXPECT_EQ(snapshot_row().data_encryption_key_id, rekey_row().data_encryption_key_id);
  chain_volumed_.lose_answers(false);
  EXPECT_TRUE(comes([&] { return rekey_row().wrapped_key.empty(); }));
  chain_volumed_.finish_lift();
  EXPECT_TRUE(ends_as("completed"));
  EXPECT_EQ(chain_volumed_.chain().size(), 2u);
}

TEST_F(RekeyServices, ASnapshotBeforeTheNewTopIsUnderTheEarlierKey) {
  rekey();  // no worker carries it out
  EXPECT_EQ(serve_ec2("CreateSnapshot", "&VolumeId=" + kVolume).status, 200);
  EXPECT_EQ(key_of_top(), old_key_);
  EXPECT_EQ(snapshot_row().kms_key_arn, arn(old_key_));
  EXPECT_EQ(snapshot_row().data_encryption_key_id, "the first lineage");
}

TEST_F(RekeyServices, ALateTopUnderTheEarlierKeyIsLiftedToo) {
  ec2_->resume();
  rekey();
  ASSERT_TRUE(chain_grows_to(2));
  const std::string first_top = rekey_row().layer_id;
  // A snapshot that was given up before, and is made now.
  chain_volumed_.put_on(layer_under(old_key_, "layer-0123456789abcdef1"));
  EXPECT_TRUE(comes([&] { return rekey_row().wrapped_key.empty(); }));
  serve_kms("DisableKey", "{\"KeyId\":\"" + new_key_ + "\"}");
  chain_volumed_.finish_lift();
  EXPECT_TRUE(comes([&] { return rekey_row().state == "waiting"; }));
  EXPECT_NE(rekey_row().status_message.find("is disabled"), std::string::npos);
  EXPECT_EQ(chain_volumed_.chain().size(), 2u);

  serve_kms("EnableKey", "{\"KeyId\":\"" + new_key_ + "\"}");
  ASSERT_TRUE(chain_grows_to(3));
  EXPECT_NE(rekey_row().layer_id, first_top);
  EXPECT_EQ(key_of_top(), new_key_);
  EXPECT_EQ(rekey_row().ended, std::nullopt);
  EXPECT_TRUE(comes([&] { return rekey_row().wrapped_key.empty(); }));
  chain_volumed_.finish_lift();
  EXPECT_TRUE(ends_as("completed"));
  EXPECT_EQ(chain_volumed_.chain().size(), 1u);
  const auto generated = std::ranges::count_if(trail(), [](const auto& record) {
    return record["eventName"] == "GenerateDataKeyWithoutPlaintext" &&
           record["userIdentity"]["type"] == "AWSService";
  });
  EXPECT_EQ(generated, 1);
}

}  // namespace
}  // namespace coffer::api
