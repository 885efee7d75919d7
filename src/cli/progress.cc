// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "cli/output.h"

namespace coffer::cli {
namespace {

constexpr int kWidth = 30;
constexpr int kStep = 10;  // per cent between two plain lines

}  // namespace

std::string progress_bar(int percent, int width) {
  const int full = std::clamp(percent, 0, 100) * width / 100;
  return "[" + std::string(static_cast<size_t>(full), '#') +
         std::string(static_cast<size_t>(width - full), '.') + "]";
}

Progress::Progress(std::string what) : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1) {}

void Progress::show(int percent, const std::string& note) {
  const std::string tail = note.empty() ? "" : " (" + printable(note) + ")";
  if (terminal_) {
    // Clears what an earlier, longer note left behind.
    fmt::print(stderr, "\r\033[K{} {} {}%{}", progress_bar(percent, kWidth), what_, percent, tail);
  } else if (note != note_ || percent / kStep != shown_ / kStep || shown_ < 0) {
    fmt::print(stderr, "{} {}%{}\n", what_, percent, tail);
  }
  shown_ = percent;
  note_ = note;
}

void Progress::end() {
  if (terminal_ && shown_ >= 0) fmt::print(stderr, "\n");
}

}  // namespace coffer::cli
