// SPDX-License-Identifier: Apache-2.0
// Where in its text each statement of a policy document stands, as SimulateCustomPolicy tells it.
// Source: the examples of IAM's command line reference (simulate-custom-policy, simulate-principal-policy): a
// single statement begins after its brace, the first of a list after the list's bracket, and each ends after
// its closing brace. That a later one begins where the one before ends is ours. Pure, thread-safe.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace coffer::policy {

struct Position {
  int32_t line = 1, column = 1;  // of the next character; a character of UTF-8 counts once
};

struct StatementPosition {
  Position start, end;
};

// Of a text that read_document accepts, one for each statement in their order; of another text anything, but
// never more than it has bytes.
std::vector<StatementPosition> statement_positions(std::string_view text);

}  // namespace coffer::policy
