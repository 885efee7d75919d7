// SPDX-License-Identifier: Apache-2.0
// Does a rotation of the domain key lose nothing that is being stored meanwhile, however long that hangs, and
// does it always make a new key?
#include "services/kms/domain_key_rotation.h"

#include <chrono>
#include <thread>

#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

using services::kms::DomainKeyRotation;
using services::kms::RotationStatus;

struct DomainKeyRotationTest : ApiFixture {
  DomainKeyRotationTest() { rotation.resume(); }
  ~DomainKeyRotationTest() override { rotation.stop(); }

  Result<RotationStatus> begin() {
    return rotation.begin([](catalog::Transaction&) { return Status(); });
  }
  RotationStatus ended() {
    for (int i = 0; i < 1000; ++i) {
      const auto status = rotation.status();
      if (status && status->state == "completed") return *status;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return *rotation.status();
  }
  catalog::Key new_key(const std::string& id) const {
    catalog::Key key;
    key.id = id;
    key.account = "123456789012";
    key.region = "us-west-2";
    key.state = "Enabled";
    return key;
  }
  Status store(const std::string& id, const Bytes& token) {
    return catalog_->write([&](catalog::Transaction& transaction) {
      return transaction.insert_key(new_key(id), {id, 1, token});
    });
  }
  Result<Bytes> token_for(const std::string& id) {
    return keyd_.create_backing_key({"123456789012", "us-west-2", id}, 1);
  }

  DomainKeyRotation rotation{*installation_};
  const std::string key_id = "1234abcd-12ab-34cd-56ef-1234567890ab";
};

TEST_F(DomainKeyRotationTest, AKeyWhoseCommitHangsThroughTheRotationIsRefusedAndNotLost) {
  const auto token = token_for(key_id);
  ASSERT_TRUE(token);
  ASSERT_TRUE(begin());
  ASSERT_EQ(ended().state, "completed");
  EXPECT_EQ(keyd_.seal_status()->oldest_version, 2u);
  const Status late = store(key_id, *token);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::kUnavailable);
  const auto again = token_for(key_id);
  ASSERT_TRUE(again);
  EXPECT_TRUE(store(key_id, *again));
}

// The transaction that stores the token is open while the rotation makes its passes: they cannot see it.
TEST_F(DomainKeyRotationTest, AKeyWhoseTransactionIsOpenDuringThePassesIsReWrapped) {
  const auto token = token_for(key_id);
  ASSERT_TRUE(token);
  ASSERT_TRUE(begin());
  const Status stored = catalog_->write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_key(new_key(key_id), {key_id, 1, *token}));
    std::this_thread::sleep_for(std::chrono::milliseconds(800));  // the wait in development is 150 ms
    return {};
  });
  ASSERT_TRUE(stored) << stored.error().message;  // it had begun before the catalog refused its version
  ASSERT_EQ(ended().state, "completed");
  EXPECT_EQ(keyd_.seal_status()->oldest_version, 2u);
  std::optional<catalog::BackingKey> found;
  ASSERT_TRUE(catalog_->read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.backing_key("us-west-2", key_id, 1));
    found = std::move(row);
    return {};
  }));
  ASSERT_TRUE(found);
  EXPECT_NE(found->token, *token);
  EXPECT_TRUE(keyd_.generate_data_key({{"123456789012", "us-west-2", key_id}, 1, found->token}, 32, {}));
}

TEST_F(DomainKeyRotationTest, DeletedMaterialDoesNotHoldItUp) {
  ASSERT_TRUE(store(key_id, *token_for(key_id)));
  ASSERT_TRUE(catalog_->write([&](catalog::Transaction& transaction) {
    catalog::BackingKey deleted{key_id, 1, {}};
    deleted.region = "us-west-2";
    return transaction.put_backing_key(deleted);
  }));
  ASSERT_TRUE(begin());
  const auto status = ended();
  EXPECT_EQ(status.state, "completed") << status.message;
}

TEST_F(DomainKeyRotationTest, ARotationAgainstAnOlderViewOfKeydIsRefusedAndMakesNone) {
  ASSERT_TRUE(catalog_->write([](catalog::Transaction& transaction) {
    return transaction.set_setting("domain_key_rotation", R"({"state":"completed","version":2,"started":1})");
  }));
  const auto begun = begin();
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(rotation.status()->state, "completed");
  EXPECT_EQ(keyd_.seal_status()->newest_version, 1u);
}

TEST_F(DomainKeyRotationTest, EveryRotationMakesANewKey) {
  for (uint32_t version = 2; version < 4; ++version) {
    ASSERT_TRUE(begin());
    ASSERT_EQ(ended().version, version);
    const auto seal = keyd_.seal_status();
    EXPECT_EQ(seal->oldest_version, version);
    EXPECT_EQ(seal->newest_version, version);
  }
}

}  // namespace
}  // namespace coffer::api
