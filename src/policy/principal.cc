// SPDX-License-Identifier: Apache-2.0
#include "policy/principal.h"

#include <fmt/format.h>

#include <algorithm>

namespace coffer::policy {
namespace {

constexpr size_t kAccountDigits = 12;

bool is_account(std::string_view text) {
  return text.size() == kAccountDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// What follows "arn:PARTITION" ("aws", "aws-us-gov"); empty for what is no ARN.
std::string_view after_partition(std::string_view arn) {
  if (!arn.starts_with("arn:aws")) return {};
  const size_t end = arn.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", 4);
  return end == std::string_view::npos || arn[end] != ':' ? std::string_view() : arn.substr(end);
}

// The account of arn:PARTITION:iam::ACCOUNT:root; empty for any other ARN.
std::string_view account_of_root(std::string_view arn) {
  constexpr std::string_view kStart = ":iam::", kEnd = ":root";
  const auto rest = after_partition(arn);
  if (!rest.starts_with(kStart) || !rest.ends_with(kEnd) ||
      rest.size() != kStart.size() + kAccountDigits + kEnd.size())
    return {};
  const auto account = rest.substr(kStart.size(), kAccountDigits);
  return is_account(account) ? account : std::string_view();
}

// arn:PARTITION:iam::ACCOUNT:user/... or role/..., arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/SESSION or
// federated-user/...
bool is_principal_arn(std::string_view arn) {
  const auto rest = after_partition(arn);
  const bool iam = rest.starts_with(":iam::");
  if (!iam && !rest.starts_with(":sts::")) return false;
  if (rest.size() < 6 + kAccountDigits + 1 || !is_account(rest.substr(6, kAccountDigits)) ||
      rest[6 + kAccountDigits] != ':')
    return false;
  const auto name = rest.substr(6 + kAccountDigits + 1);
  if (iam) return (name.starts_with("user/") || name.starts_with("role/")) && name.size() > 5;
  return (name.starts_with("assumed-role/") && name.find('/', 13) != std::string_view::npos) ||
         (name.starts_with("federated-user/") && name.size() > 15);
}

// AIDA..., AROA...: what becomes of the ARN of a principal that was deleted.
bool is_unique_id(std::string_view text) {
  return text.size() >= 16 && text.size() <= 128 && text.starts_with('A') &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

Status add_aws(PrincipalElement& element, const std::string& text) {
  if (text == "*") {
    element.everyone = true;
  } else if (is_account(text)) {
    element.accounts.push_back(text);
  } else if (const auto account = account_of_root(text); !account.empty()) {
    element.accounts.emplace_back(account);
  } else if (text.find_first_of("*?") == std::string::npos &&
             (is_principal_arn(text) || is_unique_id(text))) {
    element.aws.push_back(text);
  } else {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("Invalid principal in policy: \"AWS\":\"{}\"", text));
  }
  return {};
}

Status add_entry(PrincipalElement& element, const std::string& kind, const std::string& text) {
  if (kind == "AWS") return add_aws(element, text);
  if (text.empty() || text.find_first_of("*?") != std::string::npos)
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("Invalid principal in policy: \"{}\":\"{}\"", kind, text));
  if (kind == "Service")
    element.services.push_back(text);
  else if (kind == "Federated")
    element.federated.push_back(text);
  else if (kind == "CanonicalUser")
    element.canonical_users.push_back(text);
  else
    return fail(ErrorKind::kInvalidArgument, fmt::format("there is no kind of principal {}", kind));
  return {};
}

Status add_entries(PrincipalElement& element, const JsonMember& member) {
  if (const auto* text = member.value.as<std::string>()) return add_entry(element, member.key, *text);
  const auto* list = member.value.as<JsonValue::List>();
  if (list == nullptr)
    return fail(ErrorKind::kInvalidArgument, fmt::format("{} is neither a text nor a list", member.key));
  for (const auto& entry : *list) {
    const auto* text = entry.as<std::string>();
    if (text == nullptr)
      return fail(ErrorKind::kInvalidArgument, fmt::format("an entry of {} is no text", member.key));
    COFFER_CHECK(add_entry(element, member.key, *text));
  }
  return {};
}

bool contains(const std::vector<std::string>& list, std::string_view text) {
  return !text.empty() && std::find(list.begin(), list.end(), text) != list.end();
}

// Which of a caller's names an element lists.
struct Listed {
  bool account = false, source = false, direct = false;
};

Listed listed(const PrincipalElement& element, const CallerIdentity& caller) {
  Listed result;
  result.account =
      contains(element.accounts, caller.account) || contains(element.canonical_users, caller.canonical_user);
  switch (caller.type) {
    case CallerType::kRoot:
    case CallerType::kAnonymous:
      break;
    case CallerType::kUser:
      result.direct = contains(element.aws, caller.arn) || contains(element.aws, caller.id);
      break;
    case CallerType::kRoleSession:
    case CallerType::kFederatedUser:
      result.direct = contains(element.aws, caller.arn);
      result.source = contains(element.aws, caller.source_arn) ||
                      contains(element.aws, std::string_view(caller.id).substr(0, caller.id.find(':')));
      break;
    case CallerType::kService:
      result.direct = contains(element.services, caller.name);
      break;
    case CallerType::kIdentityProvider:
      result.direct = contains(element.federated, caller.name);
      break;
  }
  return result;
}

bool lists_every_name(const PrincipalElement& element, const CallerIdentity& caller) {
  const Listed names = listed(element, caller);
  switch (caller.type) {
    case CallerType::kRoot:
      return names.account;
    case CallerType::kUser:
      return names.account && names.direct;
    case CallerType::kRoleSession:
    case CallerType::kFederatedUser:
      return names.account && (names.source || is_root(caller)) && names.direct;
    case CallerType::kService:
    case CallerType::kIdentityProvider:
      return names.direct;
    case CallerType::kAnonymous:
      return false;
  }
  return false;
}

}  // namespace

bool is_root(const CallerIdentity& caller) {
  if (caller.type == CallerType::kRoot) return true;
  return caller.type == CallerType::kFederatedUser && !account_of_root(caller.source_arn).empty();
}

Result<PrincipalElement> read_principal(const JsonValue& json, bool negated) {
  PrincipalElement element;
  element.negated = negated;
  if (const auto* text = json.as<std::string>()) {
    if (*text != "*")
      return fail(ErrorKind::kInvalidArgument, fmt::format("Invalid principal in policy: \"{}\"", *text));
    element.everyone = true;
    return element;
  }
  const auto* members = json.as<JsonValue::Object>();
  if (members == nullptr || members->empty())
    return fail(ErrorKind::kInvalidArgument, "Principal is neither \"*\" nor an object with a principal");
  for (const auto& member : *members) COFFER_CHECK(add_entries(element, member));
  return element;
}

Closeness closeness(const PrincipalElement& element, const CallerIdentity& caller) {
  if (element.everyone) return Closeness::kDirect;
  const Listed names = listed(element, caller);
  if (names.direct) return Closeness::kDirect;
  if (names.source) return Closeness::kSource;
  return names.account ? Closeness::kAccount : Closeness::kNone;
}

bool is_denied(const PrincipalElement& element, const CallerIdentity& caller, bool has_boundary) {
  if (!element.negated) return closeness(element, caller) != Closeness::kNone;
  // "The NotPrincipal element with a Deny effect will always deny any IAM principal that has a permissions
  // boundary policy attached" (IAM User Guide, "Permissions boundaries for IAM entities").
  return has_boundary || !(element.everyone || lists_every_name(element, caller));
}

}  // namespace coffer::policy
