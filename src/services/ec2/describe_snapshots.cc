// SPDX-License-Identifier: Apache-2.0
// DescribeSnapshots: by ids, or by pages with filters. Snapshots are not shared, so that an account sees its
// own.
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.h"
#include "services/ec2/ec2_service.h"
#include "services/ec2/filters.h"
#include "services/ec2/snapshot_lookup.h"
#include "services/ec2/tag_specifications.h"
#include "services/page_token.h"

namespace coffer::services::ec2 {
namespace {

constexpr size_t kLargestPage = 1000;

tl::unexpected<Error> refuse(const char* code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), code);
}

std::optional<std::vector<std::string>> filter_values(const catalog::Snapshot& snapshot,
                                                      const std::string& name) {
  using Values = std::vector<std::string>;
  if (name == "description") return Values{snapshot.description};
  if (name == "encrypted") return Values{snapshot.encrypted ? "true" : "false"};
  if (name == "owner-alias") return Values{};
  if (name == "owner-id") return Values{snapshot.account};
  if (name == "progress") return Values{progress_text(snapshot)};
  if (name == "snapshot-id") return Values{snapshot.id};
  if (name == "start-time") return Values{iso8601_millis(snapshot.started)};
  if (name == "status") return Values{snapshot.state};
  if (name == "storage-tier") return Values{"standard"};
  if (name == "transfer-type") return Values{snapshot.source_snapshot_id.empty() ? "" : "standard"};
  if (name == "volume-id") return Values{snapshot.volume_id};
  if (name == "volume-size") return Values{std::to_string(snapshot.volume_size_gib)};
  return tag_filter_values(snapshot.tags, name);
}

Result<bool> is_wanted(const api::DescribeSnapshotsRequest& request, const catalog::Snapshot& snapshot) {
  return passes(request.filters, [&](const std::string& name) { return filter_values(snapshot, name); });
}

// Does the list of owners, or of those who may use them, name the caller?
Result<bool> names_caller(const Call& call, const std::optional<std::vector<std::string>>& names,
                          const char* parameter) {
  if (!names || names->empty()) return true;
  bool named = false;
  for (const auto& name : *names) {
    if (name != "self" && name != "amazon" && name != "all" && !is_account_id(name))
      return refuse("InvalidParameterValue",
                    fmt::format("Value ({}) for parameter {} is invalid.", name, parameter));
    named = named || name == "self" || name == call.account;
  }
  return named;
}

struct Page {
  std::vector<catalog::Snapshot> snapshots;
  std::string next;  // empty at the end
};
Result<Page> read_page(Call& call, const api::DescribeSnapshotsRequest& request, std::string after,
                       size_t limit) {
  Page page;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    while (true) {
      COFFER_TRY(rows, transaction.snapshots(call.account, call.region, after, kLargestPage));
      for (auto& row : rows) {
        after = row.id;
        if (!is_visible(row)) continue;
        COFFER_TRY(wanted, is_wanted(request, row));
        if (!wanted) continue;
        if (page.snapshots.size() == limit) {
          page.next = page.snapshots.back().id;
          return {};
        }
        page.snapshots.push_back(std::move(row));
      }
      if (rows.size() < kLargestPage) return {};
    }
  }));
  return page;
}

Status check(const api::DescribeSnapshotsRequest& request) {
  const bool by_id = request.snapshot_ids && !request.snapshot_ids->empty();
  if (by_id && request.max_results)
    return refuse("InvalidParameterCombination",
                  "The parameter snapshotSet cannot be used with the parameter maxResults");
  COFFER_CHECK(check_max_results(request.max_results, 1000));
  // With no snapshot at hand, filters must still be checked for unknown names.
  return is_wanted(request, {}).map([](bool) {});
}

}  // namespace

Result<api::DescribeSnapshotsResult> Ec2Service::describe_snapshots(
    Call& call, const api::DescribeSnapshotsRequest& request) {
  COFFER_CHECK(check(request));
  COFFER_TRY(owned, names_caller(call, request.owner_ids, "owner"));
  COFFER_TRY(restorable, names_caller(call, request.restorable_by_user_ids, "restorableBy"));
  api::DescribeSnapshotsResult response;
  response.snapshots.emplace();
  if (request.snapshot_ids && !request.snapshot_ids->empty()) {
    for (const auto& id : *request.snapshot_ids) {
      COFFER_TRY(found, find_snapshot(call, id));
      COFFER_TRY(wanted, is_wanted(request, found));
      if (wanted && owned && restorable) response.snapshots->push_back(to_api(found));
    }
    return response;
  }
  if (!owned || !restorable) return response;
  COFFER_TRY(after, next_token_position("DescribeSnapshots", request.next_token));
  const size_t limit = request.max_results ? static_cast<size_t>(*request.max_results) : SIZE_MAX;
  COFFER_TRY(page, read_page(call, request, after, limit));
  for (const auto& found : page.snapshots) response.snapshots->push_back(to_api(found));
  if (!page.next.empty()) response.next_token = make_page_token("DescribeSnapshots", page.next);
  return response;
}

}  // namespace coffer::services::ec2
