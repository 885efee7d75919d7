// SPDX-License-Identifier: Apache-2.0
// `coffer clock advance`.
#include <charconv>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/output.h"

namespace coffer::cli {
namespace {

// "90d" → seconds.
std::optional<int64_t> read_duration(const std::string& text) {
  int64_t count = 0;
  const char* end = text.data() + text.size();
  const auto [unit, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || count < 0 || unit + 1 != end) return std::nullopt;
  const int64_t seconds = *unit == 's'   ? 1
                          : *unit == 'm' ? 60
                          : *unit == 'h' ? 3600
                          : *unit == 'd' ? 86400
                          : *unit == 'y' ? 365 * 86400
                                         : 0;
  if (seconds == 0 || count > INT64_MAX / seconds) return std::nullopt;
  return count * seconds;
}

}  // namespace

int clock_advance(const Common& common, const std::string& duration) {
  const auto seconds = read_duration(duration);
  if (!seconds) {
    complain("'" + duration + "' is no duration (for example: 90m, 36h, 30d, 1y)");
    return kUsage;
  }
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document request;
  request.set("command", "clock-advance");
  request.set("seconds", *seconds);
  const auto answer = ask(*served, request);
  if (!answer) return complain_about(answer.error());
  print(common.json ? answer->pretty() : "it is " + answer->text("now") + " here now\n");
  return kOk;
}

}  // namespace coffer::cli
