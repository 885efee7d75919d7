// SPDX-License-Identifier: Apache-2.0
// What was done (the trail), and what was answered to a client token.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

TrailEvent read_event(Query& row) {
  TrailEvent event;
  event.event_id = row.text();
  event.account = row.text();
  event.region = row.text();
  event.time = row.time();
  event.event_source = row.text();
  event.event_name = row.text();
  event.record = row.text();
  return event;
}

}  // namespace

Status SqliteTransaction::append_trail(const TrailEvent& event) {
  Query query(connection_,
              "INSERT INTO trail (event_id, account, region, time, event_source, event_name, record)"
              " VALUES (?, ?, ?, ?, ?, ?, ?)",
              Query::Effect::kRecord);
  return query
      .bind(event.event_id, event.account, event.region, event.time, event.event_source, event.event_name,
            event.record)
      .run();
}

Result<std::vector<TrailEvent>> SqliteTransaction::trail(const std::string& account, size_t newest) {
  if (account.empty()) {
    Query query(connection_,
                "SELECT event_id, account, region, time, event_source, event_name, record FROM trail"
                " ORDER BY position DESC LIMIT ?");
    query.bind(newest);
    return rows(query, read_event);
  }
  Query query(connection_,
              "SELECT event_id, account, region, time, event_source, event_name, record FROM trail"
              " WHERE account = ? ORDER BY position DESC LIMIT ?");
  query.bind(account, newest);
  return rows(query, read_event);
}

Result<std::optional<IdempotentAnswer>> SqliteTransaction::idempotent_answer(const std::string& account,
                                                                             const std::string& region,
                                                                             const std::string& operation,
                                                                             const std::string& token) {
  Query query(connection_,
              "SELECT request_hash, response FROM idempotent_answers"
              " WHERE account = ? AND region = ? AND operation = ? AND token = ?");
  query.bind(account, region, operation, token);
  return first_row(query, [](Query& row) {
    IdempotentAnswer answer;
    answer.request_hash = row.text();
    answer.response = row.text();
    return answer;
  });
}

Status SqliteTransaction::insert_idempotent_answer(const std::string& account, const std::string& region,
                                                   const std::string& operation, const std::string& token,
                                                   const IdempotentAnswer& answer, Timestamp now) {
  Query query(
      connection_,
      "INSERT INTO idempotent_answers (account, region, operation, token, request_hash, response, created)"
      " VALUES (?, ?, ?, ?, ?, ?, ?)",
      Query::Effect::kRecord);
  return query.bind(account, region, operation, token, answer.request_hash, answer.response, now).run();
}

Status SqliteTransaction::purge_idempotent_answers(Timestamp before) {
  Query query(connection_, "DELETE FROM idempotent_answers WHERE created < ?", Query::Effect::kRecord);
  return query.bind(before).run();
}

}  // namespace coffer::catalog
