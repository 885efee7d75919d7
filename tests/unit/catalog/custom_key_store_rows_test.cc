// SPDX-License-Identifier: Apache-2.0
// Does the catalog keep custom key stores, and tell of their keys whether they can be used?
#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::catalog {
namespace {

class CustomKeyStoreRows : public CatalogFixture {
 protected:
  static CustomKeyStore a_store(const std::string& id, const std::string& name) {
    CustomKeyStore store;
    store.id = id;
    store.account = "123456789012";
    store.region = "us-west-2";
    store.name = name;
    store.type = "EXTERNAL_KEY_STORE";
    store.connection_state = "DISCONNECTED";
    store.created = Timestamp{5};
    store.wrapped_secret = {1, 2};
    store.connectivity = "PUBLIC_ENDPOINT";
    store.uri_endpoint = "https://e";
    store.uri_path = "/kms/xks/v1";
    store.access_key_id = "A";
    return store;
  }
  std::optional<Key> key() {
    return read<std::optional<Key>>([](Transaction& t) { return t.key("us-west-2", "k"); });
  }
};

TEST_F(CustomKeyStoreRows, WhatAStoreMayBecomeIsKept) {
  CustomKeyStore store = a_store("cks-1", "one");
  stored([&](Transaction& t) { return t.insert_custom_key_store(store); });
  EXPECT_FALSE(
      catalog_->write([&](Transaction& t) { return t.insert_custom_key_store(a_store("cks-2", "one")); }));
  store.name = "other";
  store.connection_state = "FAILED";
  store.connection_error = "XKS_PROXY_TIMED_OUT";
  store.wrapped_secret = {3};
  store.cluster_id = "cluster-1";
  store.vpc_endpoint_service = "com.amazonaws.vpce.x";
  stored([&](Transaction& t) { return t.update_custom_key_store(store); });
  const auto found =
      read<std::optional<CustomKeyStore>>([](Transaction& t) { return t.custom_key_store("cks-1"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(std::tie(found->name, found->connection_state, found->connection_error, found->wrapped_secret,
                     found->cluster_id, found->vpc_endpoint_service, found->uri_path, found->created),
            std::tie(store.name, store.connection_state, store.connection_error, store.wrapped_secret,
                     store.cluster_id, store.vpc_endpoint_service, store.uri_path, store.created));
  const auto failed = read<std::vector<CustomKeyStore>>(
      [](Transaction& t) { return t.custom_key_stores_in_state("FAILED"); });
  EXPECT_EQ(failed.size(), 1u);
  stored([&](Transaction& t) { return t.remove_custom_key_store("cks-1"); });
  EXPECT_FALSE(
      read<std::optional<CustomKeyStore>>([](Transaction& t) { return t.custom_key_store("cks-1"); }));
}

TEST_F(CustomKeyStoreRows, AKeyFollowsItsStore) {
  CustomKeyStore store = a_store("cks-1", "one");
  Key key;
  key.id = "k";
  key.account = "123456789012";
  key.region = "us-west-2";
  key.state = "Enabled";
  key.custom_key_store_id = "cks-1";
  key.store_key_id = "external";
  stored([&](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_custom_key_store(store));
    return t.insert_key(key, {"k", 1, {1}});
  });
  EXPECT_TRUE(this->key()->store_is_disconnected);
  EXPECT_EQ(this->key()->store_key_id, "external");
  store.connection_state = "CONNECTED";
  stored([&](Transaction& t) { return t.update_custom_key_store(store); });
  EXPECT_FALSE(this->key()->store_is_disconnected);
  const auto count = [&](const std::string& name) {
    return read<size_t>([&](Transaction& t) { return t.count_keys_in_store("cks-1", name); });
  };
  EXPECT_EQ(count(""), 1u);
  EXPECT_EQ(count("external"), 1u);
  EXPECT_EQ(count("another"), 0u);
  key.id = "k2";
  EXPECT_FALSE(catalog_->write([&](Transaction& t) { return t.insert_key(key, {"k2", 1, {1}}); }));
}

TEST_F(CustomKeyStoreRows, OtherKeysAreInNoStore) {
  Key key;
  key.id = "k";
  key.region = "us-west-2";
  stored([&](Transaction& t) { return t.insert_key(key, {"k", 1, {1}}); });
  EXPECT_FALSE(this->key()->store_is_disconnected);
  EXPECT_EQ(read<size_t>([](Transaction& t) { return t.count_keys_in_store(""); }), 0u);
}

TEST_F(CustomKeyStoreRows, AClustersStoresAreFoundWhoeverHasThem) {
  CustomKeyStore mine = a_store("cks-1", "one"), other = a_store("cks-2", "two");
  mine.cluster_id = other.cluster_id = "cluster-1";
  other.account = "210987654321";
  other.region = "us-east-1";
  stored([&](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_custom_key_store(mine));
    COFFER_CHECK(t.insert_custom_key_store(other));
    return t.insert_custom_key_store(a_store("cks-3", "three"));
  });
  const auto of = [&](const std::string& cluster) {
    return read<std::vector<CustomKeyStore>>(
               [&](Transaction& t) { return t.custom_key_stores_of_cluster(cluster); })
        .size();
  };
  EXPECT_EQ(of("cluster-1"), 2u);
  EXPECT_EQ(of("cluster-2"), 0u);
  EXPECT_EQ(of(""), 0u);
}

TEST_F(CustomKeyStoreRows, WhatIsLeftInATokenIsKeptReWrappedAndGoneWithItsStore) {
  const KeyLeftInToken left{"cks-1", "123456789012", {"k", 1, {7}, "us-west-2"}};
  EXPECT_FALSE(catalog_->write([&](Transaction& t) { return t.insert_key_left_in_token(left); }));
  Key key;
  key.id = "j";
  key.region = "us-west-2";
  stored([&](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_custom_key_store(a_store("cks-1", "one")));
    COFFER_CHECK(t.insert_key(key, {"j", 1, {6}}));
    COFFER_CHECK(t.insert_key_left_in_token(left));
    return t.insert_key_left_in_token({"cks-1", "123456789012", {"l", 1, {8}, "us-west-2"}});
  });
  const auto found = [&] {
    return read<std::vector<KeyLeftInToken>>([](Transaction& t) { return t.keys_left_in_token("cks-1"); });
  };
  ASSERT_EQ(found().size(), 2u);
  EXPECT_EQ(found()[0].account, left.account);
  EXPECT_EQ(std::tie(found()[0].material.key_id, found()[0].material.token),
            std::tie(left.material.key_id, left.material.token));

  // As a rotation goes through them, with those of the keys.
  EXPECT_EQ(read<size_t>([](Transaction& t) { return t.count_wrapped(); }), 4u);
  std::string order;
  BackingKey last;
  for (int i = 0; i < 3; ++i) {
    const auto next =
        read<std::vector<BackingKey>>([&](Transaction& t) { return t.backing_keys_after(last, 1); });
    ASSERT_EQ(next.size(), 1u);
    last = next[0];
    order += last.key_id;
    stored([&](Transaction& t) { return t.replace_token(last, {9}); });
  }
  EXPECT_EQ(order, "jkl");
  EXPECT_EQ(found()[1].material.token, Bytes{9});

  stored([&](Transaction& t) { return t.remove_key_left_in_token(left); });
  EXPECT_EQ(found().size(), 1u);
  stored([&](Transaction& t) { return t.remove_custom_key_store("cks-1"); });
  EXPECT_TRUE(found().empty());
}

TEST_F(CustomKeyStoreRows, TheirSecretsAreRewrapped) {
  stored([&](Transaction& t) { return t.insert_custom_key_store(a_store("cks-1", "one")); });
  const auto found = read<std::vector<AccessKey>>([](Transaction& t) { return t.access_keys_after("", 10); });
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].id, "cks-1");
  stored([&](Transaction& t) { return t.replace_wrapped_secret(found[0], {9}); });
  EXPECT_EQ(read<std::optional<CustomKeyStore>>([](Transaction& t) {
              return t.custom_key_store("cks-1");
            })->wrapped_secret,
            Bytes{9});
  EXPECT_EQ(read<size_t>([](Transaction& t) { return t.count_wrapped(); }), 1u);
}

}  // namespace
}  // namespace coffer::catalog
