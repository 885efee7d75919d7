// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_conditions.h"

namespace coffer::services::kms {

policy::Context key_conditions(const FoundKey& found, const std::vector<std::string>& aliases,
                               const std::string& caller_account, const std::string& via_service,
                               const KeyRequest& said) {
  const catalog::Key& key = found.key;
  policy::Context context = said.condition;
  if (!said.encryption_algorithm.empty()) context.set("kms:EncryptionAlgorithm", said.encryption_algorithm);
  context.set("kms:CallerAccount", caller_account);
  context.set("kms:KeySpec", key.spec);
  context.set("kms:KeyUsage", key.usage);
  context.set("kms:KeyOrigin", key.origin);
  context.set("kms:MultiRegion", std::string(key.multi_region ? "true" : "false"));
  if (key.multi_region)
    context.set("kms:MultiRegionKeyType",
                std::string(key.region == key.primary_region ? "PRIMARY" : "REPLICA"));
  // Names of tags and of an encryption context that differ in case alone are one condition key.
  for (const auto& [name, value] : key.tags) context.add("aws:ResourceTag/" + name, value);
  if (!via_service.empty()) context.set("kms:ViaService", via_service);
  if (!found.alias.empty()) context.set("kms:RequestAlias", found.alias);
  if (!aliases.empty()) context.set("kms:ResourceAliases", aliases);
  for (const auto& [name, value] : said.encryption_context) {
    context.add("kms:EncryptionContext:" + name, value);
    context.add("kms:EncryptionContextKeys", name);
  }
  return context;
}

}  // namespace coffer::services::kms
