// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_access.h"

#include <fmt/format.h>

#include <algorithm>

#include "format/grant_token.h"
#include "policy/resource_consent.h"
#include "services/arn.h"
#include "services/kms/grant_rules.h"
#include "services/kms/key_conditions.h"
#include "services/stored_policy.h"

namespace coffer::services::kms {
namespace {

using GrantFound = std::optional<catalog::Grant>;
using Bound = std::optional<policy::PolicyKind>;

Status check_grant_tokens(const std::vector<std::string>& tokens) {
  for (const std::string& token : tokens)
    if (!format::parse_grant_token(token))
      return fail(ErrorKind::kInvalidArgument, "The grant token is not valid.", "InvalidGrantTokenException");
  return {};
}

// The first that fits. What a grant to a name allows is the same for each of them.
const catalog::Grant* find_fitting(const std::vector<catalog::Grant>& grants, std::string_view operation,
                                   const KeyRequest& said) {
  const auto fits = [&](const auto& grant) { return permits(grant, operation, said.encryption_context); };
  const auto found = std::ranges::find_if(grants, fits);
  return found == grants.end() ? nullptr : &*found;
}

// A grant allows by itself what the key's policy would allow to its grantee by name, also to another
// account's; what forbids beside (service control policies) still does. Other than where a policy names a
// user or session, its boundary and session policies must allow too: AWS documents that resource-based
// policies may go beyond those, and says it of no grant. `forbids`: which of them makes a grant useless.
Result<GrantFound> permitting_grant(Installation& installation, const FoundKey& key, const KeyRequest& said,
                                    const policy::CallerIdentity& caller, AccessQuestion question,
                                    const DecideAccess& decide, Bound& forbids) {
  const std::string_view operation = operation_of(question.action);
  if (operation.empty()) return GrantFound();
  question.resource_account = caller.account;
  Bound bound;
  question.observe = [&](const policy::AccessRequest& request) { bound = policy::forbidding_bound(request); };
  for (const std::string& name : names_of(caller)) {
    COFFER_TRY(grants, installation.known_grants->find(installation.catalog, key.key, name));
    const catalog::Grant* grant = find_fitting(*grants, operation, said);
    if (grant == nullptr) continue;
    const policy::Document document = as_policy(question.action, {grant->grantee_principal});
    const policy::AttachedPolicy policy{"grant " + grant->id, &document};
    question.resource_policy = &policy;
    COFFER_TRY(decision, decide(question));
    if (!decision.allowed()) continue;
    if (!bound) return GrantFound(*grant);
    forbids = bound;
  }
  return GrantFound();
}

// Does only the key's policy stand in the way, or nothing that anybody could name?
bool hides_the_key(const policy::Verdict& verdict) {
  return verdict.findings.empty() || verdict.findings.back().kind == policy::PolicyKind::kResource;
}

std::string arn_as_asked(const FoundKey& key) {
  return key.alias.empty() ? key.arn : alias_arn(key.key.region, key.key.account, key.alias);
}

Error foreign_key_refusal(const std::string& who, const std::string& action, const std::string& arn) {
  return Error{ErrorKind::kPermissionDenied,
               fmt::format("User: {} is not authorized to perform: {} on resource: {} because the resource "
                           "does not exist in this Region, no resource-based policies allow access, or a "
                           "resource-based policy explicitly denies access",
                           who, action, arn),
               "AccessDeniedException"};
}

// The key's policy, read when the row was. One that is only tried out (PutKeyPolicy) is not that row's; it
// was read before it came here, so what cannot be read is stored. No call that the key's policy decides can
// mend that.
Result<std::shared_ptr<const policy::Document>> policy_of(Installation& installation, const FoundKey& key,
                                                          const StoredKey* stored) {
  if (stored != nullptr && stored->policy != nullptr && stored->key.policy == key.key.policy)
    return stored->policy;
  auto document = read_stored_policy(*installation.documents, key.key.policy, policy::DocumentKind::kKey,
                                     "policy of " + key.arn);
  if (!document)
    document.error().message +=
        fmt::format(" (coffer kms reset-policy {} gives it the default one)", key.arn);
  return document;
}

struct Asker {
  Installation& installation;
  const policy::Principal& principal;
  std::string via_service;
  DecideAccess decide;
  std::function<Error(const AccessQuestion&, const AccessDecision&)> refusal;
  bool explains = false;  // to somebody who may know all: `decide` hears of what decides alone
};

// Whether another account's key is there, what it is like and who may use it is for those whom its policy
// lets in. Others hear what they would hear of a key that does not exist: what forbids them the name that
// they asked by, if anything does, else that there may be no such key. So conditions of their own policies
// tell them nothing of the key.
Error refusal_of_unknown(const Asker& asker, const std::string& action, const std::string& arn) {
  const policy::Document nothing;  // allows nobody anything
  const policy::AttachedPolicy policy{"", &nothing};
  const AccessQuestion question{.action = action,
                                .resource = arn,
                                .resource_policy = &policy,
                                .rule = policy::ResourcePolicyRule::kMustAllow,
                                .via_service = asker.via_service};
  const auto decision = asker.decide(question);
  if (!decision) return decision.error();
  if (hides_the_key(decision->verdict))
    return foreign_key_refusal(policy::name_of(asker.principal), action, arn);
  return asker.refusal(question, *decision);
}

Result<GrantFound> permission(const Asker& asker, const std::string& action, const FoundKey& key,
                              const KeyRequest& said) {
  const bool foreign = key.key.account != asker.principal.account;
  const Status tokens = check_grant_tokens(said.grant_tokens);
  if (!tokens && !foreign) return tl::unexpected(tokens.error());
  COFFER_TRY(stored, stored_of(asker.installation, key));
  COFFER_TRY(document, policy_of(asker.installation, key, stored.get()));
  const policy::AttachedPolicy policy{"key policy of " + key.arn, document.get()};
  const auto conditions = [&] {
    const std::string via = asker.via_service.empty()
                                ? ""
                                : fmt::format("{}.{}.amazonaws.com", asker.via_service, key.key.region);
    return key_conditions(key, stored ? stored->aliases : std::vector<std::string>(), asker.principal.account,
                          via, said);
  };
  AccessQuestion question{.action = action,
                          .resource = key.arn,
                          .resource_account = key.key.account,
                          .aws_managed = key.key.manager == "AWS",
                          .resource_policy = &policy,
                          .rule = policy::ResourcePolicyRule::kMustAllow,
                          .gather_context = std::cref(conditions),
                          .via_service = asker.via_service};
  bool lets_in = false;
  if (foreign)
    question.observe = [&](const policy::AccessRequest& request) {
      lets_in = policy::resource_policy_allows(request);
    };
  COFFER_TRY(decision, asker.decide(question));
  question.observe = nullptr;
  if (decision.allowed() && !tokens) return tl::unexpected(tokens.error());
  if (decision.allowed()) return GrantFound();
  if (decision.verdict.outcome == policy::Outcome::kImplicitDeny) {
    Bound forbids;
    COFFER_TRY(grant, permitting_grant(asker.installation, key, said, decision.policies->caller.identity,
                                       question, asker.decide, forbids));
    if (grant) return grant;
    if (forbids)
      decision.verdict.findings.push_back(
          {*forbids, policy::Outcome::kImplicitDeny, nullptr, 0, policy::Closeness::kNone});
  }
  if (foreign && !asker.explains) {
    if (!lets_in) return tl::unexpected(refusal_of_unknown(asker, action, arn_as_asked(key)));
    question.gather_context = {};  // what the key is like goes into no message that the caller can open
  }
  return tl::unexpected(asker.refusal(question, decision));
}

// EC2 uses keys for those who call the EBS direct APIs too.
std::string service_between(const Call& call, const KeyRequest& said) {
  if (call.service == "kms") return said.via_service;
  return call.service == "ebs" ? "ec2" : call.service;
}

Asker asker_of(Call& call, const KeyRequest& said) {
  return {call.installation, call.principal, service_between(call, said),
          [&call](const AccessQuestion& question) { return call.decide(question); },
          [&call](const AccessQuestion& question, const AccessDecision& decision) {
            return call.refusal(question, decision);
          }};
}

Asker asker_of(const policy::Principal& principal, Installation& installation, const KeyRequest& said,
               const DecideAccess& decide) {
  return {installation, principal, said.via_service, decide,
          [&](const AccessQuestion& question, const AccessDecision& decision) {
            return coffer::refusal(principal, said.via_service, question, decision);
          }};
}

}  // namespace

Status authorise_key(Call& call, const std::string& action, const FoundKey& key, const KeyRequest& said) {
  COFFER_CHECK(permission_for_key(call, action, key, said));
  return {};
}

Result<GrantFound> permission_for_key(Call& call, const std::string& action, const FoundKey& key,
                                      const KeyRequest& said) {
  return permission(asker_of(call, said), action, key, said);
}

Result<GrantFound> permission_for_key(Installation& installation, const policy::Principal& principal,
                                      const std::string& action, const FoundKey& key, const KeyRequest& said,
                                      const DecideAccess& decide) {
  Asker asker = asker_of(principal, installation, said, decide);
  asker.explains = true;
  return permission(asker, action, key, said);
}

Status authorise_key(Installation& installation, const policy::Principal& principal,
                     const std::string& action, const FoundKey& key, const KeyRequest& said) {
  COFFER_TRY(policies, load_caller(installation, principal));
  const RequestOrigin origin = background_origin(installation, key.key.region);
  const DecideAccess decide = [&](const AccessQuestion& question) {
    return coffer::decide(installation, policies, principal, origin, question);
  };
  COFFER_CHECK(permission(asker_of(principal, installation, said, decide), action, key, said));
  return {};
}

Error unknown_foreign_key(Call& call, const std::string& action, const std::string& arn) {
  return refusal_of_unknown(asker_of(call, {}), action, arn);
}

Status refuse_dry_run(const std::optional<bool>& wish) {
  if (!wish.value_or(false)) return {};
  return fail(ErrorKind::kConflict, "The request would have succeeded, but the DryRun option is set.",
              "DryRunOperationException");
}

}  // namespace coffer::services::kms
