// SPDX-License-Identifier: Apache-2.0
// `coffer snapshot list` and `coffer snapshot copy`.
#include <chrono>
#include <cstdlib>
#include <thread>

#include "base/ids.h"
#include "cli/commands.h"
#include "cli/ec2_client.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace coffer::cli {
namespace {

constexpr auto kBetweenLooks = std::chrono::milliseconds(250);

Result<Document> snapshot_of(const Served& served, const std::string& region, const std::string& id) {
  COFFER_TRY(answer, call_ec2_patiently(served, region, "DescribeSnapshots", {{"SnapshotId.1", id}}));
  const auto found = answer.items("snapshots");
  if (found.empty()) return fail(ErrorKind::kNotFound, "The snapshot '" + id + "' does not exist.");
  return found.front();
}

// Until the copy is completed or has failed, which is said.
int wait_for(const Served& served, const std::string& region, const std::string& id) {
  Progress progress("copying to " + id);
  while (true) {
    const auto snapshot = snapshot_of(served, region, id);
    if (!snapshot) return complain_about(snapshot.error());
    const std::string state = snapshot->text("state");
    progress.show(std::atoi(snapshot->text("progress").c_str()), state == "pending" ? "" : state);
    if (state != "pending") {
      progress.end();
      if (state == "completed") return kOk;
      complain(printable(id + ": " + snapshot->text("stateMessage")));
      return kFailed;
    }
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace

int snapshot_list(const Common& common, const std::string& region) {
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document all = Document::array();
  std::string next;
  do {
    Parameters parameters = {{"Owner.1", "self"}, {"MaxResults", "1000"}};
    if (!next.empty()) parameters.emplace_back("NextToken", next);
    const auto page = call_ec2(*served, region, "DescribeSnapshots", parameters);
    if (!page) return complain_about(page.error());
    for (const Document& snapshot : page->items("snapshots")) all.append(snapshot);
    next = page->text("nextToken");
  } while (!next.empty());
  if (common.json) {
    Document answer;
    answer.set("snapshots", all);
    print(answer.pretty());
    return kOk;
  }
  std::vector<std::vector<std::string>> rows = {
      {"SNAPSHOT", "VOLUME", "GIB", "STATE", "PROGRESS", "ENCRYPTED", "STARTED", "DESCRIPTION"}};
  for (const Document& each : all.items(""))
    rows.push_back({each.text("snapshotId"), each.text("volumeId"), each.text("volumeSize"),
                    each.text("state"), each.text("progress"), each.flag("encrypted") ? "yes" : "no",
                    each.text("startTime"), each.text("description")});
  print(table(rows));
  return kOk;
}

int snapshot_copy(const Common& common, const std::string& snapshot_id, const CopyOptions& options) {
  if (!is_resource_id(snapshot_id, "snap")) {
    complain("'" + snapshot_id + "' is no snapshot id (for example: snap-0123456789abcdef0)");
    return kUsage;
  }
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  const auto source_region = region_of(*served, snapshot_id);
  if (!source_region) return complain_about(source_region.error());
  const std::string to = options.to_region.empty() ? *source_region : options.to_region;
  Parameters parameters = {{"SourceRegion", *source_region}, {"SourceSnapshotId", snapshot_id}};
  if (!options.key.empty()) parameters.emplace_back("KmsKeyId", options.key);
  if (options.encrypted || !options.key.empty()) parameters.emplace_back("Encrypted", "true");
  if (!options.description.empty()) parameters.emplace_back("Description", options.description);
  const auto made = call_ec2(*served, to, "CopySnapshot", parameters);
  if (!made) return complain_about(made.error());
  const std::string copy = made->text("snapshotId");
  print(common.json ? made->pretty() : copy + "\n");
  return options.wait ? wait_for(*served, to, copy) : kOk;
}

}  // namespace coffer::cli
