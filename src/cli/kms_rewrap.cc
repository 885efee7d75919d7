// SPDX-License-Identifier: Apache-2.0
// `coffer kms rewrap` and `coffer kms dependents`.
#include <fmt/format.h>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/key_name.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace coffer::cli {
namespace {

struct Totals {
  int64_t rewrapped = 0, current = 0;
  std::vector<Document> failed;
};

// One call after the other: what is done stays done, whenever this ends.
Result<Totals> rewrap_all(const Served& served, const std::string& key) {
  Totals totals;
  Progress progress("re-wrapping data keys");
  std::string after;
  while (true) {
    Document request;
    request.set("command", "kms-rewrap");
    request.set("key", key);
    request.set("after", after);
    COFFER_TRY(batch, ask(served, request));
    totals.rewrapped += batch.number("rewrapped");
    totals.current += batch.number("current");
    for (const Document& one : batch.items("failed")) totals.failed.push_back(one);
    after = batch.text("after");
    const int64_t done = totals.rewrapped + totals.current + static_cast<int64_t>(totals.failed.size());
    const int64_t left = batch.number("left");
    progress.show(done + left == 0 ? 100 : static_cast<int>(100 * done / (done + left)), "");
    if (left == 0) break;
  }
  progress.end();
  return totals;
}

Result<Document> versions(const Served& served) {
  Document request;
  request.set("command", "kms-versions");
  return ask(served, request);
}

std::string version_table(const Document& answer) {
  std::vector<std::vector<std::string>> rows = {
      {"KEY", "VERSION", "NEWEST", "LAYERS", "VOLUMES", "SNAPSHOTS"}};
  for (const Document& use : answer.items("versions")) {
    const int64_t newest = use.number("current_version");
    rows.push_back({use.text("key"), std::to_string(use.number("version")),
                    newest == 0 ? "gone" : std::to_string(newest), std::to_string(use.number("layers")),
                    std::to_string(use.items("volumes").size()),
                    std::to_string(use.items("snapshots").size())});
  }
  return table(rows);
}

}  // namespace

int kms_rewrap(const Common& common, const std::string& key, bool report_only) {
  if (!key.empty())
    if (const Status named = check_key_name(key); !named) return complain_about(named.error());
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Totals totals;
  if (!report_only) {
    auto done = rewrap_all(*served, key);
    if (!done) return complain_about(done.error());
    totals = std::move(*done);
  }
  auto report = versions(*served);
  if (!report) return complain_about(report.error());
  if (common.json) {
    report->set("rewrapped", totals.rewrapped);
    report->set("current", totals.current);
    report->set("failed", static_cast<int64_t>(totals.failed.size()));
    print(report->pretty());
  } else {
    if (!report_only)
      print(fmt::format("{} re-wrapped; under the newest material already: {}\n\n",
                        counted(static_cast<uint64_t>(totals.rewrapped), "data key"), totals.current));
    print(version_table(*report));
  }
  for (const Document& one : totals.failed)
    complain(printable(one.text("layer") + ": " + one.text("message")));
  return totals.failed.empty() ? kOk : kFailed;
}

int kms_dependents(const Common& common, const std::string& key) {
  if (const Status named = check_key_or_alias(key); !named) return complain_about(named.error());
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document request;
  request.set("command", "kms-dependents");
  request.set("key", key);
  const auto answer = ask(*served, request);
  if (!answer) return complain_about(answer.error());
  if (common.json) {
    print(answer->pretty());
    return kOk;
  }
  const auto count = [&](const char* name, const char* what) {
    return counted(static_cast<uint64_t>(answer->number(name)), what);
  };
  print(fmt::format("{}, {} and {} need {}\n", count("volumes", "volume"), count("snapshots", "snapshot"),
                    count("layers", "layer"), printable(answer->text("key"))));
  std::vector<std::vector<std::string>> rows = {{"ID", "DEPENDENCE", "OLDEST VERSION"}};
  for (const Document& one : answer->items("dependents"))
    rows.push_back({one.text("id"), one.text("dependence"), std::to_string(one.number("oldest_version"))});
  if (rows.size() > 1) print("\n" + table(rows));
  return kOk;
}

}  // namespace coffer::cli
