// SPDX-License-Identifier: Apache-2.0
// Tags as requests give them. Source: Amazon EC2 API Reference, "Tag", "TagSpecification".
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "generated/ec2/model.h"

namespace coffer::services::ec2 {

using Tags = std::vector<std::pair<std::string, std::string>>;
inline constexpr size_t kMostTags = 50;  // of one resource

// Checks names and values; InvalidParameterValue otherwise.
Result<Tags> read_tags(const std::vector<coffer::ec2::Tag>& tags);
// The tags for a resource of that type ("volume"); no other type may be named.
Result<Tags> read_tag_specifications(
    const std::optional<std::vector<coffer::ec2::TagSpecification>>& specifications,
    const std::string& resource_type);
tl::unexpected<Error> too_many_tags();

// As answers show them; nothing where there are none.
std::optional<std::vector<coffer::ec2::Tag>> to_api(const Tags& tags);

// The values that the filters tag-key and tag:NAME compare; nothing for any other filter.
std::optional<std::vector<std::string>> tag_filter_values(const Tags& tags, const std::string& filter);

}  // namespace coffer::services::ec2
