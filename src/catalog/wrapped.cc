// SPDX-License-Identifier: Apache-2.0
// What keyd has wrapped under its domain key: which of it may still be stored, and how a rotation of that key
// goes through it. A column that is added to the catalog and holds such a thing belongs here
// (tests/unit/catalog/wrapped_columns_test.cc asks).
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/encoding.h"
#include "catalog/transaction.h"
#include "format/backing_key_token.h"
#include "format/wrapped_secret.h"

namespace coffer::catalog {
namespace {

using Form = WrappedSetting::Form;

constexpr const char* kOldestAllowed = "oldest_domain_key_version";

std::optional<uint32_t> domain_key_version(Form form, ByteView wrapped) {
  if (form == Form::kToken) {
    const auto token = format::parse_backing_key_token(wrapped);
    return token ? std::optional(token->header.domain_key_version) : std::nullopt;
  }
  const auto secret = format::parse_wrapped_secret(wrapped);
  return secret ? std::optional(secret->header.domain_key_version) : std::nullopt;
}

// Of all that the query's only column holds, and `oldest`.
Result<uint32_t> oldest_in(Query& query, Form form, uint32_t oldest) {
  while (true) {
    COFFER_TRY(more, query.next());
    if (!more) return oldest;
    oldest = std::min(oldest, domain_key_version(form, query.blob()).value_or(0));
  }
}

}  // namespace

Status SqliteTransaction::allow_wrapped(Form form, const Bytes& wrapped) {
  if (wrapped.empty()) return {};
  COFFER_TRY(oldest, oldest_domain_key());
  if (oldest == 0) return {};
  const auto version = domain_key_version(form, wrapped);
  if (!version) return fail(ErrorKind::kCorrupt, "catalog: what is to be stored is not wrapped by keyd");
  if (*version >= oldest) return {};
  return fail(ErrorKind::kUnavailable,
              fmt::format("it was made under version {} of the domain key, which a rotation is destroying; a "
                          "new attempt is made under version {} or later",
                          *version, oldest));
}

Status SqliteTransaction::set_wrapped_setting(const WrappedSetting& setting, const Bytes& wrapped) {
  COFFER_CHECK(allow_wrapped(setting.form, wrapped));
  return store_setting(setting.name, base64(wrapped));
}

Status SqliteTransaction::raise_oldest_domain_key(uint32_t version) {
  COFFER_TRY(oldest, oldest_domain_key());
  return version <= oldest ? Status() : store_setting(kOldestAllowed, std::to_string(version));
}

Result<uint32_t> SqliteTransaction::oldest_domain_key() {
  COFFER_TRY(text, setting(kOldestAllowed));
  if (!text) return 0u;
  uint32_t version = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), version);
  if (error != std::errc() || end != text->data() + text->size())
    return fail(ErrorKind::kCorrupt, "catalog: the oldest version of the domain key is unreadable");
  return version;
}

Result<uint32_t> SqliteTransaction::oldest_wrapped() {
  uint32_t oldest = std::numeric_limits<uint32_t>::max();
  for (const WrappedSetting& each : kWrappedSettings) {
    COFFER_TRY(text, setting(each.name));
    if (!text) continue;
    const auto wrapped = from_base64(*text);
    oldest = std::min(oldest, wrapped ? domain_key_version(each.form, *wrapped).value_or(0) : 0);
  }
  Query secrets(connection_,
                "SELECT wrapped_secret FROM access_keys UNION ALL SELECT wrapped_secret FROM sessions"
                " UNION ALL SELECT wrapped_secret FROM custom_key_stores"
                " UNION ALL SELECT wrapped_secret FROM mfa_devices");
  COFFER_TRY(oldest_secret, oldest_in(secrets, Form::kSecret, oldest));
  Query tokens(connection_,
               "SELECT token FROM backing_keys WHERE length(token) > 0"
               " UNION ALL SELECT token FROM keys_left_in_tokens");
  return oldest_in(tokens, Form::kToken, oldest_secret);
}

Result<std::vector<BackingKey>> SqliteTransaction::backing_keys_after(const BackingKey& after, size_t limit) {
  Query query(connection_,
              "SELECT region, key_id, version, token FROM backing_keys"
              " WHERE (region, key_id, version) > (?1, ?2, ?3) AND length(token) > 0"
              " UNION ALL SELECT region, key_id, version, token FROM keys_left_in_tokens"
              " WHERE (region, key_id, version) > (?1, ?2, ?3) ORDER BY 1, 2, 3 LIMIT ?4");
  query.bind(after.region, after.key_id, after.version, limit);
  return rows(query, [](Query& row) {
    BackingKey backing_key;
    backing_key.region = row.text();
    backing_key.key_id = row.text();
    backing_key.version = static_cast<uint32_t>(row.integer());
    backing_key.token = row.blob();
    return backing_key;
  });
}

Status SqliteTransaction::replace_token(const BackingKey& old_token, const Bytes& token) {
  COFFER_CHECK(allow_wrapped(Form::kToken, token));
  // The key is in one of the two tables only.
  Query query(
      connection_,
      "UPDATE backing_keys SET token = ? WHERE region = ? AND key_id = ? AND version = ? AND token = ?");
  COFFER_CHECK(
      query.bind(token, old_token.region, old_token.key_id, old_token.version, old_token.token).run());
  Query left(connection_,
             "UPDATE keys_left_in_tokens SET token = ?"
             " WHERE region = ? AND key_id = ? AND version = ? AND token = ?");
  return left.bind(token, old_token.region, old_token.key_id, old_token.version, old_token.token).run();
}

Result<std::vector<AccessKey>> SqliteTransaction::access_keys_after(const std::string& id, size_t limit) {
  Query query(connection_,
              "SELECT id, wrapped_secret FROM access_keys WHERE id > ?1"
              " UNION ALL SELECT access_key_id, wrapped_secret FROM sessions WHERE access_key_id > ?1"
              " UNION ALL SELECT id, wrapped_secret FROM custom_key_stores WHERE id > ?1"
              " UNION ALL SELECT serial_number, wrapped_secret FROM mfa_devices WHERE serial_number > ?1"
              " ORDER BY 1 LIMIT ?2");
  query.bind(id, limit);
  return rows(query, [](Query& row) {
    AccessKey key;
    key.id = row.text();
    key.wrapped_secret = row.blob();
    return key;
  });
}

Status SqliteTransaction::replace_wrapped_secret(const AccessKey& old_key, const Bytes& wrapped_secret) {
  COFFER_CHECK(allow_wrapped(Form::kSecret, wrapped_secret));
  // The id is in one of the four tables only.
  Query query(connection_, "UPDATE access_keys SET wrapped_secret = ? WHERE id = ? AND wrapped_secret = ?");
  COFFER_CHECK(query.bind(wrapped_secret, old_key.id, old_key.wrapped_secret).run());
  Query session(connection_,
                "UPDATE sessions SET wrapped_secret = ? WHERE access_key_id = ? AND wrapped_secret = ?");
  COFFER_CHECK(session.bind(wrapped_secret, old_key.id, old_key.wrapped_secret).run());
  Query store(connection_,
              "UPDATE custom_key_stores SET wrapped_secret = ? WHERE id = ? AND wrapped_secret = ?");
  COFFER_CHECK(store.bind(wrapped_secret, old_key.id, old_key.wrapped_secret).run());
  Query device(connection_,
               "UPDATE mfa_devices SET wrapped_secret = ? WHERE serial_number = ? AND wrapped_secret = ?");
  return device.bind(wrapped_secret, old_key.id, old_key.wrapped_secret).run();
}

Status SqliteTransaction::replace_wrapped_setting(const WrappedSetting& which, const Bytes& before,
                                                  const Bytes& wrapped) {
  COFFER_TRY(present, setting(which.name));
  if (!present || *present != base64(before)) return {};
  return set_wrapped_setting(which, wrapped);
}

Result<size_t> SqliteTransaction::count_wrapped() {
  return count(
      "SELECT (SELECT COUNT(*) FROM backing_keys WHERE length(token) > 0) + (SELECT COUNT(*) FROM"
      " keys_left_in_tokens) + (SELECT COUNT(*) FROM access_keys) + (SELECT COUNT(*) FROM sessions) + "
      "(SELECT COUNT(*) FROM custom_key_stores) + (SELECT COUNT(*) FROM mfa_devices)");
}

}  // namespace coffer::catalog
