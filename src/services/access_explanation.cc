// SPDX-License-Identifier: Apache-2.0
#include "services/access_explanation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "base/ids.h"
#include "policy/match.h"
#include "services/access_inquiry.h"
#include "services/access_notes.h"
#include "services/arn.h"
#include "services/iam_names.h"

namespace coffer::services {
namespace {

using catalog::IamEntity;
using policy::Principal;
using policy::PrincipalType;

constexpr std::string_view kAnySession = "any-session";
constexpr size_t kLargestContext = 64 << 10;  // bytes; more than any call brings

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationError");
}

tl::unexpected<Error> no_such(std::string message) {
  return fail(ErrorKind::kNotFound, std::move(message), "NoSuchEntity");
}

Result<std::optional<IamEntity>> entity_named(Installation& installation, const std::string& account,
                                              const char* kind, const std::string& name) {
  std::optional<IamEntity> entity;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.iam_entity_named(account, kind, name));
    entity = std::move(found);
    return {};
  }));
  return entity;
}

// Whose a resource is, decides which organization's policies are looked at. An account asks only about what
// is its own, so that its request tells nothing of that but what is so.
bool tells_of_the_owner(std::string_view condition_key) {
  constexpr std::array<std::string_view, 3> kKeys = {"aws:resourceaccount", "aws:resourceorgid",
                                                     "aws:resourceorgpaths"};
  return std::ranges::find(kKeys, policy::to_lower(condition_key)) != kKeys.end();
}

Status check_account(Installation& installation, const std::string& id) {
  return installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(account, transaction.account(id));
    if (account) return {};
    return no_such(fmt::format("There is no account {} here.", id));
  });
}

// "assumed-role/ROLE/SESSION" (STS API Reference, AssumeRole, RoleSessionName).
bool names_session(std::string_view resource) {
  constexpr size_t kShortest = 2, kLongest = 64;
  resource.remove_prefix(resource.find('/') + 1);
  const size_t slash = resource.find('/');
  if (slash == 0 || slash == std::string_view::npos) return false;
  const std::string_view name = resource.substr(slash + 1);
  return name.size() >= kShortest && name.size() <= kLongest && std::ranges::all_of(name, [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                  std::string_view("_+=,.@-").find(c) != std::string_view::npos;
         });
}

// A role stands for any session of it.
Result<Principal> principal_named(Installation& installation, const std::string& text) {
  const auto arn = parse_arn(text);
  const bool known = arn && (arn->service == "iam" || arn->service == "sts") && is_account_id(arn->account);
  if (!known) return invalid(fmt::format("'{}' is no ARN of a root user, user, role or session.", text));
  COFFER_CHECK(check_account(installation, arn->account));
  if (arn->resource == "root") return policy::principal_of(arn->account, text);
  if (arn->resource.starts_with("federated-user/"))
    return invalid("Federated users are explained only to themselves, by ExplainAccess.");
  if (arn->resource.starts_with("assumed-role/") && !names_session(arn->resource))
    return invalid(fmt::format("'{}' is no ARN of a session: that is assumed-role/ROLE/SESSION.", text));
  const std::string kind = arn->resource.substr(0, arn->resource.find('/'));
  const std::string name = policy::entity_name(text);
  if (name.empty() || (kind != "user" && kind != "role" && kind != "assumed-role"))
    return invalid(fmt::format("'{}' is no ARN of a root user, user, role or session.", text));
  COFFER_TRY(entity, entity_named(installation, arn->account, kind == "user" ? "user" : "role", name));
  if (!entity || (kind != "assumed-role" && entity_arn(*entity) != text))
    return no_such(fmt::format("There is no {}.", text));
  if (kind != "role") return policy::principal_of(arn->account, text);
  return policy::principal_of(arn->account, assumed_role_arn(*entity, kAnySession));
}

Status check_case(const AccessCase& access) {
  const size_t colon = access.action.find(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == access.action.size() ||
      access.action.find('*') != std::string::npos)
    return invalid(fmt::format("'{}' is no action, such as kms:Decrypt.", access.action));
  if (access.resource != "*" && !parse_arn(access.resource))
    return invalid(fmt::format("'{}' is neither an ARN nor *.", access.resource));
  size_t context = 0;
  for (const auto& [name, value] : access.context) context += name.size() + value.size();
  if (context > kLargestContext)
    return invalid(fmt::format("The context has more than {} bytes.", kLargestContext));
  return {};
}

Result<Principal> principal_of(Installation& installation, const AccessCase& access) {
  if (access.caller != nullptr) return *access.caller;
  return principal_named(installation, access.principal_arn);
}

// What may be asked for this action, as Coffer asks it: ValidationError or NoSuchEntity for other questions.
Status find_action(Inquiry& inquiry, AccessCase& access) {
  const AskedAction* asked = inquiry.asked = find_asked_action(access.action);
  if (asked == nullptr) return check_unasked_action(access.action);
  access.action = asked->action;  // whatever the case of its letters
  if (!asked->in_its_place.empty())
    return invalid(fmt::format("{} is asked as {}: ask about each.", access.action,
                               fmt::join(asked->in_its_place, " and ")));
  if (access.resource == "*")
    return asked->on_nothing || asked->unasked ? Status() : needs_a_resource(*asked);
  COFFER_TRY(kind, asked_kind_of(*asked, access.resource));
  inquiry.kind = kind;
  const std::string region = parse_arn(access.resource)->region;
  const auto& here = inquiry.installation.regions;
  if (region.empty() || std::ranges::find(here, region) != here.end()) return {};
  return no_such(fmt::format("There is no region {} here; there is {}.", region, fmt::join(here, ", ")));
}

// What no policy changes; empty where policies decide.
std::string never_because(const Inquiry& inquiry) {
  const std::string& action = inquiry.access.action;
  const bool by_users = action == "sts:GetSessionToken" || action == "sts:GetFederationToken";
  if (by_users && inquiry.principal.type == PrincipalType::kRoleSession)
    return fmt::format("because {} takes no session credentials", action.substr(action.find(':') + 1));
  const bool unasked = inquiry.asked != nullptr && inquiry.asked->unasked;
  return unasked ? inquiry.policies->nobody_because : std::string();
}

void give_context(Inquiry& inquiry) {
  const AccessCase& access = inquiry.access;
  for (const auto& [name, value] : access.context)
    if (access.asking_account.empty() || !tells_of_the_owner(name)) inquiry.given.add(name, value);
  if (!inquiry.given.find("aws:securetransport") && !inquiry.given.find("kms:viaservice"))
    inquiry.given.set("aws:SecureTransport", access.secure_transport ? "true" : "false");
  // Temporary credentials always have this key.
  if (inquiry.principal.type == PrincipalType::kRoleSession && access.caller == nullptr &&
      !inquiry.given.find("aws:multifactorauthpresent"))
    inquiry.given.set("aws:MultiFactorAuthPresent", "false");
}

}  // namespace

Result<AccessExplanation> explain_access_of(Installation& installation, const AccessCase& asked,
                                            Principal principal, SharedCallerPolicies policies) {
  COFFER_CHECK(check_case(asked));
  AccessCase access = asked;
  Inquiry inquiry{installation, access, std::move(principal), std::move(policies), {}, nullptr, nullptr, {}};
  COFFER_CHECK(find_action(inquiry, access));
  give_context(inquiry);
  inquiry.told.principal_arn = inquiry.principal.arn;
  inquiry.told.action = access.action;
  inquiry.told.resource = access.resource;
  if (const auto never = never_because(inquiry); !never.empty()) {
    inquiry.told.reason = never;
    return std::move(inquiry.told);
  }
  if (inquiry.asked != nullptr && inquiry.asked->unasked) {
    inquiry.told.allowed = true;
    inquiry.told.reason = "because everybody may do it";
    return std::move(inquiry.told);
  }
  COFFER_CHECK(ask(inquiry));
  if (inquiry.told.reason.empty() && !inquiry.told.questions.empty())
    inquiry.told.reason = inquiry.told.questions.front().reason;
  add_notes(inquiry);
  return std::move(inquiry.told);
}

Result<AccessExplanation> explain_access(Installation& installation, const AccessCase& access) {
  COFFER_CHECK(check_case(access));
  COFFER_TRY(principal, principal_of(installation, access));
  COFFER_TRY(policies, load_caller(installation, principal));
  return explain_access_of(installation, access, std::move(principal), std::move(policies));
}

}  // namespace coffer::services
