// SPDX-License-Identifier: Apache-2.0
// Users, groups and roles, and who is in which group.
#include <fmt/format.h>

#include "catalog/principal_references.h"
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

IamEntity read_entity(Query& row) {
  IamEntity entity;
  entity.id = row.text();
  entity.kind = row.text();
  entity.account = row.text();
  entity.path = row.text();
  entity.name = row.text();
  entity.created = row.time();
  entity.boundary_arn = row.text();
  entity.description = row.text();
  entity.trust_policy = row.text();
  entity.longest_session_seconds = static_cast<int32_t>(row.integer());
  return entity;
}

#define COFFER_ENTITY_COLUMNS                                                        \
  "id, kind, account, path, name, created, boundary_arn, description, trust_policy," \
  " longest_session_seconds"

// "arn:aws:iam::ACCOUNT:role/PATH/NAME"; a group is no principal.
std::string principal_arn(const IamEntity& entity) {
  return fmt::format("arn:aws:iam::{}:{}{}{}", entity.account, entity.kind, entity.path, entity.name);
}

}  // namespace

Status SqliteTransaction::insert_iam_entity(const IamEntity& entity) {
  Query query(connection_,
              "INSERT INTO iam_entities (" COFFER_ENTITY_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  COFFER_CHECK(query
                   .bind(entity.id, entity.kind, entity.account, entity.path, entity.name, entity.created,
                         entity.boundary_arn, entity.description, entity.trust_policy,
                         entity.longest_session_seconds)
                   .run());
  return replace_tags(entity.id, entity.tags);
}

Status SqliteTransaction::update_iam_entity(const IamEntity& entity) {
  COFFER_TRY(before, iam_entity(entity.id));
  if (before && principal_arn(*before) != principal_arn(entity))
    COFFER_CHECK(replace_principal(connection_, before->name, principal_arn(*before), principal_arn(entity)));
  Query query(connection_,
              "UPDATE iam_entities SET path = ?, name = ?, boundary_arn = ?, description = ?,"
              " trust_policy = ?, longest_session_seconds = ? WHERE id = ?");
  COFFER_CHECK(query
                   .bind(entity.path, entity.name, entity.boundary_arn, entity.description,
                         entity.trust_policy, entity.longest_session_seconds, entity.id)
                   .run());
  return expect_changed(entity.kind + " " + entity.id);
}

Status SqliteTransaction::remove_iam_entity(const std::string& id) {
  COFFER_TRY(entity, iam_entity(id));
  if (entity && entity->kind != "group")
    COFFER_CHECK(replace_principal(connection_, entity->name, principal_arn(*entity), id));
  COFFER_CHECK(replace_tags(id, {}));
  Query policies(connection_, "DELETE FROM iam_inline_policies WHERE entity_id = ?");
  COFFER_CHECK(policies.bind(id).run());
  Query use(connection_, "DELETE FROM role_uses WHERE role_id = ?");
  COFFER_CHECK(use.bind(id).run());
  Query query(connection_, "DELETE FROM iam_entities WHERE id = ?");
  COFFER_CHECK(query.bind(id).run());
  return expect_changed("entity " + id);
}

Result<std::optional<IamEntity>> SqliteTransaction::iam_entity(const std::string& id) {
  Query query(connection_, "SELECT " COFFER_ENTITY_COLUMNS " FROM iam_entities WHERE id = ?");
  query.bind(id);
  COFFER_TRY(found, first_row(query, read_entity));
  return with_tags(std::move(found));
}

Result<std::optional<IamEntity>> SqliteTransaction::iam_entity_named(const std::string& account,
                                                                     const std::string& kind,
                                                                     const std::string& name) {
  Query query(connection_, "SELECT " COFFER_ENTITY_COLUMNS
                           " FROM iam_entities WHERE account = ? AND kind = ? AND name = ? COLLATE NOCASE");
  query.bind(account, kind, name);
  COFFER_TRY(found, first_row(query, read_entity));
  return with_tags(std::move(found));
}

Result<std::optional<IamEntity>> SqliteTransaction::with_tags(std::optional<IamEntity> entity) {
  if (!entity) return entity;
  COFFER_TRY(its_tags, tags(entity->id));
  entity->tags = std::move(its_tags);
  return entity;
}

Result<std::vector<IamEntity>> SqliteTransaction::iam_entities(const std::string& account,
                                                               const std::string& kind,
                                                               const std::string& path_prefix,
                                                               const std::string& after, size_t limit) {
  Query query(connection_, "SELECT " COFFER_ENTITY_COLUMNS
                           " FROM iam_entities WHERE account = ? AND kind = ?"
                           " AND substr(path, 1, length(?)) = ? AND name > ? COLLATE NOCASE"
                           " ORDER BY name COLLATE NOCASE LIMIT ?");
  query.bind(account, kind, path_prefix, path_prefix, after, limit);
  return rows(query, read_entity);
}

Status SqliteTransaction::replace_iam_tags(const std::string& id,
                                           const std::vector<std::pair<std::string, std::string>>& all) {
  return replace_tags(id, all);
}

Result<std::vector<std::pair<std::string, std::string>>> SqliteTransaction::iam_tags(const std::string& id) {
  return tags(id);
}

Status SqliteTransaction::add_to_group(const std::string& user_id, const std::string& group_id) {
  Query query(connection_, "INSERT OR IGNORE INTO iam_group_members (user_id, group_id) VALUES (?, ?)");
  return query.bind(user_id, group_id).run();
}

Status SqliteTransaction::remove_from_group(const std::string& user_id, const std::string& group_id) {
  Query query(connection_, "DELETE FROM iam_group_members WHERE user_id = ? AND group_id = ?");
  COFFER_CHECK(query.bind(user_id, group_id).run());
  return expect_changed("member " + user_id);
}

Result<std::vector<IamEntity>> SqliteTransaction::groups_of_user(const std::string& user_id) {
  Query query(connection_, "SELECT " COFFER_ENTITY_COLUMNS
                           " FROM iam_entities WHERE id IN (SELECT group_id FROM iam_group_members"
                           " WHERE user_id = ?) ORDER BY name COLLATE NOCASE");
  query.bind(user_id);
  return rows(query, read_entity);
}

Result<std::vector<IamEntity>> SqliteTransaction::users_of_group(const std::string& group_id) {
  Query query(connection_, "SELECT " COFFER_ENTITY_COLUMNS
                           " FROM iam_entities WHERE id IN (SELECT user_id FROM iam_group_members"
                           " WHERE group_id = ?) ORDER BY name COLLATE NOCASE");
  query.bind(group_id);
  return rows(query, read_entity);
}

Result<std::vector<IamEntity>> SqliteTransaction::entities_with_policy(const std::string& policy_arn) {
  Query query(connection_, "SELECT " COFFER_ENTITY_COLUMNS
                           " FROM iam_entities WHERE id IN (SELECT entity_id FROM iam_attached_policies"
                           " WHERE policy_arn = ?) ORDER BY name COLLATE NOCASE");
  query.bind(policy_arn);
  return rows(query, read_entity);
}

Result<size_t> SqliteTransaction::count_boundaries(const std::string& account,
                                                   const std::string& policy_arn) {
  Query query(connection_, "SELECT COUNT(*) FROM iam_entities WHERE boundary_arn = ? AND account = ?");
  query.bind(policy_arn, account);
  COFFER_TRY(number, first_row(query, [](Query& row) { return static_cast<size_t>(row.integer()); }));
  return number.value_or(0);
}

Result<std::vector<IamEntity>> SqliteTransaction::entities_with_boundary(const std::string& policy_arn) {
  Query query(connection_, "SELECT " COFFER_ENTITY_COLUMNS
                           " FROM iam_entities WHERE boundary_arn = ? ORDER BY name COLLATE NOCASE");
  query.bind(policy_arn);
  return rows(query, read_entity);
}

}  // namespace coffer::catalog
