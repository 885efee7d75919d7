// SPDX-License-Identifier: Apache-2.0
// KMS keys and their backing keys (as keyd's tokens).
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

// A macro, as statements must be literals.
#define COFFER_SELECT_KEYS                                                                              \
  "SELECT region, id, account, description, policy, state, manager, usage, spec, origin, multi_region," \
  " created, current_version, primary_region, deletion_date, deletion_window_days, rotation_enabled,"   \
  " rotation_period_days, next_rotation, on_demand_rotations, on_demand_rotation_started,"              \
  " custom_key_store_id, store_key_id, custom_key_store_id <> '' AND NOT EXISTS (SELECT 1 FROM"         \
  " custom_key_stores AS s WHERE s.id = custom_key_store_id AND s.connection_state = 'CONNECTED')"      \
  " FROM keys WHERE "

#define COFFER_SELECT_BACKING_KEYS                                                          \
  "SELECT region, key_id, version, token, rotation_type, rotated, public_key, material_id," \
  " expiration_model, valid_to FROM backing_keys WHERE "
#define COFFER_INTO_BACKING_KEYS                                                            \
  " INTO backing_keys (region, key_id, version, token, rotation_type, rotated, public_key," \
  " material_id, expiration_model, valid_to) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

Key read_key(Query& row) {
  Key key;
  key.region = row.text();
  key.id = row.text();
  key.account = row.text();
  key.description = row.text();
  key.policy = row.text();
  key.state = row.text();
  key.manager = row.text();
  key.usage = row.text();
  key.spec = row.text();
  key.origin = row.text();
  key.multi_region = row.boolean();
  key.created = row.time();
  key.current_version = static_cast<uint32_t>(row.integer());
  key.primary_region = row.text();
  key.deletion_date = row.optional_time();
  key.deletion_window_days = static_cast<uint32_t>(row.integer());
  key.rotation_enabled = row.boolean();
  key.rotation_period_days = static_cast<uint32_t>(row.integer());
  key.next_rotation = row.optional_time();
  key.on_demand_rotations = static_cast<uint32_t>(row.integer());
  key.on_demand_rotation_started = row.optional_time();
  key.custom_key_store_id = row.text();
  key.store_key_id = row.text();
  key.store_is_disconnected = row.boolean();
  return key;
}

BackingKey read_backing_key(Query& row) {
  BackingKey backing_key;
  backing_key.region = row.text();
  backing_key.key_id = row.text();
  backing_key.version = static_cast<uint32_t>(row.integer());
  backing_key.token = row.blob();
  backing_key.rotation_type = row.text();
  backing_key.rotated = row.optional_time();
  backing_key.public_key = row.blob();
  backing_key.material_id = row.text();
  backing_key.expiration_model = row.text();
  backing_key.valid_to = row.optional_time();
  return backing_key;
}

Query& bind_backing_key(Query& query, const BackingKey& backing_key) {
  return query.bind(backing_key.region, backing_key.key_id, backing_key.version, backing_key.token,
                    backing_key.rotation_type, backing_key.rotated, backing_key.public_key,
                    backing_key.material_id, backing_key.expiration_model, backing_key.valid_to);
}

std::string tag_owner(const std::string& region, const std::string& key_id) {
  return region + "/" + key_id;
}

}  // namespace

Status SqliteTransaction::insert_key(const Key& key, const BackingKey& backing_key) {
  Query insert(connection_,
               "INSERT INTO keys (region, id, account, description, policy, state, manager, usage, spec,"
               " origin, multi_region, created, current_version, primary_region, deletion_date,"
               " deletion_window_days, rotation_enabled, rotation_period_days, next_rotation,"
               " on_demand_rotations, on_demand_rotation_started, custom_key_store_id, store_key_id)"
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  COFFER_CHECK(insert
                   .bind(key.region, key.id, key.account, key.description, key.policy, key.state, key.manager,
                         key.usage, key.spec, key.origin, key.multi_region, key.created, key.current_version,
                         key.primary_region, key.deletion_date, key.deletion_window_days,
                         key.rotation_enabled, key.rotation_period_days, key.next_rotation,
                         key.on_demand_rotations, key.on_demand_rotation_started, key.custom_key_store_id,
                         key.store_key_id)
                   .run());
  // A key whose material is to be imported has none yet.
  if (!backing_key.token.empty()) {
    BackingKey first = backing_key;
    first.region = key.region;
    COFFER_CHECK(insert_backing_key(first));
  }
  return replace_key_tags(key);
}

Status SqliteTransaction::update_key(const Key& key) {
  Query query(connection_,
              "UPDATE keys SET description = ?, policy = ?, state = ?, current_version = ?,"
              " primary_region = ?, deletion_date = ?, deletion_window_days = ?, rotation_enabled = ?,"
              " rotation_period_days = ?, next_rotation = ?, on_demand_rotations = ?,"
              " on_demand_rotation_started = ? WHERE region = ? AND id = ?");
  COFFER_CHECK(query
                   .bind(key.description, key.policy, key.state, key.current_version, key.primary_region,
                         key.deletion_date, key.deletion_window_days, key.rotation_enabled,
                         key.rotation_period_days, key.next_rotation, key.on_demand_rotations,
                         key.on_demand_rotation_started, key.region, key.id)
                   .run());
  return expect_changed("key " + key.id);
}

Result<std::optional<Key>> SqliteTransaction::key(const std::string& region, const std::string& key_id) {
  Query query(connection_, COFFER_SELECT_KEYS "region = ? AND id = ?");
  query.bind(region, key_id);
  COFFER_TRY(found, first_row(query, read_key));
  if (found) {
    COFFER_TRY(its_tags, tags(tag_owner(region, key_id)));
    found->tags = std::move(its_tags);
  }
  return found;
}

Result<std::vector<Key>> SqliteTransaction::keys_with_tags(Query& query) {
  COFFER_TRY(found, rows(query, read_key));
  for (Key& key : found) {
    COFFER_TRY(its_tags, tags(tag_owner(key.region, key.id)));
    key.tags = std::move(its_tags);
  }
  return found;
}

Result<std::vector<Key>> SqliteTransaction::keys_of_id(const std::string& key_id) {
  Query query(connection_, COFFER_SELECT_KEYS "id = ? ORDER BY region");
  return keys_with_tags(query.bind(key_id));
}

Result<std::vector<Key>> SqliteTransaction::keys_in_state(const std::string& state) {
  Query query(connection_, COFFER_SELECT_KEYS "state = ?");
  return keys_with_tags(query.bind(state));
}

Result<std::vector<Key>> SqliteTransaction::keys_to_rotate(Timestamp now) {
  Query query(connection_, COFFER_SELECT_KEYS
              "state = 'Enabled' AND (next_rotation <= ? OR on_demand_rotation_started IS NOT NULL)");
  return keys_with_tags(query.bind(now));
}

Status SqliteTransaction::remove_key(const std::string& region, const std::string& key_id) {
  Query aliases(connection_, "DELETE FROM aliases WHERE region = ? AND target_key_id = ?");
  COFFER_CHECK(aliases.bind(region, key_id).run());
  Query tokens(connection_, "DELETE FROM backing_keys WHERE region = ? AND key_id = ?");
  COFFER_CHECK(tokens.bind(region, key_id).run());
  Query contexts(connection_,
                 "DELETE FROM grant_contexts WHERE grant_id IN"
                 " (SELECT id FROM grants WHERE region = ? AND key_id = ?)");
  COFFER_CHECK(contexts.bind(region, key_id).run());
  Query grants(connection_, "DELETE FROM grants WHERE region = ? AND key_id = ?");
  COFFER_CHECK(grants.bind(region, key_id).run());
  Query usage(connection_, "DELETE FROM key_usage WHERE region = ? AND key_id = ?");
  COFFER_CHECK(usage.bind(region, key_id).run());
  COFFER_CHECK(replace_tags(tag_owner(region, key_id), {}));
  Query key(connection_, "DELETE FROM keys WHERE region = ? AND id = ?");
  COFFER_CHECK(key.bind(region, key_id).run());
  return expect_changed("key " + key_id);
}

Status SqliteTransaction::replace_key_tags(const Key& key) {
  return replace_tags(tag_owner(key.region, key.id), key.tags);
}

Status SqliteTransaction::insert_backing_key(const BackingKey& backing_key) {
  COFFER_CHECK(allow_wrapped(WrappedSetting::Form::kToken, backing_key.token));
  Query query(connection_, "INSERT" COFFER_INTO_BACKING_KEYS);
  return bind_backing_key(query, backing_key).run();
}

Status SqliteTransaction::put_backing_key(const BackingKey& backing_key) {
  COFFER_CHECK(allow_wrapped(WrappedSetting::Form::kToken, backing_key.token));
  Query query(connection_, "INSERT OR REPLACE" COFFER_INTO_BACKING_KEYS);
  return bind_backing_key(query, backing_key).run();
}

Result<std::vector<BackingKey>> SqliteTransaction::expired_backing_keys(Timestamp now) {
  Query query(connection_, COFFER_SELECT_BACKING_KEYS "valid_to <= ? AND length(token) > 0");
  query.bind(now);
  return rows(query, read_backing_key);
}

Result<std::optional<BackingKey>> SqliteTransaction::backing_key(const std::string& region,
                                                                 const std::string& key_id,
                                                                 uint32_t version) {
  Query query(connection_, COFFER_SELECT_BACKING_KEYS " region = ? AND key_id = ? AND version = ?");
  query.bind(region, key_id, version);
  return first_row(query, read_backing_key);
}

Result<std::vector<BackingKey>> SqliteTransaction::backing_keys(const std::string& region,
                                                                const std::string& key_id) {
  Query query(connection_, COFFER_SELECT_BACKING_KEYS " region = ? AND key_id = ? ORDER BY version");
  query.bind(region, key_id);
  return rows(query, read_backing_key);
}

Result<std::vector<std::string>> SqliteTransaction::key_ids(const std::string& account,
                                                            const std::string& region,
                                                            const std::string& after, size_t limit) {
  Query query(connection_,
              "SELECT id FROM keys WHERE account = ? AND region = ? AND id > ? ORDER BY id LIMIT ?");
  query.bind(account, region, after, limit);
  return rows(query, [](Query& row) { return row.text(); });
}

Result<size_t> SqliteTransaction::count_keys() {
  return count("SELECT COUNT(*) FROM keys");
}

Status SqliteTransaction::insert_destroyed_key(const DestroyedKey& key) {
  Query query(connection_,
              "INSERT OR REPLACE INTO destroyed_keys (region, id, account, destroyed, domain_key_version)"
              " VALUES (?, ?, ?, ?, ?)");
  return query.bind(key.region, key.id, key.account, key.destroyed, key.domain_key_version).run();
}

Result<std::vector<DestroyedKey>> SqliteTransaction::destroyed_keys() {
  Query query(connection_,
              "SELECT id, account, region, destroyed, domain_key_version FROM destroyed_keys"
              " ORDER BY destroyed");
  return rows(query, [](Query& row) {
    DestroyedKey key;
    key.id = row.text();
    key.account = row.text();
    key.region = row.text();
    key.destroyed = row.time();
    key.domain_key_version = static_cast<uint32_t>(row.integer());
    return key;
  });
}

Status SqliteTransaction::put_key_usage(const KeyUsage& usage) {
  // Only of a key that is still there.
  Query query(connection_,
              "INSERT OR REPLACE INTO key_usage (region, key_id, operation, event_id, request_id, time)"
              " SELECT region, id, ?, ?, ?, ? FROM keys WHERE region = ? AND id = ?",
              Query::Effect::kRecord);
  return query.bind(usage.operation, usage.event_id, usage.request_id, usage.time, usage.region, usage.key_id)
      .run();
}

Result<std::optional<KeyUsage>> SqliteTransaction::key_usage(const std::string& region,
                                                             const std::string& key_id) {
  Query query(connection_,
              "SELECT key_id, region, operation, event_id, request_id, time FROM key_usage"
              " WHERE region = ? AND key_id = ?");
  query.bind(region, key_id);
  return first_row(query, [](Query& row) {
    KeyUsage usage;
    usage.key_id = row.text();
    usage.region = row.text();
    usage.operation = row.text();
    usage.event_id = row.text();
    usage.request_id = row.text();
    usage.time = row.time();
    return usage;
  });
}

}  // namespace coffer::catalog
