// SPDX-License-Identifier: Apache-2.0
// What tags a KMS key may have: TagException, in AWS's words. Source: AWS KMS Developer Guide, "Tags in AWS
// KMS" and "Resource quotas". Pure.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "generated/kms/model.h"
#include "policy/context.h"

namespace coffer::services::kms {

using Tags = std::vector<std::pair<std::string, std::string>>;
inline constexpr size_t kMostTags = 50;

// Those of a request, which may not name one twice nor begin with "aws:".
Result<Tags> checked_tags(const std::optional<std::vector<coffer::kms::Tag>>& requested);

// What policies may ask of tags in a request: aws:TagKeys, aws:RequestTag/NAME.
void add_tag_conditions(const Tags& tags, policy::Context& condition);

// `present` with `added`, each in the place of the one that it edits.
Result<Tags> joined_tags(Tags present, const Tags& added);

}  // namespace coffer::services::kms
