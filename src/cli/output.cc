// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <cstdio>

#include "cli/exit_code.h"

namespace coffer::cli {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void complain(std::string_view message) {
  const std::string line = "coffer: " + std::string(message) + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

int complain_about(const Error& error) {
  complain(error.code.empty() ? error.message : error.code + ": " + error.message);
  switch (error.kind) {
    case ErrorKind::kUnavailable:
      return kNotRunning;
    case ErrorKind::kNotFound:
    case ErrorKind::kConflict:
    case ErrorKind::kPermissionDenied:
    case ErrorKind::kUnauthenticated:
    case ErrorKind::kLimitExceeded:
    case ErrorKind::kUnsupported:
      return kRefused;
    case ErrorKind::kInvalidArgument:
      return kUsage;
    default:
      return kFailed;
  }
}

std::string counted(uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows)
    for (size_t column = 0; column < row.size(); ++column) {
      if (column == widths.size()) widths.push_back(0);
      if (row[column].size() > widths[column]) widths[column] = row[column].size();
    }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (size_t column = 0; column < row.size(); ++column) {
      line += row[column];
      if (column + 1 < row.size()) line.append(widths[column] - row[column].size() + 2, ' ');
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + "\n";
  }
  return out;
}

}  // namespace coffer::cli
