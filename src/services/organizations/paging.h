// SPDX-License-Identifier: Apache-2.0
// NextToken and MaxResults of the lists of AWS Organizations. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "services/organizations/errors.h"
#include "services/page_token.h"

namespace coffer::services::organizations {

struct Page {
  std::string list;   // a token of one list is none of another
  std::string after;  // the last key of the page before
  size_t limit = 20;
};

// InvalidInputException for a token that is none of this list's. `Request` has next_token and max_results.
template <class Request>
Result<Page> page_of(std::string list, const Request& request) {
  constexpr size_t kMost = 20;  // the model's, of MaxResults
  Page page{std::move(list), {}, static_cast<size_t>(request.max_results.value_or(kMost))};
  if (!request.next_token) return page;
  auto after = parse_page_token(page.list, *request.next_token);
  if (!after) return invalid_input("INVALID_NEXT_TOKEN", "You provided an invalid NextToken.");
  page.after = std::move(*after);
  return page;
}

// Cuts what was asked for beyond the page's limit, and says in the answer where to go on.
template <class Row, class Response, class Key>
void end_page(std::vector<Row>& rows, const Page& page, Response& response, Key key) {
  if (rows.size() <= page.limit) return;
  rows.resize(page.limit);
  response.next_token = make_page_token(page.list, key(rows.back()));
}

}  // namespace coffer::services::organizations
