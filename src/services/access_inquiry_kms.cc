// SPDX-License-Identifier: Apache-2.0
// Explanations of what is done with KMS keys: by the key's policy, and by its grants.
#include <algorithm>

#include "policy/resource_consent.h"
#include "services/access_inquiry.h"
#include "services/kms/explained_grants.h"
#include "services/kms/explained_use.h"

namespace coffer::services {
namespace {

constexpr std::string_view kContextPrefix = "kms:EncryptionContext:";

kms::KeyRequest request_of(const Inquiry& inquiry) {
  kms::KeyRequest said;
  for (const auto& [name, value] : inquiry.access.context)
    if (name.starts_with(kContextPrefix)) said.encryption_context[name.substr(kContextPrefix.size())] = value;
  said.via_service = inquiry.via_service();
  return said;
}

// A grant does not go beyond the boundary and the session policies of its grantee, where a policy that names
// it would.
Result<AccessDecision> decide_by_grant(Inquiry& inquiry, const AccessQuestion& question) {
  bool within_bounds = true;
  AccessQuestion watched = question;
  watched.observe = [&](const policy::AccessRequest& request) {
    within_bounds = policy::bounds_allow(request);
    if (question.observe) question.observe(request);
  };
  COFFER_TRY(decision, inquiry.decide(watched));
  if (!decision.allowed() || within_bounds) return decision;
  policy::Explanation& told = inquiry.told.questions.back();
  told.outcome = policy::Outcome::kImplicitDeny;
  told.reason = "because no permissions boundary or session policy allows the " + question.action + " action";
  told.because.clear();
  told.needed = {
      {"the permissions boundary and the session policies of a grant's grantee must allow it, too", {}}};
  return decision;
}

// Grants that would allow it in place of policies, were the encryption context another.
Status note_unmet_grants(Inquiry& inquiry, const kms::FoundKey& key, const kms::KeyRequest& said) {
  COFFER_TRY(unmet,
             kms::unmet_grants(inquiry.installation, key, inquiry.access.action, said.encryption_context));
  const auto names = kms::names_of(inquiry.policies->caller.identity);
  for (const catalog::Grant& grant : unmet)
    if (std::ranges::find(names, grant.grantee_principal) != names.end())
      inquiry.told.notes.push_back(kms::when_met(grant) + ".");
  return {};
}

Status ask_for_use(Inquiry& inquiry, const kms::FoundKey& key) {
  kms::KeyRequest said = request_of(inquiry);
  COFFER_CHECK(kms::add_usual_conditions(inquiry.installation, inquiry.access.action, key.key, said));
  const auto decide = [&](const AccessQuestion& question) {
    return inquiry.told.questions.empty() ? inquiry.decide(question) : decide_by_grant(inquiry, question);
  };
  const auto permitted = kms::permission_for_key(inquiry.installation, inquiry.principal,
                                                 inquiry.access.action, key, said, decide);
  if (!permitted && permitted.error().kind != ErrorKind::kPermissionDenied)
    return tl::unexpected(permitted.error());
  inquiry.told.allowed = permitted.has_value();
  if (permitted && *permitted) inquiry.told.reason = "because the grant " + (*permitted)->id + " allows it";
  return permitted ? Status() : note_unmet_grants(inquiry, key, said);
}

// Any grant that the principal may retire will do; told of is that one, or else the last.
Status ask_for_retirement(Inquiry& inquiry, const kms::FoundKey& key) {
  constexpr size_t kAtOnce = 1000;
  std::string after;
  while (!inquiry.told.allowed) {
    std::vector<catalog::Grant> grants;
    COFFER_CHECK(inquiry.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(found, transaction.grants_of_key({key.key.region, key.key.id, "", ""}, after, kAtOnce));
      grants = std::move(found);
      return {};
    }));
    for (const catalog::Grant& grant : grants) {
      inquiry.told.questions.clear();
      COFFER_CHECK(kms::ask_for_retirement(grant, key, inquiry.principal.account,
                                           [&](const AccessQuestion& question) -> Status {
                                             COFFER_TRY(decision, inquiry.decide(question));
                                             inquiry.told.allowed = decision.allowed();
                                             return {};
                                           }));
      if (inquiry.told.allowed) break;
    }
    if (grants.size() < kAtOnce) break;
    after = grants.back().id;
  }
  if (inquiry.told.questions.empty()) inquiry.told.reason = "because the key has no grant";
  return {};
}

}  // namespace

Status ask_about_key(Inquiry& inquiry, const Arn& arn) {
  COFFER_TRY(named, kms::key_named(inquiry.installation, arn, inquiry.installation.clock.now()));
  if (!named) return no_such_resource(inquiry.access.resource);
  inquiry.told.resource = named->arn;
  const std::string& action = inquiry.access.action;
  if (action == "kms:RetireGrant") return ask_for_retirement(inquiry, *named);
  COFFER_CHECK(ask_for_use(inquiry, *named));
  if (named->key.account == inquiry.principal.account || kms::crosses_accounts(action)) return {};
  inquiry.told.allowed = false;
  inquiry.told.reason = "because only principals of the key's own account can do this with it";
  return {};
}

}  // namespace coffer::services
