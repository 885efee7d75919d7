// SPDX-License-Identifier: Apache-2.0
#include "policy/statement_positions.h"

#include <string>

#include "policy/json.h"

namespace coffer::policy {
namespace {

// Walks over JSON that is known to be well-formed; stops at the end of any other text.
class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) {}

  bool at_end() const { return at_ >= text_.size(); }
  char next() const { return at_end() ? '\0' : text_[at_]; }
  const Position& position() const { return position_; }

  void step() {
    if (at_end()) return;
    const char passed = text_[at_++];
    if (passed == '\n')
      position_ = {position_.line + 1, 1};
    else if ((static_cast<uint8_t>(passed) & 0xC0) != 0x80)
      position_.column += 1;
  }
  // Over white space, and over `also`, which stands between values.
  void skip_space(char also = ' ') {
    while (!at_end() &&
           (std::string_view(" \t\r\n").find(next()) != std::string_view::npos || next() == also))
      step();
  }
  // A string with its quotes.
  std::string_view skip_string() {
    const size_t start = at_;
    for (step(); !at_end() && next() != '"'; step())
      if (next() == '\\') step();
    step();
    return text_.substr(start, at_ - start);
  }
  // Any value; containers with all that is in them.
  void skip_value() {
    size_t depth = 0;
    do {
      if (next() == '"') {
        skip_string();
        continue;
      }
      if (next() == '{' || next() == '[') depth += 1;
      if (next() == '}' || next() == ']') {
        if (depth == 0) return;
        depth -= 1;
      }
      step();
    } while (!at_end() &&
             (depth > 0 || std::string_view(",]} \t\r\n").find(next()) == std::string_view::npos));
  }

 private:
  std::string_view text_;
  size_t at_ = 0;
  Position position_;
};

// A key may be written with escapes.
bool is_statement_key(std::string_view quoted) {
  const auto key = read_json(quoted);
  const auto* name = key ? key->as<std::string>() : nullptr;
  return name != nullptr && *name == "Statement";
}

std::vector<StatementPosition> read_statements(Walker& walker) {
  std::vector<StatementPosition> found;
  const bool list = walker.next() == '[';
  if (list) {
    walker.step();
    Position start = walker.position();
    for (walker.skip_space(); walker.next() == '{'; walker.skip_space(',')) {
      walker.skip_value();
      found.push_back({start, walker.position()});
      start = walker.position();
    }
    return found;
  }
  Position start = walker.position();
  start.column += 1;
  walker.skip_value();
  found.push_back({start, walker.position()});
  return found;
}

}  // namespace

std::vector<StatementPosition> statement_positions(std::string_view text) {
  Walker walker(text);
  walker.skip_space();
  walker.step();
  for (walker.skip_space(','); walker.next() == '"'; walker.skip_space(',')) {
    const bool wanted = is_statement_key(walker.skip_string());
    walker.skip_space(':');
    if (wanted) return read_statements(walker);
    walker.skip_value();
  }
  return {};
}

}  // namespace coffer::policy
