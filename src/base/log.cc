// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <atomic>
#include <string>

#include "base/clock.h"

namespace coffer {
namespace {

std::string& process_name() {
  static std::string name = "coffer";
  return name;
}
std::atomic<LogLevel> lowest_level{LogLevel::kInfo};

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "?";
}

}  // namespace

void set_log_process(std::string_view name) {
  process_name() = name;
}
void set_log_level(LogLevel lowest) {
  lowest_level = lowest;
}

void write_log(LogLevel level, std::string_view message) {
  if (level < lowest_level.load(std::memory_order_relaxed)) return;
  std::string line = fmt::format("{} {} {} {}\n", iso8601_millis(system_clock().now()), process_name(),
                                 level_name(level), message);
  // A line break inside a message (from a client's bytes) must not look like a record of its own.
  for (size_t i = 0; i + 1 < line.size(); ++i)
    if (static_cast<unsigned char>(line[i]) < 0x20) line[i] = ' ';
  // One write call a record, so that lines of several processes do not mix.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace coffer
