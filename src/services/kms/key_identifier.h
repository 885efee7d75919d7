// SPDX-License-Identifier: Apache-2.0
// The names that callers give keys: an id, an alias, or the ARN of one. Pure, thread-safe. Source: AWS KMS
// Developer Guide, "Key identifiers (KeyId)".
#pragma once
#include <optional>
#include <string>

#include "base/result.h"
#include "services/arn.h"

namespace coffer::services::kms {

struct KeyIdentifier {
  enum class Kind {
    kKey,    // `name` is a key's id
    kAlias,  // `name` is "alias/..."
    kOther,  // there can be no such key
  };
  Kind kind = Kind::kOther;
  std::string name;
  std::optional<Arn> arn;  // nothing: of the caller's account and region
};

// InvalidArnException for what begins as an ARN and is none of KMS.
Result<KeyIdentifier> read_key_identifier(const std::string& text);

}  // namespace coffer::services::kms
