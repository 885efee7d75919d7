// SPDX-License-Identifier: Apache-2.0
#include "services/kms/wrapped_items.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "crypto/mac.h"

namespace coffer::services::kms {
namespace {

using catalog::AccessKey;
using catalog::BackingKey;
using catalog::Transaction;
using catalog::WrappedSetting;

constexpr size_t kRowsAtOnce = 256;
constexpr size_t kBytesAtOnce = 48 << 10;  // a token is a hundred bytes, or a few thousand

constexpr const char* kAuthorityCertificate = "ca_certificate";

class Pass {
 public:
  Pass(Installation& installation, const std::function<bool(size_t)>& progress)
      : installation_(installation), progress_(progress) {}

  Result<RewrapCount> run() {
    COFFER_CHECK(settings());
    COFFER_CHECK(backing_keys());
    COFFER_CHECK(access_keys());
    return std::move(count_);
  }

 private:
  // As many of `rows` from `first` on as one request takes.
  template <class Row, class Size>
  static size_t batch_end(const std::vector<Row>& rows, size_t first, Size size) {
    size_t bytes = 0, end = first;
    while (end < rows.size() && (end == first || bytes + size(rows[end]) <= kBytesAtOnce))
      bytes += size(rows[end++]);
    return end;
  }

  Status reached(size_t rows) {
    count_.seen += rows;
    if (progress_(count_.seen)) return {};
    return fail(ErrorKind::kUnavailable, "stopping");
  }

  // Whether `fresh` is to be stored in place of `before`.
  bool differs(const Bytes& before, const Bytes& fresh, const std::string& name) {
    if (fresh.empty()) count_.refused = name;
    const bool changed = !fresh.empty() && fresh != before;
    count_.replaced += changed ? 1 : 0;
    return changed;
  }

  Status backing_keys() {
    BackingKey after;
    after.version = 0;
    while (true) {
      std::vector<BackingKey> rows;
      COFFER_CHECK(installation_.catalog.read([&](Transaction& transaction) -> Status {
        COFFER_TRY(found, transaction.backing_keys_after(after, kRowsAtOnce));
        rows = std::move(found);
        return {};
      }));
      if (rows.empty()) return {};
      for (size_t first = 0; first < rows.size();) {
        const size_t end = batch_end(rows, first, [](const BackingKey& row) { return row.token.size() + 4; });
        COFFER_CHECK(rewrap_tokens({rows.data() + first, end - first}));
        COFFER_CHECK(reached(end - first));
        first = end;
      }
      after = std::move(rows.back());
    }
  }

  Status rewrap_tokens(std::span<const BackingKey> rows) {
    std::vector<Bytes> tokens;
    for (const BackingKey& row : rows) tokens.push_back(row.token);
    COFFER_TRY(fresh, installation_.keyd.rewrap_tokens(std::move(tokens)));
    std::vector<size_t> changed;
    for (size_t i = 0; i < rows.size(); ++i)
      if (differs(rows[i].token, fresh[i],
                  fmt::format("version {} of key {}", rows[i].version, rows[i].key_id)))
        changed.push_back(i);
    if (changed.empty()) return {};
    return installation_.catalog.write([&](Transaction& transaction) -> Status {
      for (const size_t i : changed) COFFER_CHECK(transaction.replace_token(rows[i], fresh[i]));
      return {};
    });
  }

  Status access_keys() {
    std::string after;
    while (true) {
      std::vector<AccessKey> rows;
      COFFER_CHECK(installation_.catalog.read([&](Transaction& transaction) -> Status {
        COFFER_TRY(found, transaction.access_keys_after(after, kRowsAtOnce));
        rows = std::move(found);
        return {};
      }));
      if (rows.empty()) return {};
      COFFER_CHECK(rewrap_secrets(rows));
      COFFER_CHECK(reached(rows.size()));
      after = rows.back().id;
    }
  }

  Status rewrap_secrets(const std::vector<AccessKey>& rows) {
    std::vector<keyclient::NamedSecret> secrets;
    for (const AccessKey& row : rows) secrets.push_back({row.id, row.wrapped_secret});
    COFFER_TRY(fresh, installation_.keyd.rewrap_secrets(std::move(secrets)));
    std::vector<size_t> changed;
    for (size_t i = 0; i < rows.size(); ++i)
      if (differs(rows[i].wrapped_secret, fresh[i], "access key " + rows[i].id)) changed.push_back(i);
    if (changed.empty()) return {};
    return installation_.catalog.write([&](Transaction& transaction) -> Status {
      for (const size_t i : changed) COFFER_CHECK(transaction.replace_wrapped_secret(rows[i], fresh[i]));
      return {};
    });
  }

  Result<std::optional<Bytes>> setting(const std::string& name) {
    std::optional<std::string> value;
    COFFER_CHECK(installation_.catalog.read([&](Transaction& transaction) -> Status {
      COFFER_TRY(found, transaction.setting(name));
      value = std::move(found);
      return {};
    }));
    if (!value) return std::optional<Bytes>();
    auto bytes = from_base64(*value);
    if (!bytes) return fail(ErrorKind::kCorrupt, "catalog: the setting " + name + " is unreadable");
    return std::optional(std::move(*bytes));
  }

  Status store(const WrappedSetting& setting, const Bytes& before, const Bytes& fresh) {
    if (!differs(before, fresh, std::string("the setting ") + setting.name)) return {};
    return installation_.catalog.write([&](Transaction& transaction) {
      return transaction.replace_wrapped_setting(setting, before, fresh);
    });
  }

  Status settings() {
    COFFER_TRY(token, setting(catalog::kBlockTokenBackingKey.name));
    if (token) {
      COFFER_TRY(fresh, installation_.keyd.rewrap_tokens({*token}));
      COFFER_CHECK(store(catalog::kBlockTokenBackingKey, *token, fresh.front()));
    }
    COFFER_TRY(key, setting(catalog::kAuthorityPrivateKey.name));
    COFFER_TRY(certificate, setting(kAuthorityCertificate));
    if (!key || !certificate) return {};
    COFFER_TRY(fresh, installation_.keyd.rewrap_secrets({{hex(crypto::sha256(*certificate)), *key}}));
    return store(catalog::kAuthorityPrivateKey, *key, fresh.front());
  }

  Installation& installation_;
  const std::function<bool(size_t)>& progress_;
  RewrapCount count_;
};

}  // namespace

Result<RewrapCount> rewrap_all(Installation& installation, const std::function<bool(size_t)>& progress) {
  return Pass(installation, progress).run();
}

}  // namespace coffer::services::kms
