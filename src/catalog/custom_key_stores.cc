// SPDX-License-Identifier: Apache-2.0
// Custom key stores.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

// A macro, as statements must be literals.
#define COFFER_SELECT_CUSTOM_KEY_STORES                                                  \
  "SELECT id, account, region, name, type, connection_state, connection_error, created," \
  " wrapped_secret, cluster_id, trust_anchor, connectivity, uri_endpoint, uri_path,"     \
  " vpc_endpoint_service, access_key_id FROM custom_key_stores WHERE "

CustomKeyStore read_custom_key_store(Query& row) {
  CustomKeyStore store;
  store.id = row.text();
  store.account = row.text();
  store.region = row.text();
  store.name = row.text();
  store.type = row.text();
  store.connection_state = row.text();
  store.connection_error = row.text();
  store.created = row.time();
  store.wrapped_secret = row.blob();
  store.cluster_id = row.text();
  store.trust_anchor = row.text();
  store.connectivity = row.text();
  store.uri_endpoint = row.text();
  store.uri_path = row.text();
  store.vpc_endpoint_service = row.text();
  store.access_key_id = row.text();
  return store;
}

}  // namespace

Status SqliteTransaction::insert_custom_key_store(const CustomKeyStore& store) {
  COFFER_CHECK(allow_wrapped(WrappedSetting::Form::kSecret, store.wrapped_secret));
  Query query(connection_,
              "INSERT INTO custom_key_stores (id, account, region, name, type, connection_state,"
              " connection_error, created, wrapped_secret, cluster_id, trust_anchor, connectivity,"
              " uri_endpoint, uri_path, vpc_endpoint_service, access_key_id)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  return query
      .bind(store.id, store.account, store.region, store.name, store.type, store.connection_state,
            store.connection_error, store.created, store.wrapped_secret, store.cluster_id, store.trust_anchor,
            store.connectivity, store.uri_endpoint, store.uri_path, store.vpc_endpoint_service,
            store.access_key_id)
      .run();
}

Status SqliteTransaction::update_custom_key_store(const CustomKeyStore& store) {
  COFFER_CHECK(allow_wrapped(WrappedSetting::Form::kSecret, store.wrapped_secret));
  Query query(connection_,
              "UPDATE custom_key_stores SET name = ?, connection_state = ?, connection_error = ?,"
              " wrapped_secret = ?, cluster_id = ?, trust_anchor = ?, connectivity = ?, uri_endpoint = ?,"
              " uri_path = ?, vpc_endpoint_service = ?, access_key_id = ? WHERE id = ?");
  COFFER_CHECK(query
                   .bind(store.name, store.connection_state, store.connection_error, store.wrapped_secret,
                         store.cluster_id, store.trust_anchor, store.connectivity, store.uri_endpoint,
                         store.uri_path, store.vpc_endpoint_service, store.access_key_id, store.id)
                   .run());
  return expect_changed("custom key store " + store.id);
}

Status SqliteTransaction::remove_custom_key_store(const std::string& id) {
  Query left(connection_, "DELETE FROM keys_left_in_tokens WHERE custom_key_store_id = ?");
  COFFER_CHECK(left.bind(id).run());
  Query query(connection_, "DELETE FROM custom_key_stores WHERE id = ?");
  COFFER_CHECK(query.bind(id).run());
  return expect_changed("custom key store " + id);
}

Result<std::optional<CustomKeyStore>> SqliteTransaction::custom_key_store(const std::string& id) {
  Query query(connection_, COFFER_SELECT_CUSTOM_KEY_STORES "id = ?");
  query.bind(id);
  return first_row(query, read_custom_key_store);
}

Result<std::vector<CustomKeyStore>> SqliteTransaction::custom_key_stores(const std::string& account,
                                                                         const std::string& region,
                                                                         const std::string& after,
                                                                         size_t limit) {
  Query query(connection_,
              COFFER_SELECT_CUSTOM_KEY_STORES "account = ? AND region = ? AND id > ? ORDER BY id LIMIT ?");
  query.bind(account, region, after, limit);
  return rows(query, read_custom_key_store);
}

Result<std::vector<CustomKeyStore>> SqliteTransaction::custom_key_stores_in_state(
    const std::string& connection_state) {
  Query query(connection_, COFFER_SELECT_CUSTOM_KEY_STORES "connection_state = ? ORDER BY id");
  query.bind(connection_state);
  return rows(query, read_custom_key_store);
}

Result<std::vector<CustomKeyStore>> SqliteTransaction::custom_key_stores_of_cluster(
    const std::string& cluster_id) {
  Query query(connection_, COFFER_SELECT_CUSTOM_KEY_STORES "cluster_id = ? AND cluster_id <> '' ORDER BY id");
  query.bind(cluster_id);
  return rows(query, read_custom_key_store);
}

Status SqliteTransaction::insert_key_left_in_token(const KeyLeftInToken& key) {
  COFFER_CHECK(allow_wrapped(WrappedSetting::Form::kToken, key.material.token));
  Query query(connection_,
              "INSERT OR REPLACE INTO keys_left_in_tokens"
              " (region, key_id, version, account, custom_key_store_id, token) VALUES (?, ?, ?, ?, ?, ?)");
  return query
      .bind(key.material.region, key.material.key_id, key.material.version, key.account,
            key.custom_key_store_id, key.material.token)
      .run();
}

Status SqliteTransaction::remove_key_left_in_token(const KeyLeftInToken& key) {
  Query query(connection_, "DELETE FROM keys_left_in_tokens WHERE region = ? AND key_id = ? AND version = ?");
  return query.bind(key.material.region, key.material.key_id, key.material.version).run();
}

Result<std::vector<KeyLeftInToken>> SqliteTransaction::keys_left_in_token(const std::string& store_id) {
  Query query(connection_,
              "SELECT region, key_id, version, account, custom_key_store_id, token FROM keys_left_in_tokens"
              " WHERE custom_key_store_id = ? ORDER BY region, key_id, version");
  query.bind(store_id);
  return rows(query, [](Query& row) {
    KeyLeftInToken key;
    key.material.region = row.text();
    key.material.key_id = row.text();
    key.material.version = static_cast<uint32_t>(row.integer());
    key.account = row.text();
    key.custom_key_store_id = row.text();
    key.material.token = row.blob();
    return key;
  });
}

Result<size_t> SqliteTransaction::count_keys_in_store(const std::string& store_id,
                                                      const std::string& store_key_id) {
  Query query(connection_,
              "SELECT COUNT(*) FROM keys WHERE custom_key_store_id = ?1 AND (?2 = '' OR store_key_id = ?2)"
              " AND custom_key_store_id <> ''");
  query.bind(store_id, store_key_id);
  COFFER_TRY(counted, first_row(query, [](Query& row) { return static_cast<size_t>(row.integer()); }));
  return counted.value_or(0);
}

}  // namespace coffer::catalog
