// SPDX-License-Identifier: Apache-2.0
// Instance profiles.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

InstanceProfile read_profile(Query& row) {
  InstanceProfile profile;
  profile.id = row.text();
  profile.account = row.text();
  profile.path = row.text();
  profile.name = row.text();
  profile.created = row.time();
  profile.role_id = row.text();
  return profile;
}

#define COFFER_PROFILE_COLUMNS "id, account, path, name, created, role_id"

}  // namespace

Status SqliteTransaction::insert_instance_profile(const InstanceProfile& profile) {
  Query query(connection_,
              "INSERT INTO iam_instance_profiles (" COFFER_PROFILE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?)");
  COFFER_CHECK(
      query.bind(profile.id, profile.account, profile.path, profile.name, profile.created, profile.role_id)
          .run());
  return replace_tags(profile.id, profile.tags);
}

Status SqliteTransaction::set_instance_profile_role(const std::string& id, const std::string& role_id) {
  Query query(connection_, "UPDATE iam_instance_profiles SET role_id = ? WHERE id = ?");
  COFFER_CHECK(query.bind(role_id, id).run());
  return expect_changed("instance profile " + id);
}

Status SqliteTransaction::remove_instance_profile(const std::string& id) {
  COFFER_CHECK(replace_tags(id, {}));
  Query query(connection_, "DELETE FROM iam_instance_profiles WHERE id = ?");
  COFFER_CHECK(query.bind(id).run());
  return expect_changed("instance profile " + id);
}

Result<std::optional<InstanceProfile>> SqliteTransaction::instance_profile(const std::string& account,
                                                                           const std::string& name) {
  Query query(connection_, "SELECT " COFFER_PROFILE_COLUMNS
                           " FROM iam_instance_profiles WHERE account = ? AND name = ? COLLATE NOCASE");
  query.bind(account, name);
  COFFER_TRY(found, first_row(query, read_profile));
  if (found) {
    COFFER_TRY(its_tags, tags(found->id));
    found->tags = std::move(its_tags);
  }
  return found;
}

Result<std::vector<InstanceProfile>> SqliteTransaction::instance_profiles(const std::string& account,
                                                                          const std::string& path_prefix,
                                                                          const std::string& after,
                                                                          size_t limit) {
  Query query(connection_, "SELECT " COFFER_PROFILE_COLUMNS
                           " FROM iam_instance_profiles WHERE account = ?"
                           " AND substr(path, 1, length(?)) = ? AND name > ? COLLATE NOCASE"
                           " ORDER BY name COLLATE NOCASE LIMIT ?");
  query.bind(account, path_prefix, path_prefix, after, limit);
  return rows(query, read_profile);
}

Result<std::vector<InstanceProfile>> SqliteTransaction::instance_profiles_of_role(
    const std::string& role_id) {
  Query query(connection_, "SELECT " COFFER_PROFILE_COLUMNS
                           " FROM iam_instance_profiles WHERE role_id = ? ORDER BY name COLLATE NOCASE");
  query.bind(role_id);
  return rows(query, read_profile);
}

}  // namespace coffer::catalog
