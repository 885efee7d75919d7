// SPDX-License-Identifier: Apache-2.0
// DescribeVolumes: by ids, or by pages with filters.
#include "services/ec2/ec2_service.h"
#include "services/ec2/filters.h"
#include "services/ec2/tag_specifications.h"
#include "services/ec2/volume_lookup.h"
#include "services/page_token.h"

namespace coffer::services::ec2 {
namespace {

constexpr size_t kLargestPage = 500;

tl::unexpected<Error> refuse(const char* code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), code);
}

std::string boolean(bool value) {
  return value ? "true" : "false";
}

// The values of one volume for a documented filter name.
std::optional<std::vector<std::string>> attachment_values(
    const std::optional<catalog::Attachment>& attachment, const std::string& name) {
  using Values = std::vector<std::string>;
  if (name != "attachment.attach-time" && name != "attachment.delete-on-termination" &&
      name != "attachment.device" && name != "attachment.instance-id" && name != "attachment.status")
    return std::nullopt;
  if (!attachment) return Values{};
  if (name == "attachment.attach-time") return Values{iso8601_millis(attachment->attached)};
  if (name == "attachment.delete-on-termination") return Values{boolean(attachment->delete_on_termination)};
  if (name == "attachment.device") return Values{attachment->device};
  if (name == "attachment.instance-id") return Values{attachment->instance_id};
  return Values{attachment->state};
}

std::optional<std::vector<std::string>> filter_values(const FoundVolume& found, const std::string& name) {
  using Values = std::vector<std::string>;
  const catalog::Volume& volume = found.volume;
  if (name == "volume-id") return Values{volume.id};
  if (name == "status") return Values{volume.state};
  if (name == "size") return Values{std::to_string(volume.size_gib)};
  if (name == "volume-type") return Values{volume.type};
  if (name == "encrypted") return Values{boolean(volume.encrypted)};
  if (name == "availability-zone") return Values{volume.availability_zone};
  if (name == "create-time") return Values{iso8601_millis(volume.created)};
  if (name == "snapshot-id") return Values{volume.snapshot_id};
  if (name == "multi-attach-enabled") return Values{boolean(volume.multi_attach)};
  if (name == "fast-restored") return Values{"false"};
  if (auto values = tag_filter_values(volume.tags, name)) return values;
  return attachment_values(found.attachment, name);
}

bool shown(const catalog::Volume& volume) {
  return volume.state != "deleted" || !volume.failure_code.empty();
}

struct Page {
  std::vector<FoundVolume> volumes;
  std::string next;  // empty at the end
};

// One page of the volumes that pass. Rows that filters leave out do not count against the page.
Result<Page> read_page(Call& call, const api::DescribeVolumesRequest& request, std::string after,
                       size_t limit) {
  Page page;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    while (true) {
      COFFER_TRY(rows, transaction.volumes(call.account, call.region, after, kLargestPage));
      for (auto& row : rows) {
        after = row.id;
        if (!shown(row)) continue;
        FoundVolume found{std::move(row), std::nullopt};
        COFFER_TRY(attachment, transaction.attachment(found.volume.id));
        found.attachment = std::move(attachment);
        COFFER_TRY(wanted, passes(request.filters,
                                  [&](const std::string& name) { return filter_values(found, name); }));
        if (!wanted) continue;
        if (page.volumes.size() == limit) {
          page.next = page.volumes.back().volume.id;
          return {};
        }
        page.volumes.push_back(std::move(found));
      }
      if (rows.size() < kLargestPage) return {};
    }
  }));
  return page;
}

// With no volume at hand, filters must still be checked for unknown names.
Status check_filter_names(const api::DescribeVolumesRequest& request) {
  return passes(request.filters, [](const std::string& name) { return filter_values({}, name); })
      .map([](bool) {});
}

}  // namespace

Result<api::DescribeVolumesResult> Ec2Service::describe_volumes(Call& call,
                                                                const api::DescribeVolumesRequest& request) {
  const bool by_id = request.volume_ids && !request.volume_ids->empty();
  if (by_id && request.max_results)
    return refuse("InvalidParameterCombination",
                  "The parameter volumeSet cannot be used with the parameter maxResults");
  COFFER_CHECK(check_max_results(request.max_results, 1000));
  COFFER_CHECK(check_filter_names(request));

  api::DescribeVolumesResult response;
  response.volumes.emplace();
  if (by_id) {
    for (const auto& id : *request.volume_ids) {
      COFFER_TRY(found, find_volume(call, id));
      COFFER_TRY(wanted, passes(request.filters,
                                [&](const std::string& name) { return filter_values(found, name); }));
      if (wanted) response.volumes->push_back(to_api(found));
    }
    return response;
  }
  COFFER_TRY(after, next_token_position("DescribeVolumes", request.next_token));
  const size_t limit = request.max_results ? static_cast<size_t>(*request.max_results) : SIZE_MAX;
  COFFER_TRY(page, read_page(call, request, after, limit));
  for (const auto& found : page.volumes) response.volumes->push_back(to_api(found));
  if (!page.next.empty()) response.next_token = make_page_token("DescribeVolumes", page.next);
  return response;
}

}  // namespace coffer::services::ec2
