// SPDX-License-Identifier: Apache-2.0
#include "services/access_explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/ids.h"
#include "policy/match.h"
#include "services/arn.h"
#include "services/authorisation.h"
#include "services/iam_names.h"
#include "services/kms/key_access.h"

namespace coffer::services {
namespace {

using catalog::IamEntity;
using policy::Principal;
using policy::PrincipalType;

constexpr std::string_view kContextPrefix = "kms:EncryptionContext:";
constexpr std::string_view kAnySession = "any-session";

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

// A role stands for any session of it.
Result<Principal> principal_named(Installation& installation, const std::string& text) {
  const auto arn = parse_arn(text);
  const bool known = arn && (arn->service == "iam" || arn->service == "sts") && is_account_id(arn->account);
  if (!known) return invalid(fmt::format("'{}' is no ARN of a root user, user, role or session.", text));
  COFFER_CHECK(check_account(installation, arn->account));
  if (arn->resource == "root") return policy::principal_of(arn->account, text);
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

// What the question is asked with, and what was heard.
struct Inquiry {
  Installation& installation;
  const AccessCase& access;
  Principal principal;
  SharedCallerPolicies policies;
  policy::Context given;
  AccessExplanation told;

  Result<AccessDecision> decide(const AccessQuestion& question) {
    AccessQuestion watched = question;
    watched.given = &given;
    watched.observe = [&](const policy::AccessRequest& request) {
      told.questions.push_back(policy::explain_request(request));
      if (question.observe) question.observe(request);
    };
    const auto arn = parse_arn(question.resource);
    const std::string region = arn && !arn->region.empty() ? arn->region : installation.regions.front();
    auto decision =
        coffer::decide(installation, policies, principal, background_origin(installation, region), watched);
    if (decision && !decision->because.empty()) told.reason = decision->because;
    return decision;
  }
  // "ec2" of kms:ViaService's "ec2.us-west-2.amazonaws.com".
  std::string via_service() const {
    const auto values = given.find("kms:viaservice");
    const std::string_view service = values ? values->only().value_or("") : "";
    return std::string(service.substr(0, service.find('.')));
  }
};

Status ask_about_key(Inquiry& inquiry, const Arn& arn) {
  COFFER_TRY(named, kms::key_named(inquiry.installation, arn, inquiry.installation.clock.now()));
  if (!named) return no_such(fmt::format("There is no {}.", inquiry.access.resource));
  const kms::FoundKey& key = *named;
  inquiry.told.resource = key.arn;
  kms::KeyRequest said;
  for (const auto& [name, value] : inquiry.access.context)
    if (name.starts_with(kContextPrefix)) said.encryption_context[name.substr(kContextPrefix.size())] = value;
  said.via_service = inquiry.via_service();
  const auto permitted =
      kms::permission_for_key(inquiry.installation, inquiry.principal, inquiry.access.action, key, said,
                              [&](const AccessQuestion& question) { return inquiry.decide(question); });
  if (!permitted && permitted.error().kind != ErrorKind::kPermissionDenied)
    return tl::unexpected(permitted.error());
  inquiry.told.allowed = permitted.has_value();
  if (permitted && *permitted) inquiry.told.reason = "because the grant " + (*permitted)->id + " allows it";
  return {};
}

Status ask_about_role(Inquiry& inquiry, const Arn& arn) {
  COFFER_TRY(role, entity_named(inquiry.installation, arn.account, "role",
                                policy::entity_name(inquiry.access.resource)));
  if (!role || entity_arn(*role) != inquiry.access.resource)
    return no_such(fmt::format("There is no {}.", inquiry.access.resource));
  COFFER_TRY(document,
             inquiry.installation.documents->read(role->trust_policy, policy::DocumentKind::kTrust));
  const policy::AttachedPolicy trust{"trust policy of " + inquiry.access.resource, document.get()};
  AccessQuestion question{.action = inquiry.access.action,
                          .resource = inquiry.access.resource,
                          .resource_account = role->account,
                          .resource_policy = &trust,
                          .rule = policy::ResourcePolicyRule::kMustAllowAsTrust};
  for (const auto& [name, value] : role->tags) question.context.set("aws:ResourceTag/" + name, value);
  COFFER_TRY(decision, inquiry.decide(question));
  inquiry.told.allowed = decision.allowed() && inquiry.principal.type != PrincipalType::kRoot;
  if (inquiry.principal.type == PrincipalType::kRoot)
    inquiry.told.reason = "because roles may not be assumed by root users";
  return {};
}

// Who owns what an ARN without an account names: a snapshot, if it is here and for the asker to know of,
// whose it is; else, as of buckets, whom the question's context names (the installation's owner may name
// anybody), or the principal's own account.
Result<std::string> unnamed_owner(Inquiry& inquiry, const Arn& arn) {
  const auto given = inquiry.given.find("aws:resourceaccount");
  std::string owner(given ? given->only().value_or(inquiry.principal.account) : inquiry.principal.account);
  if (arn.service != "ec2" || !arn.resource.starts_with("snapshot/")) return owner;
  COFFER_CHECK(inquiry.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(snapshot, transaction.snapshot(arn.resource.substr(arn.resource.find('/') + 1)));
    const std::string& asker = inquiry.access.asking_account;
    if (snapshot && (asker.empty() || asker == snapshot->account)) owner = snapshot->account;
    return {};
  }));
  return owner;
}

Status ask_about_any(Inquiry& inquiry) {
  AccessQuestion question{.action = inquiry.access.action, .resource = inquiry.access.resource};
  const auto arn = parse_arn(inquiry.access.resource);
  if (arn && arn->account.empty()) {
    COFFER_TRY(owner, unnamed_owner(inquiry, *arn));
    question.resource_account = std::move(owner);
  }
  COFFER_TRY(decision, inquiry.decide(question));
  inquiry.told.allowed = decision.allowed();
  return {};
}

Status ask(Inquiry& inquiry) {
  const auto arn = parse_arn(inquiry.access.resource);
  const bool kms_action = inquiry.access.action.starts_with("kms:");
  if (kms_action && arn && arn->service == "kms" &&
      (arn->resource.starts_with("key/") || arn->resource.starts_with("alias/")))
    return ask_about_key(inquiry, *arn);
  if (inquiry.access.action.starts_with("sts:") && arn && arn->service == "iam" &&
      arn->resource.starts_with("role/"))
    return ask_about_role(inquiry, *arn);
  return ask_about_any(inquiry);
}

Status check_case(const AccessCase& access) {
  const size_t colon = access.action.find(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == access.action.size() ||
      access.action.find('*') != std::string::npos)
    return invalid(fmt::format("'{}' is no action, such as kms:Decrypt.", access.action));
  if (access.resource != "*" && !parse_arn(access.resource))
    return invalid(fmt::format("'{}' is neither an ARN nor *.", access.resource));
  return {};
}

}  // namespace

Result<AccessExplanation> explain_access_of(Installation& installation, const AccessCase& access,
                                            Principal principal, SharedCallerPolicies policies) {
  COFFER_CHECK(check_case(access));
  Inquiry inquiry{installation, access, std::move(principal), std::move(policies), {}, {}};
  for (const auto& [name, value] : access.context)
    if (access.asking_account.empty() || !tells_of_the_owner(name)) inquiry.given.add(name, value);
  // Temporary credentials always have this key.
  if (inquiry.principal.type == PrincipalType::kRoleSession &&
      !inquiry.given.find("aws:multifactorauthpresent"))
    inquiry.given.set("aws:MultiFactorAuthPresent", "false");
  inquiry.told.principal_arn = inquiry.principal.arn;
  inquiry.told.action = access.action;
  inquiry.told.resource = access.resource;
  COFFER_CHECK(ask(inquiry));
  if (inquiry.told.reason.empty() && !inquiry.told.questions.empty())
    inquiry.told.reason = inquiry.told.questions.front().reason;
  return std::move(inquiry.told);
}

Result<AccessExplanation> explain_access(Installation& installation, const AccessCase& access) {
  COFFER_CHECK(check_case(access));
  COFFER_TRY(principal, principal_named(installation, access.principal_arn));
  COFFER_TRY(policies, load_caller(installation, principal));
  return explain_access_of(installation, access, std::move(principal), std::move(policies));
}

}  // namespace coffer::services
