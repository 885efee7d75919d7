// SPDX-License-Identifier: Apache-2.0
#include "wire/form.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/encoding.h"
#include "wire/utf8.h"

namespace coffer::wire {
namespace {

tl::unexpected<Error> refuse(std::string_view code, std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), std::string(code));
}
tl::unexpected<Error> not_recognized(std::string_view name) {
  return refuse("UnknownParameter", fmt::format("The parameter {} is not recognized", name));
}

// Parameters that belong to the call as such or to its signature (versions 2 and 4).
bool is_of_the_call(std::string_view name) {
  static constexpr std::string_view kNames[] = {"Action",    "Version",         "AWSAccessKeyId",
                                                "Signature", "SignatureMethod", "SignatureVersion",
                                                "Timestamp", "Expires",         "SecurityToken"};
  return std::ranges::find(kNames, name) != std::end(kNames) || name.starts_with("X-Amz-");
}

}  // namespace

Result<ParameterTree> parameter_tree(const FormParameters& parameters) {
  ParameterTree root;
  for (const auto& [name, value] : parameters) {
    if (is_of_the_call(name)) continue;
    ParameterTree* node = &root;
    std::string_view rest = name;
    for (size_t depth = 0;; ++depth) {
      const size_t dot = rest.find('.');
      const auto part = rest.substr(0, dot);
      if (part.empty() || depth == kDeepestParameter) return not_recognized(name.substr(0, 100));
      auto& child = node->children[part];
      if (!child) child = std::make_unique<ParameterTree>();
      node = child.get();
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    if (node->value != nullptr)
      return refuse("InvalidParameterCombination",
                    fmt::format("The parameter {} may only be specified once", name.substr(0, 100)));
    node->value = &value;
  }
  return root;
}

std::optional<std::map<int64_t, const ParameterTree*>> numbered_children(const ParameterTree& tree) {
  std::map<int64_t, const ParameterTree*> in_order;
  for (const auto& [name, child] : tree.children) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool whole = error == std::errc() && end == name.data() + name.size();
    const bool canonical = whole && number >= 0 && (name.size() == 1 || name.front() != '0');
    if (!canonical) return std::nullopt;
    in_order[number] = child.get();
  }
  return in_order;
}

Result<FormParameters> parse_form(std::string_view form) {
  FormParameters parameters;
  while (!form.empty()) {
    const size_t end = form.find('&');
    const auto pair = form.substr(0, end);
    form.remove_prefix(end == std::string_view::npos ? form.size() : end + 1);
    if (pair.empty()) continue;
    if (parameters.size() == kMostFormParameters)
      return refuse("MalformedQueryString", "The query string contains too many parameters");
    const size_t equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value =
        equals == std::string_view::npos ? std::string() : percent_decode(pair.substr(equals + 1), true);
    if (!name || name->empty() || !value || !is_utf8(*name) || !is_utf8(*value))
      return refuse("MalformedQueryString", "The query string contains a syntax error");
    parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return parameters;
}

const std::string* find_parameter(const FormParameters& parameters, std::string_view name) {
  const auto found = std::ranges::find(parameters, name, &FormParameters::value_type::first);
  return found == parameters.end() ? nullptr : &found->second;
}

}  // namespace coffer::wire
