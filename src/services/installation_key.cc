// SPDX-License-Identifier: Apache-2.0
#include "services/installation_key.h"

#include <optional>

#include "base/encoding.h"
#include "base/ids.h"
#include "services/installation.h"

namespace coffer::services {
namespace {

constexpr uint32_t kKeySize = 32;
const format::EncryptionContext kContext = {{"coffer:use", "block-tokens"}};
constexpr const char* kKeyId = "block_token_key_id";
constexpr const char* kBackingKey = catalog::kBlockTokenBackingKey.name;
constexpr const char* kWrappedKey = "block_token_key";

// A data key under a backing key that is no KMS key's: nothing but keyd opens it, and no API names it.
struct StoredKey {
  keyclient::WrappedBackingKey backing_key;
  Bytes wrapped_key;
};

keyclient::WrappedBackingKey backing_key(const Installation& installation, std::string key_id, Bytes token) {
  return {{installation.owner_account, "installation", std::move(key_id)}, 1, std::move(token)};
}

Result<std::optional<StoredKey>> stored_key(Installation& installation) {
  std::optional<std::string> key_id, token, wrapped;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    for (auto& [name, into] : {std::pair{kKeyId, &key_id}, {kBackingKey, &token}, {kWrappedKey, &wrapped}}) {
      COFFER_TRY(setting, transaction.setting(name));
      *into = std::move(setting);
    }
    return {};
  }));
  if (!key_id || !token || !wrapped) return std::optional<StoredKey>();
  auto token_bytes = from_base64(*token), wrapped_bytes = from_base64(*wrapped);
  if (!token_bytes || !wrapped_bytes)
    return fail(ErrorKind::kCorrupt, "catalog: the key of block tokens is unreadable");
  return StoredKey{backing_key(installation, *key_id, std::move(*token_bytes)), std::move(*wrapped_bytes)};
}

Result<StoredKey> make_key(Installation& installation) {
  StoredKey made;
  made.backing_key = backing_key(installation, make_uuid(installation.random), {});
  COFFER_TRY(token, installation.keyd.create_backing_key(made.backing_key.binding, 1));
  made.backing_key.token = std::move(token);
  COFFER_TRY(key, installation.keyd.generate_data_key(made.backing_key, kKeySize, kContext));
  made.wrapped_key = std::move(key.blob);
  COFFER_CHECK(installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.set_setting(kKeyId, made.backing_key.binding.key_id));
    COFFER_CHECK(transaction.set_wrapped_setting(catalog::kBlockTokenBackingKey, made.backing_key.token));
    return transaction.set_setting(kWrappedKey, base64(made.wrapped_key));
  }));
  return made;
}

}  // namespace

Result<std::shared_ptr<const secret::SecretBytes>> InstallationKey::get(Installation& installation) {
  const std::lock_guard lock(mutex_);
  if (key_) return key_;
  COFFER_TRY(stored, stored_key(installation));
  if (!stored) {
    COFFER_TRY(made, make_key(installation));
    stored = std::move(made);
  }
  COFFER_TRY(opened, installation.keyd.decrypt(stored->backing_key, stored->wrapped_key, kContext));
  key_ = std::make_shared<const secret::SecretBytes>(std::move(opened));
  return key_;
}

}  // namespace coffer::services
