// SPDX-License-Identifier: Apache-2.0
// OpenID Connect providers, and the keys of their issuers.
#include "catalog/transaction.h"

namespace coffer::catalog {
namespace {

// A thumbprint has no space in it.
std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const auto& word : words) all += (all.empty() ? "" : " ") + word;
  return all;
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find(' ', start), text.size());
    words.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

IdentityProvider read_provider(Query& row) {
  IdentityProvider provider;
  provider.arn = row.text();
  provider.account = row.text();
  provider.issuer = row.text();
  provider.thumbprints = words_of(row.text());
  provider.created = row.time();
  return provider;
}

#define COFFER_PROVIDER_COLUMNS "arn, account, issuer, thumbprints, created"

Status insert_client_ids(Connection& connection, const IdentityProvider& provider) {
  int64_t position = 0;
  for (const auto& client_id : provider.client_ids) {
    Query query(connection,
                "INSERT INTO iam_client_ids (provider_arn, position, client_id) VALUES (?, ?, ?)");
    COFFER_CHECK(query.bind(provider.arn, position++, client_id).run());
  }
  return {};
}

}  // namespace

Status SqliteTransaction::insert_identity_provider(const IdentityProvider& provider) {
  Query query(connection_,
              "INSERT INTO iam_identity_providers (" COFFER_PROVIDER_COLUMNS ") VALUES (?, ?, ?, ?, ?)");
  COFFER_CHECK(query
                   .bind(provider.arn, provider.account, provider.issuer, joined(provider.thumbprints),
                         provider.created)
                   .run());
  COFFER_CHECK(insert_client_ids(connection_, provider));
  return replace_tags(provider.arn, provider.tags);
}

Status SqliteTransaction::update_identity_provider(const IdentityProvider& provider) {
  Query remove(connection_, "DELETE FROM iam_client_ids WHERE provider_arn = ?");
  COFFER_CHECK(remove.bind(provider.arn).run());
  COFFER_CHECK(insert_client_ids(connection_, provider));
  Query query(connection_, "UPDATE iam_identity_providers SET thumbprints = ? WHERE arn = ?");
  COFFER_CHECK(query.bind(joined(provider.thumbprints), provider.arn).run());
  return expect_changed("identity provider " + provider.arn);
}

Status SqliteTransaction::remove_identity_provider(const std::string& arn) {
  COFFER_CHECK(replace_tags(arn, {}));
  Query query(connection_, "DELETE FROM iam_identity_providers WHERE arn = ?");
  COFFER_CHECK(query.bind(arn).run());
  return expect_changed("identity provider " + arn);
}

Result<std::optional<IdentityProvider>> SqliteTransaction::identity_provider(const std::string& arn) {
  Query query(connection_, "SELECT " COFFER_PROVIDER_COLUMNS " FROM iam_identity_providers WHERE arn = ?");
  query.bind(arn);
  COFFER_TRY(found, first_row(query, read_provider));
  return with_tags(std::move(found));
}

Result<std::optional<IdentityProvider>> SqliteTransaction::with_tags(
    std::optional<IdentityProvider> provider) {
  if (!provider) return provider;
  Query query(connection_, "SELECT client_id FROM iam_client_ids WHERE provider_arn = ? ORDER BY position");
  query.bind(provider->arn);
  COFFER_TRY(client_ids, rows(query, [](Query& row) { return row.text(); }));
  provider->client_ids = std::move(client_ids);
  COFFER_TRY(its_tags, tags(provider->arn));
  provider->tags = std::move(its_tags);
  return provider;
}

Result<std::vector<IdentityProvider>> SqliteTransaction::identity_providers(const std::string& account) {
  Query query(connection_, "SELECT " COFFER_PROVIDER_COLUMNS
                           " FROM iam_identity_providers WHERE account = ? ORDER BY arn");
  query.bind(account);
  return rows(query, read_provider);
}

Status SqliteTransaction::put_issuer_keys(const std::string& issuer, const std::string& key_set,
                                          Timestamp now) {
  Query query(connection_, "INSERT OR REPLACE INTO issuer_keys (issuer, key_set, stored) VALUES (?, ?, ?)");
  return query.bind(issuer, key_set, now).run();
}

Status SqliteTransaction::remove_issuer_keys(const std::string& issuer) {
  Query query(connection_, "DELETE FROM issuer_keys WHERE issuer = ?");
  COFFER_CHECK(query.bind(issuer).run());
  return expect_changed("key set of " + issuer);
}

Result<std::optional<std::string>> SqliteTransaction::issuer_keys(const std::string& issuer) {
  Query query(connection_, "SELECT key_set FROM issuer_keys WHERE issuer = ?");
  query.bind(issuer);
  return first_row(query, [](Query& row) { return row.text(); });
}

Result<std::vector<std::string>> SqliteTransaction::issuers_with_keys() {
  Query query(connection_, "SELECT issuer FROM issuer_keys ORDER BY issuer");
  return rows(query, [](Query& row) { return row.text(); });
}

}  // namespace coffer::catalog
