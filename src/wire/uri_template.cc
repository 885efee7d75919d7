// SPDX-License-Identifier: Apache-2.0
#include "wire/uri_template.h"

#include <algorithm>

#include "base/encoding.h"
#include "wire/http.h"
#include "wire/utf8.h"

namespace coffer::wire {
namespace {

std::optional<std::vector<std::string_view>> segments_of(std::string_view path) {
  if (!path.starts_with('/')) return std::nullopt;
  path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    const auto segment = path.substr(0, end);
    const bool last = end == path.size();
    if (segment.empty() || segment == "." || segment == ".." || segments.size() == kMostPathSegments)
      return std::nullopt;
    segments.push_back(segment);
    path.remove_prefix(last ? end : end + 1);
    if (!last && path.empty()) return std::nullopt;
  }
  return segments;
}

std::string_view path_of(std::string_view uri_template) {
  return uri_template.substr(0, uri_template.find('?'));
}

std::string_view query_of(std::string_view uri_template) {
  const size_t mark = uri_template.find('?');
  return mark == std::string_view::npos ? std::string_view() : uri_template.substr(mark + 1);
}

bool is_label(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

bool is_greedy(std::string_view segment) {
  return is_label(segment) && segment.ends_with("+}");
}

std::optional<std::string> decoded(std::string_view text) {
  auto label = percent_decode(text);
  if (!label || label->empty() || !is_utf8(*label)) return std::nullopt;
  return label;
}

// How much a template says: query parameters first, literal segments then.
std::pair<size_t, size_t> weight_of(std::string_view uri_template) {
  size_t literals = 0;
  if (const auto segments = segments_of(path_of(uri_template)))
    literals = static_cast<size_t>(std::ranges::count_if(*segments, std::not_fn(is_label)));
  const auto parameters = parse_query(query_of(uri_template));
  return {parameters ? parameters->size() : 0, literals};
}

bool has_parameters(std::string_view uri_template, const QueryParameters& given) {
  const auto wanted = parse_query(query_of(uri_template));
  return wanted && std::ranges::all_of(*wanted, [&](const auto& parameter) {
           return std::ranges::any_of(given, [&](const auto& each) {
             return each.first == parameter.first &&
                    (parameter.second.empty() || each.second == parameter.second);
           });
         });
}

}  // namespace

std::optional<Labels> match_path(std::string_view uri_template, std::string_view path) {
  const auto wanted = segments_of(path_of(uri_template)), given = segments_of(path);
  if (!wanted || !given || given->size() < wanted->size()) return std::nullopt;
  Labels labels;
  size_t at = 0;
  for (size_t i = 0; i < wanted->size(); ++i) {
    const auto segment = (*wanted)[i];
    // A greedy label leaves what follows it in the template.
    const size_t taken = is_greedy(segment) ? given->size() - at - (wanted->size() - i - 1) : 1;
    const auto first = (*given)[at], last = (*given)[at + taken - 1];
    const std::string_view text(first.data(), static_cast<size_t>(last.data() + last.size() - first.data()));
    at += taken;
    if (!is_label(segment)) {
      const auto literal = decoded(text);
      if (!literal || *literal != segment) return std::nullopt;
      continue;
    }
    auto label = decoded(text);
    if (!label) return std::nullopt;
    const size_t braces = is_greedy(segment) ? 3 : 2;
    labels.emplace_back(segment.substr(1, segment.size() - braces), std::move(*label));
  }
  if (at != given->size()) return std::nullopt;
  return labels;
}

const Operation* find_http_operation(const ServiceModel& model, std::string_view method,
                                     std::string_view path, std::string_view query) {
  const auto parameters = parse_query(query);
  if (!parameters) return nullptr;
  const Operation* best = nullptr;
  for (const auto& operation : model.operations) {
    if (operation.http.method != method || !has_parameters(operation.http.uri, *parameters) ||
        !match_path(operation.http.uri, path))
      continue;
    if (best == nullptr || weight_of(operation.http.uri) > weight_of(best->http.uri)) best = &operation;
  }
  return best;
}

}  // namespace coffer::wire
