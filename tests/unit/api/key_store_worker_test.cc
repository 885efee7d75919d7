// SPDX-License-Identifier: Apache-2.0
// What becomes of log-ins to tokens, and of deleted keys in them, when the catalog fails or a key store is
// disconnected?
#include "services/kms/key_store_worker.h"

#include "services/kms/hsm_cluster.h"
#include "services/kms/key_worker.h"
#include "tests/unit/api/api_fixture.h"
#include "tests/unit/api/failing_catalog.h"

namespace coffer::api {
namespace {

using services::kms::HsmClusterUse;
using services::kms::HsmKey;
using services::kms::HsmLogin;

// Counts what is asked of tokens; real ones are behind tests/unit/keyclient/hsm_test.cc.
struct CountingClusters : services::kms::HsmClusters {
  bool knows(const HsmClusterUse&) const override { return true; }
  bool trusts(const HsmClusterUse&, const std::string&) const override { return true; }
  Status check_active(const HsmClusterUse&) const override { return {}; }
  std::string connect(const HsmLogin&) override {
    ++log_ins;
    return outcome;
  }
  void disconnect(const HsmLogin&) override {}
  Result<HsmKey> create_key(const HsmLogin&, const format::KeyBinding& binding) override {
    return HsmKey{binding.key_id, Bytes{1}};
  }
  Status destroy_key(const HsmLogin&, const HsmKey& key, const format::KeyBinding&) override {
    ++destructions;
    if (away) return fail(ErrorKind::kConflict, "the token is away");
    destroyed.push_back(key.label);
    return {};
  }
  Result<secret::SecretBytes> generate_random(const HsmLogin&, uint32_t) override {
    return fail(ErrorKind::kUnsupported, "not asked for here");
  }
  int log_ins = 0, destructions = 0;
  bool away = false;
  std::string outcome;
  std::vector<std::string> destroyed;
};

struct KeyStoreWorkerTest : ApiFixture {
  KeyStoreWorkerTest()
      : installation(Installation{"123456789012",
                                  {"us-west-2"},
                                  "i-0123456789abcdef0",
                                  true,
                                  system_clock(),
                                  system_random(),
                                  failing,
                                  keyd_,
                                  volumed_}) {
    installation.hsm_clusters = &clusters;
    store.id = "cks-1";
    store.account = "123456789012";
    store.region = "us-west-2";
    store.name = "vault";
    store.type = "AWS_CLOUDHSM";
    store.connection_state = "CONNECTING";
    store.wrapped_secret = {1};
    store.cluster_id = "cluster-234567abcde";
    EXPECT_TRUE(
        catalog_->write([&](auto& transaction) { return transaction.insert_custom_key_store(store); }));
  }
  void put_in_state(const std::string& state) {
    store.connection_state = state;
    EXPECT_TRUE(
        catalog_->write([&](auto& transaction) { return transaction.update_custom_key_store(store); }));
  }
  catalog::CustomKeyStore now() {
    catalog::CustomKeyStore found;
    EXPECT_TRUE(catalog_->read([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(row, transaction.custom_key_store(store.id));
      found = row.value_or(catalog::CustomKeyStore{});
      return {};
    }));
    return found;
  }
  // A key of the store whose date has come.
  void add_key(const std::string& id) {
    catalog::Key key;
    key.id = id;
    key.account = "123456789012";
    key.region = "us-west-2";
    key.state = "PendingDeletion";
    key.origin = "AWS_CLOUDHSM";
    key.custom_key_store_id = store.id;
    key.store_key_id = id;
    key.deletion_date = Timestamp{1};
    EXPECT_TRUE(catalog_->write([&](auto& transaction) {
      return transaction.insert_key(key, {id, 1, {7}});
    }));
  }

  FailingCatalog failing{*catalog_};
  CountingClusters clusters;
  Installation installation;
  catalog::CustomKeyStore store;
};

TEST_F(KeyStoreWorkerTest, AWrongPasswordIsTriedOnceHoweverOftenItsOutcomeCannotBeStored) {
  clusters.outcome = "INVALID_CREDENTIALS";
  services::kms::KeyStoreWorker worker(installation);
  for (int i = 0; i < 5; ++i) {
    failing.writes_until_failure = 1;
    EXPECT_FALSE(worker.do_all());
  }
  EXPECT_EQ(clusters.log_ins, 1);
  failing.writes_until_failure = -1;
  EXPECT_TRUE(worker.do_all());
  EXPECT_EQ(clusters.log_ins, 1);
  EXPECT_EQ(now().connection_state, "FAILED");
  EXPECT_EQ(now().connection_error, "INVALID_CREDENTIALS");

  clusters.outcome = "";
  put_in_state("CONNECTING");  // it was mended, and asked for again
  EXPECT_TRUE(worker.do_all());
  EXPECT_EQ(clusters.log_ins, 2);
  EXPECT_EQ(now().connection_state, "CONNECTED");
}

TEST_F(KeyStoreWorkerTest, AnOutcomeThatWasNotStoredIsForgottenWhenTheStoreIsDisconnected) {
  clusters.outcome = "INVALID_CREDENTIALS";
  services::kms::KeyStoreWorker worker(installation);
  failing.writes_until_failure = 1;
  EXPECT_FALSE(worker.do_all());
  put_in_state("DISCONNECTING");
  EXPECT_TRUE(worker.do_all());
  clusters.outcome = "";
  put_in_state("CONNECTING");
  EXPECT_TRUE(worker.do_all());
  EXPECT_EQ(now().connection_state, "CONNECTED");
}

TEST_F(KeyStoreWorkerTest, DeletedKeysOfADisconnectedStoreAreDestroyedOnceItIsConnected) {
  for (const char* id : {"key-1", "key-2", "key-3"}) add_key(id);
  put_in_state("DISCONNECTED");
  services::kms::KeyWorker worker(installation);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(worker.do_all()) << "nothing is left to be tried at once";
  EXPECT_EQ(clusters.destructions, 0) << "nobody logs in to a disconnected store's token";
  EXPECT_TRUE(catalog_->read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(keys, transaction.count_keys());
    EXPECT_EQ(keys, 0u) << "deleted they are";
    return {};
  }));
  put_in_state("CONNECTED");
  EXPECT_TRUE(worker.do_all());
  EXPECT_EQ(clusters.destroyed, (std::vector<std::string>{"key-1", "key-2", "key-3"}));
  EXPECT_TRUE(worker.do_all());
  EXPECT_EQ(clusters.destructions, 3);
}

TEST_F(KeyStoreWorkerTest, ATokenThatIsAwayIsAskedOnceALookAndNotOnceAKey) {
  for (const char* id : {"key-1", "key-2", "key-3"}) add_key(id);
  put_in_state("CONNECTED");
  clusters.away = true;
  services::kms::KeyWorker worker(installation);
  EXPECT_TRUE(worker.do_all());
  EXPECT_TRUE(worker.do_all());
  EXPECT_EQ(clusters.destructions, 2);
  clusters.away = false;
  EXPECT_TRUE(worker.do_all());
  EXPECT_EQ(clusters.destroyed.size(), 3u);
}

}  // namespace
}  // namespace coffer::api
