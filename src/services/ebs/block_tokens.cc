// SPDX-License-Identifier: Apache-2.0
#include "services/ebs/block_tokens.h"

#include "base/encoding.h"
#include "base/ids.h"
#include "crypto/mac.h"
#include "format/block_token.h"
#include "services/ebs/ebs_error.h"

namespace coffer::services::ebs {
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

crypto::Sha256 mac_of(const secret::SecretBytes& key, const format::BlockToken& token,
                      const format::BlockTokenBinding& binding) {
  return crypto::hmac_sha256(key, format::authenticated_data(token, binding));
}

}  // namespace

std::string BlockTokens::Batch::token_of(uint32_t block) const {
  format::BlockToken token;
  token.expiry_seconds = static_cast<uint64_t>(expiry.microseconds / 1'000'000);
  token.block = block;
  token.mac = mac_of(*key, token, {account, region, snapshot_id});
  return format::encode(token);
}

Result<BlockTokens::Batch> BlockTokens::batch(const Call& call, const std::string& snapshot_id) {
  COFFER_TRY(secret, key());
  const int64_t now = call.time.microseconds / 1'000'000;
  return Batch{call.account, call.region, snapshot_id, Timestamp{(now + kLifetimeSeconds) * 1'000'000},
               std::move(secret)};
}

Status BlockTokens::check(const Call& call, const std::string& snapshot_id, uint32_t block,
                          const std::string& text) {
  COFFER_TRY(secret, key());
  const auto token = format::parse_block_token(text);
  const bool genuine =
      token && crypto::equal_constant_time(mac_of(*secret, *token, {call.account, call.region, snapshot_id}),
                                           token->mac);
  if (!genuine || token->block != block)
    return invalid("INVALID_BLOCK_TOKEN", "The block token is not valid for this block of this snapshot.");
  if (static_cast<uint64_t>(call.time.microseconds / 1'000'000) >= token->expiry_seconds)
    return invalid("INVALID_BLOCK_TOKEN", "The block token has expired. List the snapshot's blocks again.");
  return {};
}

Result<std::shared_ptr<const secret::SecretBytes>> BlockTokens::key() {
  const std::lock_guard lock(mutex_);
  if (!key_) {
    COFFER_TRY(stored, stored_key(installation_));
    if (!stored) {
      COFFER_TRY(made, make_key(installation_));
      stored = std::move(made);
    }
    COFFER_TRY(opened, installation_.keyd.decrypt(stored->backing_key, stored->wrapped_key, kContext));
    key_ = std::make_shared<const secret::SecretBytes>(std::move(opened));
  }
  return key_;
}

}  // namespace coffer::services::ebs
