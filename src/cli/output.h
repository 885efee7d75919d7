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
// Complains and returns the exit status that fits: not running, refused, or failed.
int complain_about(const Error& error);

// "1 piece", "2 pieces".
std::string counted(uint64_t count, const std::string& what);

// Columns, left aligned, two spaces between them; the first row is the head.
std::string table(const std::vector<std::vector<std::string>>& rows);

}  // namespace coffer::cli
