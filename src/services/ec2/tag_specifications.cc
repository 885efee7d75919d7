// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/tag_specifications.h"

#include <fmt/format.h>

#include <set>

#include "wire/utf8.h"

namespace coffer::services::ec2 {
namespace {

constexpr size_t kLongestTagKey = 127;
constexpr size_t kLongestTagValue = 256;

tl::unexpected<Error> refuse(const char* code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), code);
}

Status check_tag(const std::string& name, const std::string& value) {
  if (name.empty() || wire::utf16_length(name) > kLongestTagKey)
    return refuse("InvalidParameterValue", fmt::format("Tag key '{}' is invalid.", name));
  if (name.starts_with("aws:"))
    return refuse("InvalidParameterValue",
                  fmt::format("Value ( {} ) for parameter key is invalid. Tag keys starting with 'aws:' "
                              "are reserved for internal use",
                              name));
  if (wire::utf16_length(value) > kLongestTagValue)
    return refuse("InvalidParameterValue",
                  fmt::format("Tag value exceeds the maximum length of {} characters", kLongestTagValue));
  return {};
}

}  // namespace

tl::unexpected<Error> too_many_tags() {
  return refuse("TagLimitExceeded",
                fmt::format("The maximum number of tags for a resource is {}.", kMostTags));
}

Result<Tags> read_tags(const std::vector<coffer::ec2::Tag>& given) {
  Tags tags;
  std::set<std::string> names;
  for (const auto& tag : given) {
    const std::string name = tag.key.value_or(""), value = tag.value.value_or("");
    COFFER_CHECK(check_tag(name, value));
    if (!names.insert(name).second)
      return refuse("InvalidParameterValue", fmt::format("Duplicate tag key '{}' specified.", name));
    tags.emplace_back(name, value);
  }
  if (tags.size() > kMostTags) return too_many_tags();
  return tags;
}

Result<Tags> read_tag_specifications(
    const std::optional<std::vector<coffer::ec2::TagSpecification>>& specifications,
    const std::string& resource_type) {
  std::vector<coffer::ec2::Tag> given;
  if (specifications)
    for (const auto& specification : *specifications) {
      const std::string type = specification.resource_type.value_or("");
      if (type != resource_type)
        return refuse("InvalidParameterValue",
                      fmt::format("'{}' is not a valid taggable resource type for this operation.", type));
      if (specification.tags)
        given.insert(given.end(), specification.tags->begin(), specification.tags->end());
    }
  return read_tags(given);
}

std::optional<std::vector<coffer::ec2::Tag>> to_api(const Tags& tags) {
  if (tags.empty()) return std::nullopt;
  std::vector<coffer::ec2::Tag> shown;
  for (const auto& [name, value] : tags) {
    coffer::ec2::Tag tag;
    tag.key = name;
    tag.value = value;
    shown.push_back(std::move(tag));
  }
  return shown;
}

std::optional<std::vector<std::string>> tag_filter_values(const Tags& tags, const std::string& filter) {
  if (filter != "tag-key" && !filter.starts_with("tag:")) return std::nullopt;
  std::vector<std::string> values;
  for (const auto& [name, value] : tags) {
    if (filter == "tag-key") values.push_back(name);
    if (filter.starts_with("tag:") && name == filter.substr(4)) values.push_back(value);
  }
  return values;
}

}  // namespace coffer::services::ec2
