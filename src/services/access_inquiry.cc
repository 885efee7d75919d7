// SPDX-License-Identifier: Apache-2.0
#include "services/access_inquiry.h"

#include <fmt/format.h>

#include "services/ec2/permission_context.h"
#include "services/global_services.h"
#include "services/organizations/delegation.h"
#include "services/resource_properties.h"

namespace coffer::services {
namespace {

using policy::PrincipalType;
using Properties = std::optional<ResourceProperties>;

// What an action makes is asked about without what may be there already under its name.
bool makes_it(const Inquiry& inquiry) {
  return inquiry.kind != nullptr && inquiry.kind->naming != ResourceNaming::kPresent &&
         (inquiry.kind->naming != ResourceNaming::kAny ||
          inquiry.access.action.find(":Create") != std::string::npos);
}

// Others' snapshots, whose ARNs name no account, are not there for whoever asks for an account.
bool shows(const Inquiry& inquiry, const ResourceProperties& properties) {
  const std::string& asker = inquiry.access.asking_account;
  return asker.empty() || asker == properties.account;
}

Result<Properties> properties_of(const Inquiry& inquiry, const Arn& arn) {
  if (makes_it(inquiry)) return Properties();
  COFFER_TRY(found, find_properties({inquiry.installation, inquiry.access.action, inquiry.access.resource,
                                     arn, inquiry.principal.account}));
  if (found && shows(inquiry, *found)) return found;
  const bool needed = inquiry.kind != nullptr && inquiry.kind->naming == ResourceNaming::kPresent;
  if (needed) return no_such_resource(inquiry.access.resource);
  return Properties();
}

// Who owns what an ARN without an account names, such as a bucket: whom the question's context names (the
// installation's owner may name anybody), or the principal's own account.
std::string unnamed_owner(const Inquiry& inquiry) {
  const auto given = inquiry.given.find("aws:resourceaccount");
  return std::string(given ? given->only().value_or(inquiry.principal.account) : inquiry.principal.account);
}

// Whether others get into an organization is not for their own policies to say. What its resource policy says
// members do not hear.
Status ask_organization(Inquiry& inquiry, const AccessQuestion& question) {
  const bool owner_asks = inquiry.access.asking_account.empty();
  COFFER_TRY(refusal, organizations::refusal_of_member(
                          inquiry.installation, inquiry.principal.account, question.action, question.resource,
                          question.context, [&](const auto& each) {
                            return owner_asks ? inquiry.decide(each) : inquiry.decide_untold(each);
                          }));
  inquiry.told.allowed = !refusal;
  if (refusal) inquiry.told.reason = *refusal;
  return {};
}

Status ask_about_role(Inquiry& inquiry, AccessQuestion question, const ResourceProperties& role) {
  const policy::AttachedPolicy trust{"trust policy of " + question.resource, role.trust_policy.get()};
  question.resource_policy = &trust;
  question.rule = policy::ResourcePolicyRule::kMustAllowAsTrust;
  COFFER_TRY(decision, inquiry.decide(question));
  const bool root = inquiry.principal.type == PrincipalType::kRoot;
  inquiry.told.allowed = decision.allowed() && !root;
  if (root) inquiry.told.reason = "because roles may not be assumed by root users";
  // Nobody who is asked about here brings a provider's token, whatever policies come to say.
  if (question.action != "sts:AssumeRole" &&
      inquiry.policies->caller.identity.type != policy::CallerType::kIdentityProvider)
    inquiry.told.questions.back().needed.clear();
  return {};
}

Status ask_about_any(Inquiry& inquiry, const std::optional<Arn>& arn) {
  AccessQuestion question{.action = inquiry.access.action, .resource = inquiry.access.resource};
  Properties properties;
  if (arn) {
    COFFER_TRY(found, properties_of(inquiry, *arn));
    properties = std::move(found);
  }
  if (arn && arn->account.empty()) question.resource_account = unnamed_owner(inquiry);
  if (question.action.starts_with("ec2:")) question.context = ec2::region_context(inquiry.region());
  if (properties) {
    question.resource_account = properties->account;
    question.context.set_all(properties->context);
    if (properties->trust_policy) return ask_about_role(inquiry, std::move(question), *properties);
  }
  const bool organizations = question.action.starts_with("organizations:");
  if (organizations) question.resource_account = inquiry.principal.account;
  COFFER_TRY(decision, inquiry.decide(question));
  inquiry.told.allowed = decision.allowed();
  if (decision.allowed() && organizations) return ask_organization(inquiry, question);
  return {};
}

bool is_key(const Arn& arn) {
  return arn.service == "kms" && !arn.resource.ends_with('*') &&
         (arn.resource.starts_with("key/") || arn.resource.starts_with("alias/"));
}

}  // namespace

tl::unexpected<Error> no_such_resource(const std::string& arn) {
  const auto parsed = parse_arn(arn);
  const bool owned_snapshot = parsed && parsed->service == "ec2" && !parsed->account.empty() &&
                              parsed->resource.starts_with("snapshot/");
  return fail(ErrorKind::kNotFound,
              fmt::format("There is no {}{}.", arn,
                          owned_snapshot ? " (the ARN of a snapshot names no account)" : ""),
              "NoSuchEntity");
}

Result<AccessDecision> Inquiry::decide_untold(const AccessQuestion& question) {
  AccessQuestion asked = question;
  asked.given = &given;
  const std::string where = region();
  return coffer::decide(installation, policies, principal, background_origin(installation, where), asked);
}

Result<AccessDecision> Inquiry::decide(const AccessQuestion& question) {
  AccessQuestion watched = question;
  watched.observe = [&](const policy::AccessRequest& request) {
    told.questions.push_back(policy::explain_request(request));
    if (question.observe) question.observe(request);
  };
  auto decision = decide_untold(watched);
  if (decision && !decision->because.empty()) told.reason = decision->because;
  return decision;
}

bool Inquiry::is_global() const {
  return is_global_service(std::string_view(access.action).substr(0, access.action.find(':')));
}

std::string Inquiry::region() const {
  if (is_global()) return kGlobalRegion;
  const auto arn = parse_arn(access.resource);
  if (arn && !arn->region.empty()) return arn->region;
  const auto wanted = given.find("aws:requestedregion");
  return std::string(wanted ? wanted->only().value_or("") : installation.regions.front());
}

std::string Inquiry::via_service() const {
  const auto values = given.find("kms:viaservice");
  const std::string_view service = values ? values->only().value_or("") : "";
  return std::string(service.substr(0, service.find('.')));
}

Status ask(Inquiry& inquiry) {
  const auto arn = parse_arn(inquiry.access.resource);
  const bool on_key = inquiry.access.action.starts_with("kms:") && arn && is_key(*arn) &&
                      (inquiry.kind == nullptr || inquiry.kind->type == "key");
  return on_key ? ask_about_key(inquiry, *arn) : ask_about_any(inquiry, arn);
}

}  // namespace coffer::services
