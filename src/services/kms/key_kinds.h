// SPDX-License-Identifier: Apache-2.0
// Which kinds of keys CreateKey makes, and how answers describe what a key can do.
// Source: AWS KMS API Reference, CreateKey, KeyMetadata; Developer Guide, "Key spec reference".
#pragma once
#include <string>
#include <vector>

#include "format/key_kinds.h"
#include "services/kms/kms_service.h"

namespace coffer::services::kms {

struct KeyKind {
  format::KeySpec spec = format::KeySpec::kSymmetricDefault;
  std::string usage;
};
// ValidationException or UnsupportedOperationException in AWS's words.
Result<KeyKind> checked_kind(const api::CreateKeyRequest& request);

// The spec of a stored key.
format::KeySpec spec_of(const catalog::Key& key);

// Of a stored key with that usage; empty for others.
std::vector<std::string> encryption_algorithm_names(const catalog::Key& key);
std::vector<std::string> signing_algorithm_names(const catalog::Key& key);
std::vector<std::string> mac_algorithm_names(const catalog::Key& key);
std::vector<std::string> key_agreement_algorithm_names(const catalog::Key& key);

// Sets the lists of algorithms that a key with its usage has, in KeyMetadata and GetPublicKeyResponse.
template <class Answer>
void describe_algorithms(const catalog::Key& key, Answer& answer) {
  const auto set = [](auto& member, std::vector<std::string> names) {
    if (!names.empty()) member = std::move(names);
  };
  set(answer.encryption_algorithms, encryption_algorithm_names(key));
  set(answer.signing_algorithms, signing_algorithm_names(key));
  set(answer.key_agreement_algorithms, key_agreement_algorithm_names(key));
}

}  // namespace coffer::services::kms
