// SPDX-License-Identifier: Apache-2.0
// What CreateKey, DescribeKey and ReplicateKey tell about a key. Source: KMS API Reference, KeyMetadata.
#pragma once
#include "generated/kms/model.h"
#include "services/kms/key_directory.h"

namespace coffer::services::kms {

// `copies` are the keys of the same multi-Region key, itself among them; else it is not looked at.
coffer::kms::KeyMetadata metadata_of(const FoundKey& found, const std::vector<catalog::Key>& copies);

// What its place in a custom key store adds.
void add_key_store(const catalog::Key& key, const catalog::CustomKeyStore& store,
                   coffer::kms::KeyMetadata& metadata);
Status add_key_store(catalog::Catalog& catalog, const catalog::Key& key, coffer::kms::KeyMetadata& metadata);

// What the key's imported material adds: its id, and until when it is good.
Status add_imported_material(catalog::Catalog& catalog, const catalog::Key& key,
                             coffer::kms::KeyMetadata& metadata);

}  // namespace coffer::services::kms
