// SPDX-License-Identifier: Apache-2.0
#include "services/page_token.h"

#include <fmt/format.h>

#include "base/encoding.h"

namespace coffer::services {

std::string make_page_token(std::string_view list, std::string_view last_key) {
  return base64(as_bytes(std::string(list) + "\n" + std::string(last_key)));
}

std::optional<std::string> parse_page_token(std::string_view list, std::string_view token) {
  const auto bytes = from_base64(token);
  if (!bytes) return std::nullopt;
  const std::string_view text = as_text(*bytes);
  if (text.size() <= list.size() || !text.starts_with(list) || text[list.size()] != '\n') return std::nullopt;
  return std::string(text.substr(list.size() + 1));
}

Result<std::string> next_token_position(std::string_view list, const std::optional<std::string>& next_token) {
  if (!next_token) return std::string();
  auto position = parse_page_token(list, *next_token);
  if (!position)
    return fail(ErrorKind::kInvalidArgument, "The specified NextToken is not valid.", "InvalidNextToken");
  return std::move(*position);
}

Result<std::string> marker_position(std::string_view list, const std::optional<std::string>& marker) {
  if (!marker) return std::string();
  auto position = parse_page_token(list, *marker);
  if (!position)
    return fail(ErrorKind::kInvalidArgument, "The marker is not valid.", "InvalidMarkerException");
  return std::move(*position);
}

Status check_max_results(const std::optional<int32_t>& max_results, int32_t most) {
  if (!max_results || (*max_results >= 5 && *max_results <= most)) return {};
  return fail(
      ErrorKind::kInvalidArgument,
      fmt::format("Value ( {} ) for parameter maxResults is invalid. Expecting a value between 5 and {}.",
                  *max_results, most),
      "InvalidParameterValue");
}

}  // namespace coffer::services
