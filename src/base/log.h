// SPDX-License-Identifier: Apache-2.0
// Logging to standard error, one line a record: time, process, level, message. A secret cannot be
// printed: SecretBytes has a deleted formatter, so that formatting one does not compile.
#pragma once
#include <fmt/format.h>

#include <string_view>

namespace coffer {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

void set_log_process(std::string_view name);  // "apid"; call before other threads start
void set_log_level(LogLevel lowest);
void write_log(LogLevel level, std::string_view message);  // thread-safe

template <class... Args>
void log_debug(fmt::format_string<Args...> format, Args&&... args) {
  write_log(LogLevel::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_info(fmt::format_string<Args...> format, Args&&... args) {
  write_log(LogLevel::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_warning(fmt::format_string<Args...> format, Args&&... args) {
  write_log(LogLevel::kWarning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void log_error(fmt::format_string<Args...> format, Args&&... args) {
  write_log(LogLevel::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace coffer
