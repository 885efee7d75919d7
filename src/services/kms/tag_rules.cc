// SPDX-License-Identifier: Apache-2.0
#include "services/kms/tag_rules.h"

#include <algorithm>
#include <set>

#include "services/request_tags.h"

namespace coffer::services::kms {
namespace {

using Tag = std::pair<std::string, std::string>;

tl::unexpected<Error> refuse(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "TagException");
}

}  // namespace

Result<Tags> checked_tags(const std::optional<std::vector<coffer::kms::Tag>>& requested) {
  Tags tags;
  if (!requested) return tags;
  if (requested->size() > kMostTags) return refuse("Too many tags");
  std::set<std::string> names;
  for (const auto& tag : *requested) {
    if (!names.insert(tag.tag_key).second) return refuse("Duplicate tag keys");
    if (tag.tag_key.starts_with("aws:"))
      return refuse("aws: prefixed tag key names are not allowed for external use.");
    tags.emplace_back(tag.tag_key, tag.tag_value);
  }
  return tags;
}

void add_tag_conditions(const Tags& tags, policy::Context& condition) {
  for (const auto& [name, value] : tags) add_request_tag(name, value, condition);
}

Result<Tags> joined_tags(Tags present, const Tags& added) {
  for (const auto& tag : added) {
    const auto same = std::ranges::find(present, tag.first, &Tag::first);
    if (same == present.end())
      present.push_back(tag);
    else
      same->second = tag.second;
  }
  if (present.size() > kMostTags) return refuse("Too many tags");
  return present;
}

}  // namespace coffer::services::kms
