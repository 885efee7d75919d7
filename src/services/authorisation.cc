// SPDX-License-Identifier: Apache-2.0
#include "services/authorisation.h"

#include <fmt/format.h>

#include "policy/caller_keys.h"
#include "services/arn.h"

namespace coffer {
namespace {

std::string resource_account_of(const AccessQuestion& question, const policy::Principal& principal) {
  if (!question.resource_account.empty()) return question.resource_account;
  const auto arn = services::parse_arn(question.resource);
  if (arn) return arn->account;
  // Of what is no ARN nobody can be the owner.
  return question.resource == "*" ? principal.account : std::string();
}

// aws:SourceIp is the address that the asking service has, which is none: as at AWS, a policy that allows
// from certain addresses only does not allow what a service does in the caller's name.
void add_way(const RequestOrigin& origin, const std::string& via_service, policy::Context& context) {
  const bool direct = via_service.empty();
  context.set("aws:ViaAWSService", direct ? "false" : "true");
  context.set("aws:SecureTransport", origin.secure_transport || !direct ? "true" : "false");
  if (direct) {
    if (!origin.source_ip_address.empty()) context.set("aws:SourceIp", std::string(origin.source_ip_address));
    if (!origin.user_agent.empty()) context.set("aws:UserAgent", std::string(origin.user_agent));
    return;
  }
  const std::string service = via_service + ".amazonaws.com";
  context.set("aws:CalledVia", policy::Context::Values{service});
  context.set("aws:CalledViaFirst", service);
  context.set("aws:CalledViaLast", service);
}

// Dates as policies compare them: seconds, in both forms.
void add_time(Timestamp now, policy::Context& context) {
  context.set("aws:CurrentTime", iso8601(now));
  context.set("aws:EpochTime", std::to_string(now.microseconds / 1'000'000));
}

void add_session(const policy::Principal& principal, policy::Context& context) {
  if (!principal.temporary) return;
  context.set("aws:TokenIssueTime", iso8601(principal.session.issued));
  context.set("aws:MultiFactorAuthPresent", "false");
}

void add_tags(const CallerPolicies& policies, const policy::Principal& principal, policy::Context& context) {
  for (const auto& [name, value] : policies.tags) context.set("aws:PrincipalTag/" + name, value);
  for (const auto& [name, value] : principal.session.tags) context.set("aws:PrincipalTag/" + name, value);
}

std::string code_for(const std::string& service) {
  if (service == "ec2") return "UnauthorizedOperation";
  return service == "kms" || service == "ebs" ? "AccessDeniedException" : "AccessDenied";
}

}  // namespace

AccessDecision decide(SharedCallerPolicies policies, const policy::Principal& principal,
                      const RequestOrigin& origin, const AccessQuestion& question) {
  AccessDecision decision;
  decision.policies = std::move(policies);
  if (!decision.policies->nobody_because.empty()) {
    decision.verdict.outcome = policy::Outcome::kExplicitDeny;
    return decision;
  }
  const policy::Caller& caller = decision.policies->caller;
  const auto fill = [&](policy::Context& context) {
    context = question.gather_context ? question.gather_context() : question.context;
    policy::add_caller_keys(caller.identity, context);
    add_tags(*decision.policies, principal, context);
    add_time(origin.time, context);
    add_session(principal, context);
    add_way(origin, question.via_service, context);
    if (!origin.region.empty()) context.set("aws:RequestedRegion", std::string(origin.region));
  };
  const std::string resource_account = resource_account_of(question, principal);
  decision.verdict =
      policy::evaluate({caller, question.action, question.resource, resource_account,
                        policy::LazyContext(std::cref(fill)), question.resource_policy, question.rule});
  return decision;
}

Error refusal(const policy::Principal& principal, const std::string& service, const AccessQuestion& question,
              const AccessDecision& decision) {
  // EC2 does not name a resource where there is none.
  const bool on_nothing = question.resource == "*" && service == "ec2";
  const std::string& nobody = decision.policies->nobody_because;
  const std::string reason = nobody.empty() ? policy::reason(decision.verdict, question.action) : nobody;
  return {ErrorKind::kPermissionDenied,
          fmt::format("User: {} is not authorized to perform: {}{} {}", policy::name_of(principal),
                      question.action, on_nothing ? "" : " on resource: " + question.resource, reason),
          code_for(service)};
}

RequestOrigin background_origin(Installation& installation, std::string_view region) {
  return {installation.clock.now(), region, {}, {}, true};
}

Status authorise(Installation& installation, const policy::Principal& principal, const std::string& service,
                 const AccessQuestion& question) {
  COFFER_TRY(policies, load_caller(installation, principal));
  const auto decision = decide(policies, principal, background_origin(installation), question);
  if (decision.allowed()) return {};
  return tl::unexpected(refusal(principal, service, question, decision));
}

}  // namespace coffer
