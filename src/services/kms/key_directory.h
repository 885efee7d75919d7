// SPDX-License-Identifier: Apache-2.0
// Finding KMS keys by any name that AWS takes, and the AWS managed keys. Shared by the kms handlers and by
// the services that use keys on a caller's behalf. Source: AWS KMS Developer Guide, "Key identifiers
// (KeyId)".
#pragma once
#include <string>

#include "keyclient/keyd_client.h"
#include "services/arn.h"
#include "services/call.h"
#include "services/kms/stored_keys.h"

namespace coffer::services::kms {

// A key as found, with the ARN that names it in answers and errors.
struct FoundKey {
  catalog::Key key;
  std::string arn;
  std::string alias = {};  // "alias/x" if it was asked for by that name (kms:RequestAlias)
  std::shared_ptr<const StoredKey> stored = {};  // where it was found; null for one made of its row
  bool enabled() const { return key.state == "Enabled" && !key.store_is_disconnected; }
};

// The key under its own ARN.
FoundKey with_arn(catalog::Key key);
// The same of one that is stored, as it is by now.
FoundKey found_in(std::shared_ptr<const StoredKey> stored, Timestamp now);

// The caller's alias of that name ("alias/x"), if there is one.
Result<std::optional<catalog::Alias>> find_alias(Call& call, const std::string& name);

// The key that an alias ("alias/x") of an account stands for; empty when there is no such alias.
Result<std::string> key_id_of_alias(Installation& installation, const std::string& account,
                                    const std::string& region, const std::string& name);
// The key, or the alias's key, that an ARN names, as it is by `now`; nothing when there is none.
Result<std::optional<FoundKey>> key_named(Installation& installation, const Arn& arn, Timestamp now);

// A key of whatever account and region; whoever asks has to authorise its use. Of the keys of a multi-Region
// key, which have one id and the same backing keys, the one in `region` if there is one.
Result<catalog::Key> any_key(Installation& installation, const std::string& key_id,
                             const std::string& region = {});
// The same by its ARN, as rows have it.
Result<FoundKey> any_key_by_arn(Installation& installation, const std::string& arn);

// As it is kept in memory; null when there is none.
Result<std::shared_ptr<const StoredKey>> find_stored(Installation& installation, const std::string& region,
                                                     const std::string& key_id);
Result<std::shared_ptr<const StoredKey>> stored_of(Installation& installation, const FoundKey& found);

enum class AliasUse { kAllowed, kRefused };

// Finds a key by id, key ARN, alias name or alias ARN (the last two only where `aliases` allows).
// NotFoundException in AWS's words otherwise. That of an AWS managed key makes it for who may do `action`.
// An ARN may name another account's key where AWS has `action` ("kms:Encrypt") cross accounts; the caller
// authorises its use (key_access.h). Else, and where there is no such key, AccessDeniedException.
Result<FoundKey> find_key(Call& call, const std::string& action, const std::string& key_identifier,
                          AliasUse aliases);

// The key's state as everybody sees it: Unavailable while its custom key store is not connected, unless it is
// about to be deleted.
const std::string& current_state(const catalog::Key& key);
// May `operation` ("DisableKey") be done with the key in its state? DisabledException,
// KMSInvalidStateException (key_states.h). Every handler asks after authorise_key.
Status check_key_state(const FoundKey& found, std::string_view operation);
// The same for any cryptographic operation.
Status require_usable(const FoundKey& found);

// The AWS managed key for EBS, made with its alias "alias/aws/ebs" for who may use it.
Result<FoundKey> aws_managed_ebs_key(Call& call);

// One version of the key's material as it is stored; version 0 means the current one. kRefusedCiphertext if
// there is none.
Result<StoredMaterial> stored_material(Installation& installation, const FoundKey& found,
                                       uint32_t version = 0);
// The same as keyd takes it.
keyclient::WrappedBackingKey wrapped(const catalog::Key& key, const catalog::BackingKey& stored);
Result<keyclient::WrappedBackingKey> backing_key(Installation& installation, const catalog::Key& key,
                                                 uint32_t version = 0);

// AWS's KeyMaterialId of a stored version: that of imported material tells the material, that of any other
// its version. Empty for keys that are not symmetric, or in a custom key store, which have none.
std::string material_id_of(const catalog::Key& key, const catalog::BackingKey& stored);
// KeyMaterialId: names one version of a key's material; the same in all regions of a multi-Region key.
std::string key_material_id(const std::string& key_id, uint32_t version);

// The key policy that CreateKey gives when the request names none.
std::string default_key_policy(const std::string& account);

}  // namespace coffer::services::kms
