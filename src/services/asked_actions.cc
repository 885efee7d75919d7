// SPDX-License-Identifier: Apache-2.0
#include "services/asked_actions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>

#include "policy/match.h"

namespace coffer::services {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

AskedKind read_kind(std::string_view text, std::string_view own_service) {
  AskedKind kind;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    own_service = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  kind.service = own_service;
  kind.type = text.substr(0, text.find_first_of("/+"));
  if (text.ends_with("/*"))
    kind.naming = ResourceNaming::kWildcard;
  else if (text.ends_with("/"))
    kind.naming = ResourceNaming::kPath;
  else if (text.ends_with("+"))
    kind.naming = ResourceNaming::kAny;
  return kind;
}

AskedAction read_line(std::string_view line) {
  const auto words = split(line, ' ');
  AskedAction asked;
  asked.action = words.front();
  const std::string_view service = words.front().substr(0, words.front().find(':'));
  const bool replaced = words[1] == "=";
  for (size_t i = replaced ? 2 : 1; i < words.size(); ++i) {
    if (replaced)
      asked.in_its_place.emplace_back(words[i]);
    else if (words[i] == "*")
      asked.on_nothing = true;
    else if (words[i] == "nothing")
      asked.unasked = true;
    else
      asked.kinds.push_back(read_kind(words[i], service));
  }
  return asked;
}

// By action in lower case.
const std::map<std::string, AskedAction>& table() {
  static const auto kTable = [] {
    std::map<std::string, AskedAction> all;
    for (const std::string_view line : split(asked_actions_table(), '\n')) {
      AskedAction asked = read_line(line);
      std::string name = policy::to_lower(asked.action);
      all.emplace(std::move(name), std::move(asked));
    }
    return all;
  }();
  return kTable;
}

// Permissions of AWS that are no operations. Source: Service Authorization Reference, "[permission only]".
constexpr std::array<std::string_view, 5> kPermissionsOnly = {"ec2:InjectApiError", "iam:FetchLoginContext",
                                                              "kms:SynchronizeMultiRegionKey",
                                                              "sts:GetServiceBearerToken", "sts:SetContext"};

bool aws_has(const std::string& action) {
  const auto same = [&](std::string_view name) { return policy::equals_ignoring_case(name, action); };
  return std::ranges::any_of(aws_operations(), same) || std::ranges::any_of(kPermissionsOnly, same);
}

// How many letters have to be added, left out or replaced to make one of the other.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (policy::lower(a[i]) == policy::lower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::vector<std::string_view> nearest(const std::string& action) {
  constexpr size_t kMost = 3, kFurthest = 4, kLettersForEach = 3;
  const std::string service = policy::to_lower(action.substr(0, action.find(':') + 1));
  std::vector<std::pair<size_t, std::string_view>> found;
  const size_t furthest = std::min(kFurthest, (action.size() - service.size()) / kLettersForEach);
  const auto look_at = [&](std::string_view name) {
    if (!name.starts_with(service)) return;
    if (const size_t far = distance(name, action); far <= furthest) found.emplace_back(far, name);
  };
  for (const auto& [name, asked] : table()) look_at(asked.action);
  for (const std::string_view name : aws_operations()) look_at(name);
  std::ranges::sort(found);
  std::vector<std::string_view> names;
  for (const auto& [far, name] : found)
    if (names.size() < kMost && std::ranges::find(names, name) == names.end()) names.push_back(name);
  return names;
}

bool is_served(const std::string& service) {
  const auto after = table().lower_bound(service + ":");
  return after != table().end() && after->first.starts_with(service + ":");
}

// "arn:aws:ec2:REGION:ACCOUNT:volume/*"
std::string arn_of(const AskedKind& kind) {
  const bool global = kind.service == "iam" || kind.service == "sts" || kind.service == "organizations";
  const bool unowned = kind.service == "ec2" && kind.type == "snapshot";
  std::string name;
  if (kind.service == "organizations") name = "/ORGANIZATION";
  if (kind.naming == ResourceNaming::kWildcard)
    name += "/*";
  else if (kind.naming == ResourceNaming::kPath)
    name += "/";
  else if (kind.service != "iam" || kind.type != "root")
    name += kind.service == "iam" || kind.service == "sts" ? "/NAME" : "/ID";
  return make_arn(kind.service, global ? "" : "REGION", unowned ? "" : "ACCOUNT", kind.type + name);
}

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationError");
}

std::string type_named(std::string_view type) {
  return fmt::format(
      "{} {}", std::string_view("aeio").find(type.front()) == std::string_view::npos ? "a" : "an", type);
}

std::string kinds_of(const AskedAction& action) {
  std::vector<std::string> types, arns;
  for (const AskedKind& kind : action.kinds) {
    if (std::string type = type_named(kind.type); std::ranges::find(types, type) == types.end())
      types.push_back(std::move(type));
    arns.push_back(arn_of(kind));
  }
  return fmt::format("{} is asked on {}: name it by --resource (ResourceArn), as {}", action.action,
                     fmt::join(types, " or "), fmt::join(arns, " or "));
}

// It names a key, too.
bool is_alias(const Arn& arn) {
  return arn.service == "kms" && arn.resource.starts_with("alias/") && !arn.resource.ends_with('*');
}

}  // namespace

bool AskedKind::fits(const Arn& arn) const {
  if (arn.service != service || arn.resource.substr(0, arn.resource.find('/')) != type) return false;
  if (service == "iam" && type == "root") return arn.resource == "root";
  // Issuers are URLs, which may end with a slash.
  const bool wildcard = arn.resource.ends_with('*');
  const bool path = arn.resource.ends_with('/') && type != "oidc-provider";
  if (naming == ResourceNaming::kWildcard) return wildcard;
  if (naming == ResourceNaming::kPath) return path;
  return !wildcard && !path && arn.resource.size() > type.size() + 1;
}

const AskedAction* find_asked_action(std::string_view action) {
  const auto found = table().find(policy::to_lower(action));
  return found == table().end() ? nullptr : &found->second;
}

Status check_unasked_action(const std::string& action) {
  if (!is_served(policy::to_lower(action.substr(0, action.find(':')))) || aws_has(action)) return {};
  const auto names = nearest(action);
  return invalid(
      fmt::format("There is no action {}{}", action,
                  names.empty() ? "." : fmt::format(": did you mean {}?", fmt::join(names, ", "))));
}

Result<const AskedKind*> asked_kind_of(const AskedAction& action, const std::string& resource) {
  const auto arn = parse_arn(resource);
  if (arn)
    for (const AskedKind& kind : action.kinds)
      if (kind.fits(*arn) || (kind.service == "kms" && kind.type == "key" && is_alias(*arn))) return &kind;
  if (action.kinds.empty())
    return invalid(fmt::format("{} is asked on no resource: leave it out, or give *.", action.action));
  return invalid(fmt::format("{}; not {}.", kinds_of(action), resource));
}

tl::unexpected<Error> needs_a_resource(const AskedAction& action) {
  return invalid(kinds_of(action) + ".");
}

}  // namespace coffer::services
