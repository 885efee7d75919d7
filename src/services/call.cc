// SPDX-License-Identifier: Apache-2.0
#include "services/call.h"

#include "services/authorization_message.h"

namespace coffer {
namespace {

std::string_view service_of(std::string_view action) {
  return action.substr(0, action.find(':'));
}

// The EBS direct APIs are EC2's own: what they ask of EC2 (to tag a snapshot) the caller asks itself.
bool is_asked_directly(std::string_view asked, std::string_view called) {
  return asked == called || (called == "ebs" && asked == "ec2");
}

}  // namespace

Result<AccessDecision> Call::decide(const AccessQuestion& question) {
  if (!policies_) {
    COFFER_TRY(loaded, load_caller(installation, principal));
    policies_ = std::move(loaded);
  }
  has_asked_ = true;
  const RequestOrigin origin{time,         region, source_ip_address, user_agent, secure_transport,
                             vpc_endpoint, vpc};
  if (!question.via_service.empty() || is_asked_directly(service_of(question.action), service))
    return coffer::decide(installation, policies_, principal, origin, question);
  AccessQuestion in_its_name = question;
  in_its_name.via_service = service;
  return coffer::decide(installation, policies_, principal, origin, in_its_name);
}

// EC2 gives a message to pass on, to whoever may decode it.
Error Call::refusal(const AccessQuestion& question, const AccessDecision& decision) {
  Error error = coffer::refusal(principal, service, question, decision);
  if (service != "ec2") return error;
  error.message = "You are not authorized to perform this operation. " + error.message;
  policy::Context context;
  AccessQuestion watched = question;
  watched.observe = [&](const policy::AccessRequest& request) { context = request.context.get(); };
  if (!decide(watched)) return error;
  const auto message = services::encode_authorization_message(
      installation, account, services::authorization_message(principal, question, decision, context));
  // While keyd is away a refusal is one all the same.
  if (message) error.message += ". Encoded authorization failure message: " + *message;
  return error;
}

Status Call::authorise(const AccessQuestion& question) {
  COFFER_TRY(decision, decide(question));
  if (decision.allowed()) return {};
  return tl::unexpected(refusal(question, decision));
}

Status Call::authorise(const std::string& action, const std::string& resource_arn) {
  return authorise({.action = action, .resource = resource_arn});
}

}  // namespace coffer
