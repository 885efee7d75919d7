// SPDX-License-Identifier: Apache-2.0
// Temporary credentials, and when those of a role were last used.
#include <algorithm>

#include "catalog/transaction.h"

namespace coffer::catalog {

Status SqliteTransaction::insert_session(const Session& session) {
  COFFER_CHECK(allow_wrapped(WrappedSetting::Form::kSecret, session.wrapped_secret));
  Query query(connection_,
              "INSERT INTO sessions (access_key_id, account, entity_id, name, wrapped_secret, token_digest,"
              " created, expires, mfa_authenticated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  COFFER_CHECK(query
                   .bind(session.access_key_id, session.account, session.entity_id, session.name,
                         session.wrapped_secret, session.token_digest, session.created, session.expires,
                         session.mfa_authenticated)
                   .run());
  for (size_t i = 0; i < session.policies.size(); ++i) {
    Query policy(connection_,
                 "INSERT INTO session_policies (access_key_id, position, document) VALUES (?, ?, ?)");
    COFFER_CHECK(policy.bind(session.access_key_id, static_cast<uint64_t>(i), session.policies[i]).run());
  }
  for (const auto& [name, value] : session.tags) {
    Query tag(connection_,
              "INSERT INTO session_tags (access_key_id, name, value, transitive) VALUES (?, ?, ?, ?)");
    const bool transitive = std::ranges::find(session.transitive_tags, name) != session.transitive_tags.end();
    COFFER_CHECK(tag.bind(session.access_key_id, name, value, transitive).run());
  }
  int64_t position = 0;
  for (const auto& [name, value] : session.context) {
    Query key(connection_,
              "INSERT INTO session_context (access_key_id, position, name, value) VALUES (?, ?, ?, ?)");
    COFFER_CHECK(key.bind(session.access_key_id, position++, name, value).run());
  }
  return {};
}

Result<std::optional<Session>> SqliteTransaction::session(const std::string& access_key_id) {
  Query query(
      connection_,
      "SELECT access_key_id, account, entity_id, name, wrapped_secret, token_digest, created, expires,"
      " mfa_authenticated FROM sessions WHERE access_key_id = ?");
  query.bind(access_key_id);
  COFFER_TRY(found, first_row(query, [](Query& row) {
               Session session;
               session.access_key_id = row.text();
               session.account = row.text();
               session.entity_id = row.text();
               session.name = row.text();
               session.wrapped_secret = row.blob();
               session.token_digest = row.blob();
               session.created = row.time();
               session.expires = row.time();
               session.mfa_authenticated = row.optional_time();
               return session;
             }));
  if (!found) return found;
  Query policies(connection_,
                 "SELECT document FROM session_policies WHERE access_key_id = ? ORDER BY position");
  policies.bind(access_key_id);
  COFFER_TRY(documents, rows(policies, [](Query& row) { return row.text(); }));
  found->policies = std::move(documents);
  Query tag_query(connection_, "SELECT name, value FROM session_tags WHERE access_key_id = ? ORDER BY name");
  tag_query.bind(access_key_id);
  const auto read_pair = [](Query& row) {
    std::string name = row.text();
    return std::pair(std::move(name), row.text());
  };
  COFFER_TRY(its_tags, rows(tag_query, read_pair));
  found->tags = std::move(its_tags);
  Query transitive_query(
      connection_, "SELECT name FROM session_tags WHERE access_key_id = ? AND transitive ORDER BY name");
  transitive_query.bind(access_key_id);
  COFFER_TRY(transitive, rows(transitive_query, [](Query& row) { return row.text(); }));
  found->transitive_tags = std::move(transitive);
  Query context_query(connection_,
                      "SELECT name, value FROM session_context WHERE access_key_id = ? ORDER BY position");
  context_query.bind(access_key_id);
  COFFER_TRY(context, rows(context_query, read_pair));
  found->context = std::move(context);
  return found;
}

Status SqliteTransaction::remove_sessions_of(const std::string& entity_id) {
  Query query(connection_, "DELETE FROM sessions WHERE entity_id = ?");
  return query.bind(entity_id).run();
}

Status SqliteTransaction::purge_sessions(Timestamp before) {
  Query query(connection_, "DELETE FROM sessions WHERE expires < ?");
  return query.bind(before).run();
}

Status SqliteTransaction::set_role_used(const std::string& role_id, const RoleUse& use) {
  // Of a role that was deleted meanwhile nothing is kept.
  Query query(connection_,
              "INSERT OR REPLACE INTO role_uses (role_id, time, region)"
              " SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM iam_entities WHERE id = ?1)",
              Query::Effect::kRecord);
  return query.bind(role_id, use.time, use.region).run();
}

Result<std::optional<RoleUse>> SqliteTransaction::role_use(const std::string& role_id) {
  Query query(connection_, "SELECT time, region FROM role_uses WHERE role_id = ?");
  query.bind(role_id);
  return first_row(query, [](Query& row) {
    const Timestamp time = row.time();
    return RoleUse{time, row.text()};
  });
}

}  // namespace coffer::catalog
