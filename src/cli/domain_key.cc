// SPDX-License-Identifier: Apache-2.0
// `coffer domain-key rotate` and `coffer domain-key status`.
#include <chrono>
#include <thread>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"
#include "cli/progress.h"

namespace coffer::cli {
namespace {

constexpr auto kBetweenLooks = std::chrono::milliseconds(250);

Result<Document> ask_for(const Served& served, const char* command) {
  Document request;
  request.set("command", command);
  return ask(served, request);
}

bool under_way(const Document& status) {
  return status.text("state") == "rewrapping" || status.text("state") == "retiring";
}

Result<Document> wait_for(const Served& served, Document status) {
  Progress progress("rotating the domain key");
  int64_t shown = 0;  // what is left may be counted anew, and is known no more while the old key is retired
  while (under_way(status)) {
    const int64_t total = status.number("total");
    const int64_t percent = total == 0 ? 0 : 100 * status.number("rewrapped") / total;
    shown = std::max(shown, std::min<int64_t>(percent, 99));
    progress.show(static_cast<int>(shown), status.text("message"));
    std::this_thread::sleep_for(kBetweenLooks);
    auto next = ask_for(served, "domain-key-status");
    // apid or keyd may be starting again; the rotation goes on then.
    if (next) {
      status = std::move(*next);
    } else if (next.error().kind != ErrorKind::kIo && next.error().kind != ErrorKind::kUnavailable) {
      return next;
    }
  }
  progress.end();
  return status;
}

std::string readable(const Document& status) {
  std::vector<std::vector<std::string>> rows = {
      {"domain keys", "version " + status.text("newest_version") +
                          (status.number("oldest_version") == status.number("newest_version")
                               ? ""
                               : ", back to " + status.text("oldest_version"))},
      {"rotation", status.text("state")}};
  if (status.text("state") == "rewrapping")
    rows.push_back({"re-wrapped", status.text("rewrapped") + " of " + status.text("total")});
  if (!status.text("message").empty()) rows.push_back({"held up", status.text("message")});
  return table(rows);
}

int show(const Common& common, const Result<Document>& status) {
  if (!status) return complain_about(status.error());
  print(common.json ? status->pretty() : readable(*status));
  return kOk;
}

}  // namespace

int domain_key_status(const Common& common) {
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  return show(common, ask_for(*served, "domain-key-status"));
}

int domain_key_rotate(const Common& common, bool wait) {
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  auto status = ask_for(*served, "domain-key-rotate");
  if (status && wait) status = wait_for(*served, std::move(*status));
  return show(common, status);
}

}  // namespace coffer::cli
