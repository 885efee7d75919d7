// SPDX-License-Identifier: Apache-2.0
// Explanations of what is done with KMS keys: by the key's policy, and by its grants.
#include <fmt/format.h>

#include <algorithm>

#include "policy/resource_consent.h"
#include "services/access_inquiry.h"
#include "services/kms/explained_grants.h"
#include "services/kms/explained_use.h"

namespace coffer::services {
namespace {

kms::KeyRequest request_of(const Inquiry& inquiry) {
  kms::KeyRequest said;
  said.encryption_context = kms::encryption_context_in(inquiry.access.context);
  said.via_service = inquiry.via_service();
  return said;
}

// A grant does not go beyond the boundary and the session policies of its grantee, where a policy that names
// it would.
Result<AccessDecision> decide_by_grant(Inquiry& inquiry, const AccessQuestion& question) {
  std::optional<policy::PolicyKind> forbids;
  AccessQuestion watched = question;
  watched.observe = [&](const policy::AccessRequest& request) {
    forbids = policy::forbidding_bound(request);
    if (question.observe) question.observe(request);
  };
  COFFER_TRY(decision, inquiry.decide(watched));
  if (!decision.allowed() || !forbids) return decision;
  policy::Explanation& told = inquiry.told.questions.back();
  told.outcome = policy::Outcome::kImplicitDeny;
  told.reason = fmt::format("because no {} allows the {} action", policy::name_of(*forbids), question.action);
  inquiry.told.reason = told.reason;
  told.because.clear();
  told.needed = {
      {"the permissions boundary and the session policies of a grant's grantee must allow it, too", {}}};
  return decision;
}

// Grants allow in place of policies: those that would, were the encryption context another, and one to be
// made.
Status note_grants(Inquiry& inquiry, const kms::FoundKey& key, const kms::KeyRequest& said) {
  // Against a Deny, and where a grant is there already and of no use, another does not help.
  const auto& questions = inquiry.told.questions;
  if (questions.size() != 1 || questions.front().outcome != policy::Outcome::kImplicitDeny) return {};
  const std::string operation(kms::operation_of(inquiry.access.action));
  const auto grantable = kms::grantable_operations(key.key);
  if (std::ranges::find(grantable, operation) != grantable.end())
    inquiry.told.instead.push_back("a grant of " + operation + " on the key");

  COFFER_TRY(unmet,
             kms::unmet_grants(inquiry.installation, key, inquiry.access.action, said.encryption_context,
                               kms::names_of(inquiry.policies->caller.identity)));
  constexpr size_t kMost = 10;
  for (size_t i = 0; i < std::min(unmet.size(), kMost); ++i)
    inquiry.told.instead.push_back(kms::when_met(unmet[i]));
  if (unmet.size() > kMost)
    inquiry.told.instead.push_back(
        fmt::format("{} more grants with other constraints", unmet.size() - kMost));
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
  return permitted ? Status() : note_grants(inquiry, key, said);
}

// The first grant that the principal may retire, else the last; nothing where there is none.
Result<std::optional<catalog::Grant>> grant_to_tell_of(Inquiry& inquiry, const kms::FoundKey& key) {
  constexpr size_t kAtOnce = 1000;
  std::optional<catalog::Grant> last;
  while (true) {
    std::vector<catalog::Grant> grants;
    COFFER_CHECK(inquiry.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
      const std::string after = last ? last->id : "";
      COFFER_TRY(found, transaction.grants_of_key({key.key.region, key.key.id, "", ""}, after, kAtOnce));
      grants = std::move(found);
      return {};
    }));
    for (catalog::Grant& grant : grants) {
      bool allowed = false;
      COFFER_CHECK(kms::ask_for_retirement(grant, key, inquiry.principal.account,
                                           [&](const AccessQuestion& question) -> Status {
                                             COFFER_TRY(decision, inquiry.decide_untold(question));
                                             allowed = decision.allowed();
                                             return {};
                                           }));
      last = std::move(grant);
      if (allowed) return last;
    }
    if (grants.size() < kAtOnce) return last;
  }
}

// Each grant says by itself who may retire it.
Status ask_for_retirement(Inquiry& inquiry, const kms::FoundKey& key) {
  COFFER_TRY(grant, grant_to_tell_of(inquiry, key));
  if (!grant) {
    inquiry.told.reason = "because the key has no grant";
    return {};
  }
  inquiry.told.notes.push_back("Each grant is asked about by itself: this is about " + grant->id + ".");
  return kms::ask_for_retirement(*grant, key, inquiry.principal.account,
                                 [&](const AccessQuestion& question) -> Status {
                                   COFFER_TRY(decision, inquiry.decide(question));
                                   inquiry.told.allowed = decision.allowed();
                                   return {};
                                 });
}

}  // namespace

Status ask_about_key(Inquiry& inquiry, const Arn& arn) {
  COFFER_TRY(named, kms::key_named(inquiry.installation, arn, inquiry.installation.clock.now()));
  if (!named) return no_such_resource(inquiry.access.resource);
  inquiry.told.resource = named->arn;
  const std::string& action = inquiry.access.action;
  if (action == "kms:RetireGrant") return ask_for_retirement(inquiry, *named);
  COFFER_CHECK(ask_for_use(inquiry, *named));
  if (const auto refused = kms::refusal_beside_policies(*named, action); !refused.empty())
    inquiry.told.notes.push_back("Whatever policies say, KMS refuses it: " + refused);
  if (named->key.account == inquiry.principal.account || kms::crosses_accounts(action)) return {};
  inquiry.told.allowed = false;
  inquiry.told.reason = "because only principals of the key's own account can do this with it";
  return {};
}

}  // namespace coffer::services
