// SPDX-License-Identifier: Apache-2.0
// How commands speak: data to standard output, complaints to standard error as "coffer: …".
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace coffer::cli {

void print(std::string_view text);
void complain(std::string_view message);
// Complains, printable, and returns the exit status that fits: not running, refused, or failed.
int complain_about(const Error& error);

// What others chose (names, tags, conditions; messages that quote them) as one line that a terminal only
// shows: control characters (C0, DEL, C1: ECMA-48), Unicode's line breaks and changes of direction become
// "\u001b", bytes that are no UTF-8 "\x9b". Everything that comes in an answer passes here on its way into a
// line; table() and complain_about() see to it themselves.
std::string printable(std::string_view text);

// "1 piece", "2 pieces".
std::string counted(uint64_t count, const std::string& what);

// Columns, left aligned, two spaces between them; the first row is the head. Cells are made printable.
std::string table(std::vector<std::vector<std::string>> rows);

}  // namespace coffer::cli
