// SPDX-License-Identifier: Apache-2.0
// Marker, MaxItems and IsTruncated of IAM's lists (IAM API Reference, "ListUsers"). Pure.
#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "services/page_token.h"

namespace coffer::services::iam {

struct Page {
  std::string list;   // a marker of one list is none of another
  std::string after;  // the last key of the page before
  size_t limit = 100;
};

// ValidationError for a marker that is none of this list's.
inline Result<Page> page_of(std::string list, const std::optional<std::string>& marker,
                            const std::optional<int32_t>& max_items) {
  Page page{std::move(list), {}, static_cast<size_t>(max_items.value_or(100))};
  if (!marker) return page;
  auto after = parse_page_token(page.list, *marker);
  if (!after) return fail(ErrorKind::kInvalidArgument, "Invalid Marker", "ValidationError");
  page.after = std::move(*after);
  return page;
}

// Cuts what was asked for beyond the page's limit, and says in the answer whether there is more.
template <class Row, class Response, class Key>
void end_page(std::vector<Row>& rows, const Page& page, Response& response, Key key) {
  response.is_truncated = rows.size() > page.limit;
  if (rows.size() <= page.limit) return;
  rows.erase(rows.begin() + static_cast<ptrdiff_t>(page.limit), rows.end());
  response.marker = make_page_token(page.list, key(rows.back()));
}

// The same for a list that is whole in memory, in whatever order.
template <class Row, class Response, class Key>
void take_page(std::vector<Row>& rows, const Page& page, Response& response, Key key) {
  std::erase_if(rows, [&](const Row& row) { return !page.after.empty() && key(row) <= page.after; });
  std::ranges::sort(rows, {}, key);
  end_page(rows, page, response, key);
}

}  // namespace coffer::services::iam
