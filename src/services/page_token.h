// SPDX-License-Identifier: Apache-2.0
// Pagination tokens: the last key of the page before, made opaque. Nothing is kept on the server for one.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace coffer::services {

// `list` names what is listed, so that a token of one list is no token of another.
std::string make_page_token(std::string_view list, std::string_view last_key);
// The last key; nothing if the token is not one of this list's.
std::optional<std::string> parse_page_token(std::string_view list, std::string_view token);

// The same for EC2's NextToken and KMS's Marker: where to go on ("" without one); InvalidNextToken, or
// InvalidMarkerException, for a foreign one.
Result<std::string> next_token_position(std::string_view list, const std::optional<std::string>& next_token);
Result<std::string> marker_position(std::string_view list, const std::optional<std::string>& marker);

// EC2's MaxResults: from 5 to `most`.
Status check_max_results(const std::optional<int32_t>& max_results, int32_t most);

}  // namespace coffer::services
