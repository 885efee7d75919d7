// SPDX-License-Identifier: Apache-2.0
// DescribeTags: the tags of snapshots and volumes, by pages with filters.
#include <algorithm>

#include "services/ec2/ec2_service.h"
#include "services/ec2/filters.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/tag_specifications.h"
#include "services/page_token.h"

namespace coffer::services::ec2 {
namespace {

constexpr size_t kLargestPage = 1000;

std::optional<std::vector<std::string>> filter_values(const api::TagDescription& tag,
                                                      const std::string& name) {
  using Values = std::vector<std::string>;
  if (name == "key") return Values{tag.key.value_or("")};
  if (name == "value") return Values{tag.value.value_or("")};
  if (name == "resource-id") return Values{tag.resource_id.value_or("")};
  if (name == "resource-type") return Values{tag.resource_type.value_or("")};
  if (name.starts_with("tag:"))
    return name.substr(4) == tag.key.value_or("") ? Values{tag.value.value_or("")} : Values{};
  return std::nullopt;
}

struct Tagged {
  std::string id, type;
  Tags tags;
};

// Up to kLargestPage of the caller's resources after that id, in the order of their ids: "snap-…" is before
// "vol-…".
Result<std::vector<Tagged>> read_resources(Call& call, catalog::Transaction& transaction,
                                           const std::string& after) {
  std::vector<Tagged> found;
  COFFER_TRY(snapshots, transaction.snapshots(call.account, call.region, after, kLargestPage));
  for (auto& row : snapshots)
    found.push_back({row.id, "snapshot", is_visible(row) ? std::move(row.tags) : Tags()});
  if (found.size() == kLargestPage) return found;
  COFFER_TRY(volumes, transaction.volumes(call.account, call.region, after, kLargestPage - found.size()));
  for (auto& row : volumes)
    found.push_back({row.id, "volume", row.state == "deleted" ? Tags() : std::move(row.tags)});
  return found;
}

// All tags of one resource that pass the filters.
Result<std::vector<api::TagDescription>> wanted_tags(const Tagged& resource,
                                                     const api::DescribeTagsRequest& request) {
  std::vector<api::TagDescription> wanted;
  for (const auto& [key, value] : resource.tags) {
    api::TagDescription tag;
    tag.key = key;
    tag.value = value;
    tag.resource_id = resource.id;
    tag.resource_type = resource.type;
    COFFER_TRY(passed,
               passes(request.filters, [&](const std::string& name) { return filter_values(tag, name); }));
    if (passed) wanted.push_back(std::move(tag));
  }
  return wanted;
}

}  // namespace

Result<api::DescribeTagsResult> Ec2Service::describe_tags(Call& call,
                                                          const api::DescribeTagsRequest& request) {
  COFFER_CHECK(check_max_results(request.max_results, 1000));
  COFFER_CHECK(passes(request.filters, [](const std::string& name) {
                 return filter_values({}, name);
               }).map([](bool) {}));
  COFFER_TRY(after, next_token_position("DescribeTags", request.next_token));
  const auto limit = static_cast<size_t>(request.max_results.value_or(static_cast<int32_t>(kLargestPage)));

  api::DescribeTagsResult response;
  response.tags.emplace();
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    while (true) {
      COFFER_TRY(resources, read_resources(call, transaction, after));
      for (const auto& resource : resources) {
        COFFER_TRY(tags, wanted_tags(resource, request));
        // A page ends between resources, so that its token is an id; one resource has at most 50 tags.
        if (!response.tags->empty() && !tags.empty() && response.tags->size() + tags.size() > limit) {
          response.next_token = make_page_token("DescribeTags", after);
          return {};
        }
        std::move(tags.begin(), tags.end(), std::back_inserter(*response.tags));
        after = resource.id;
      }
      if (resources.size() < kLargestPage) return {};
    }
  }));
  return response;
}

}  // namespace coffer::services::ec2
