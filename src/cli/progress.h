// SPDX-License-Identifier: Apache-2.0
// How far something is, on standard error: a bar that is drawn over itself on a terminal, plain lines
// elsewhere.
#pragma once
#include <string>

namespace coffer::cli {

class Progress {
 public:
  explicit Progress(std::string what);
  // A line is written when there is news: ten per cent more, or another note.
  void show(int percent, const std::string& note);
  void end();  // the bar stays, and what follows begins on a new line

 private:
  const std::string what_;
  const bool terminal_;
  int shown_ = -1;
  std::string note_;
};

// "[#####...............]", for tests too.
std::string progress_bar(int percent, int width);

}  // namespace coffer::cli
