// SPDX-License-Identifier: Apache-2.0
#include "services/authorisation.h"

#include <fmt/format.h>

#include "base/ids.h"
#include "policy/caller_keys.h"
#include "services/arn.h"
#include "services/iam_names.h"

namespace coffer {
namespace {

std::string resource_account_of(const AccessQuestion& question, const policy::Principal& principal) {
  if (!question.resource_account.empty()) return question.resource_account;
  const auto arn = services::parse_arn(question.resource);
  if (arn) return arn->account;
  // Of what is no ARN nobody can be the owner.
  return question.resource == "*" ? principal.account : std::string();
}

// Through a VPC endpoint the address is one of the VPC's, and has a key of its own.
void add_network(const RequestOrigin& origin, policy::Context& context) {
  const bool through_endpoint = !origin.vpc_endpoint.empty();
  if (!origin.source_ip_address.empty())
    context.set(through_endpoint ? "aws:VpcSourceIp" : "aws:SourceIp", origin.source_ip_address);
  if (!through_endpoint) return;
  context.set("aws:SourceVpce", origin.vpc_endpoint);
  if (!origin.vpc.empty()) context.set("aws:SourceVpc", origin.vpc);
}

// aws:SourceIp is the address that the asking service has, which is none: as at AWS, a policy that allows
// from certain addresses only does not allow what a service does in the caller's name.
void add_way(const RequestOrigin& origin, const std::string& via_service, policy::Context& context) {
  const bool direct = via_service.empty();
  context.set("aws:ViaAWSService", direct ? "false" : "true");
  context.set("aws:SecureTransport", origin.secure_transport || !direct ? "true" : "false");
  if (direct) {
    add_network(origin, context);
    if (!origin.user_agent.empty()) context.set("aws:UserAgent", origin.user_agent);
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

// Long-lived credentials have neither key: there "false" would be a lie, as MFA cannot be had with them.
void add_mfa(const policy::Principal& principal, Timestamp now, policy::Context& context) {
  const auto& authenticated = principal.session.mfa_authenticated;
  if (!principal.temporary && !authenticated) return;
  context.set("aws:MultiFactorAuthPresent", authenticated ? "true" : "false");
  if (!authenticated) return;
  const int64_t age = (now.microseconds - authenticated->microseconds) / 1'000'000;
  context.set("aws:MultiFactorAuthAge", std::to_string(age));
}

void add_session(const policy::Principal& principal, policy::Context& context) {
  if (!principal.temporary) return;
  context.set("aws:TokenIssueTime", iso8601(principal.session.issued));
  for (const auto& [name, value] : principal.session.context) context.add(name, value);
}

void add_tags(const CallerPolicies& policies, const policy::Principal& principal, policy::Context& context) {
  for (const auto& [name, value] : policies.tags) context.set("aws:PrincipalTag/" + name, value);
  for (const auto& [name, value] : principal.session.tags) context.set("aws:PrincipalTag/" + name, value);
}

std::string code_for(const std::string& service) {
  if (service == "ec2") return "UnauthorizedOperation";
  const bool json = service == "kms" || service == "ebs" || service == "organizations";
  return json ? "AccessDeniedException" : "AccessDenied";
}

// Who owns the resource itself: a grant has its key asked about as the grantee's own.
std::string owner_of(const AccessQuestion& question, const std::string& resource_account) {
  const auto arn = services::parse_arn(question.resource);
  return arn && is_account_id(arn->account) ? arn->account : resource_account;
}

// Null too for what is about no resource, as services' lists are.
Result<SharedAccountOrganization> organization_of_resource(Installation& installation,
                                                           const CallerPolicies& policies,
                                                           const AccessQuestion& question,
                                                           const std::string& resource_account) {
  if (question.resource == "*" || !installation.organizations->any(installation.catalog))
    return SharedAccountOrganization();
  const std::string owner = owner_of(question, resource_account);
  if (owner == policies.caller.identity.account) return policies.organization;
  return installation.organizations->find(installation, owner);
}

// Organizations User Guide, "Resource control policies": the services they apply to, as far as they are here;
// and KMS Developer Guide, "Resource control policies in AWS KMS": no retiring of grants, no AWS managed key.
bool has_resource_control(const AccessQuestion& question, const policy::CallerIdentity& caller) {
  const std::string_view service = std::string_view(question.action).substr(0, question.action.find(':'));
  return (service == "kms" || service == "sts" || service == "s3") && question.action != "kms:RetireGrant" &&
         !question.aws_managed && !services::is_service_linked_role(caller.source_arn);
}

// EBS's actions do not have aws:ResourceAccount (IAM User Guide, "AWS global condition context keys").
void add_resource_owner(const AccessQuestion& question, const std::string& resource_account,
                        const AccountOrganization* organization, policy::Context& context) {
  if (question.resource == "*") return;
  if (!question.action.starts_with("ebs:"))
    context.set("aws:ResourceAccount", owner_of(question, resource_account));
  if (organization == nullptr) return;  // closed accounts do not come here
  context.set("aws:ResourceOrgID", organization->id);
  context.set("aws:ResourceOrgPaths", policy::Context::Values{organization->path});
}

void add_principal_organization(const CallerPolicies& policies, policy::Context& context) {
  if (!policies.organization) return;
  context.set("aws:PrincipalOrgID", policies.organization->id);
  context.set("aws:PrincipalOrgPaths", policy::Context::Values{policies.organization->path});
}

AccessDecision denied_because(AccessDecision decision, std::string reason) {
  decision.verdict.outcome = policy::Outcome::kExplicitDeny;
  decision.because = std::move(reason);
  return decision;
}

}  // namespace

Result<AccessDecision> decide(Installation& installation, SharedCallerPolicies policies,
                              const policy::Principal& principal, const RequestOrigin& origin,
                              const AccessQuestion& question) {
  AccessDecision decision;
  decision.policies = std::move(policies);
  if (const std::string& nobody = decision.policies->nobody_because; !nobody.empty())
    return denied_because(std::move(decision), nobody);
  const policy::Caller& caller = decision.policies->caller;
  const std::string resource_account = resource_account_of(question, principal);
  COFFER_TRY(organization,
             organization_of_resource(installation, *decision.policies, question, resource_account));
  decision.resource_organization = std::move(organization);
  const AccountOrganization* resource_organization = decision.resource_organization.get();
  if (resource_organization != nullptr && resource_organization->closed)
    return denied_because(std::move(decision), "because the account that owns the resource is closed");
  const auto fill = [&](policy::Context& context) {
    context = question.gather_context ? question.gather_context() : question.context;
    policy::add_caller_keys(caller.identity, context);
    add_principal_organization(*decision.policies, context);
    add_resource_owner(question, resource_account, resource_organization, context);
    add_tags(*decision.policies, principal, context);
    add_time(origin.time, context);
    add_session(principal, context);
    add_mfa(principal, origin.time, context);
    add_way(origin, question.via_service, context);
    if (!origin.region.empty()) context.set("aws:RequestedRegion", origin.region);
    if (question.given != nullptr) context.set_all(*question.given);
  };
  policy::AccessRequest request{caller,
                                question.action,
                                question.resource,
                                resource_account,
                                policy::LazyContext(std::cref(fill)),
                                question.resource_policy,
                                question.rule};
  if (resource_organization != nullptr && has_resource_control(question, caller.identity))
    request.resource_control_levels = &resource_organization->resource_control;
  decision.verdict = policy::evaluate(request);
  if (question.observe) question.observe(request);
  return decision;
}

Error refusal(const policy::Principal& principal, const std::string& service, const AccessQuestion& question,
              const AccessDecision& decision) {
  // EC2 does not name a resource where there is none.
  const bool on_nothing = question.resource == "*" && service == "ec2";
  const std::string reason =
      decision.because.empty() ? policy::reason(decision.verdict, question.action) : decision.because;
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
  COFFER_TRY(decision, decide(installation, policies, principal, background_origin(installation), question));
  if (decision.allowed()) return {};
  return tl::unexpected(refusal(principal, service, question, decision));
}

}  // namespace coffer
