// SPDX-License-Identifier: Apache-2.0
#include "policy/text.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/match.h"

namespace coffer::policy {
namespace {

constexpr size_t kColonsBeforeTheResource = 5;
// Nothing that is compared is as long. A caller chooses some values (aws:UserAgent), and a policy may name
// one hundreds of times.
constexpr size_t kLongestExpansion = 64 * 1024;

std::string to_pattern(std::string_view text, Wildcards wildcards) {
  switch (wildcards) {
    case Wildcards::kNone:
      return std::string(text);
    case Wildcards::kAnywhere:
      return wildcard_pattern(text);
    case Wildcards::kResource:
      return resource_pattern(text);
  }
  return {};
}

tl::unexpected<Error> malformed(std::string_view text) {
  return fail(ErrorKind::kInvalidArgument, fmt::format("the policy variable in \"{}\" is malformed", text));
}

// What stands between ${ and }: "aws:username" or "aws:PrincipalTag/team, 'company-wide'".
std::optional<Text::Variable> read_variable(std::string_view inside, size_t at) {
  const size_t comma = inside.find(',');
  Text::Variable variable;
  variable.at = at;
  const auto name = inside.substr(0, comma);
  if (name.empty() || name.find_first_of("${'\" ") != std::string_view::npos) return std::nullopt;
  variable.key = to_lower(name);
  variable.name = name;
  if (comma == std::string_view::npos) return variable;
  inside.remove_prefix(comma + 1);
  while (inside.starts_with(' ')) inside.remove_prefix(1);
  if (inside.size() < 2 || inside.front() != '\'' || inside.back() != '\'') return std::nullopt;
  const auto otherwise = inside.substr(1, inside.size() - 2);
  if (otherwise.find('\'') != std::string_view::npos) return std::nullopt;
  variable.otherwise = std::string(otherwise);
  return variable;
}

// Where the variable that begins at `start` ends: its closing brace, but none in a quoted default.
size_t find_end(std::string_view text, size_t start) {
  bool quoted = false;
  for (size_t i = start; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (text[i] == '}' && !quoted) return i;
  }
  return std::string_view::npos;
}

// A resource's pattern depends on where its colons are, so only the tail after the fifth has its variables
// taken out; the head must have none.
Result<std::string> take_resource_head(std::string_view& rest) {
  size_t end = 0, colons = 0;
  while (end < rest.size() && colons < kColonsBeforeTheResource)
    if (rest[end++] == ':') ++colons;
  const auto head = rest.substr(0, end);
  if (head.find("${") != std::string_view::npos)
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("resource \"{}\" has a policy variable before its fifth colon", rest));
  // With what follows a * at the head's end no longer ends the ARN; the tail's own wildcards come after.
  std::string pattern = resource_pattern(std::string(head) + "x");
  rest.remove_prefix(end);
  pattern.pop_back();
  return pattern;
}

std::optional<std::string_view> value_of(const Text::Variable& variable, const Context& context) {
  // A key of several values is no variable; an empty value is as good as none.
  if (const auto values = context.find(variable.key))
    if (const auto value = values->only(); value && !value->empty()) return value;
  if (variable.otherwise) return *variable.otherwise;
  return std::nullopt;
}

}  // namespace

Result<Text> read_text(std::string_view text, Wildcards wildcards, bool variables) {
  Text result;
  if (!variables || text.find("${") == std::string_view::npos) {
    result.pattern = to_pattern(text, wildcards);
    return result;
  }
  std::string_view rest = text;
  if (wildcards == Wildcards::kResource) {
    COFFER_TRY(head, take_resource_head(rest));
    result.pattern = std::move(head);
    wildcards = Wildcards::kAnywhere;
  }
  for (size_t start = rest.find("${"); start != std::string_view::npos; start = rest.find("${")) {
    result.pattern += to_pattern(rest.substr(0, start), wildcards);
    const size_t end = find_end(rest, start + 2);
    if (end == std::string_view::npos) return malformed(text);
    const auto inside = rest.substr(start + 2, end - start - 2);
    if (inside == "*" || inside == "?" || inside == "$") {
      result.pattern += inside;
    } else if (auto variable = read_variable(inside, result.pattern.size())) {
      result.variables.push_back(std::move(*variable));
    } else {
      return malformed(text);
    }
    rest.remove_prefix(end + 1);
  }
  result.pattern += to_pattern(rest, wildcards);
  return result;
}

std::optional<std::string_view> expand(const Text& text, const Context& context, std::string& buffer,
                                       bool arn) {
  if (text.variables.empty()) return text.pattern;
  buffer.clear();
  size_t done = 0, colons = 0;
  const auto append = [&](std::string_view more) {
    if (arn) colons += static_cast<size_t>(std::count(more.begin(), more.end(), ':'));
    buffer += more;
  };
  for (const auto& variable : text.variables) {
    append(std::string_view(text.pattern).substr(done, variable.at - done));
    done = variable.at;
    const auto value = value_of(variable, context);
    if (!value || has_wildcard_bytes(*value) || buffer.size() + value->size() > kLongestExpansion)
      return std::nullopt;
    if (arn && colons < kColonsBeforeTheResource && value->find(':') != std::string::npos)
      return std::nullopt;
    append(*value);
  }
  buffer.append(text.pattern, done);
  return buffer;
}

}  // namespace coffer::policy
