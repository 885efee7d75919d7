// SPDX-License-Identifier: Apache-2.0
#include "services/call.h"

namespace coffer {
namespace {

std::string_view service_of(std::string_view action) {
  return action.substr(0, action.find(':'));
}

}  // namespace

Result<AccessDecision> Call::decide(const AccessQuestion& question) {
  if (!policies_) {
    COFFER_TRY(loaded, load_caller(installation, principal));
    policies_ = std::move(loaded);
  }
  has_asked_ = true;
  const RequestOrigin origin{time, region, source_ip_address, user_agent, secure_transport};
  if (!question.via_service.empty() || service_of(question.action) == service)
    return coffer::decide(installation, policies_, principal, origin, question);
  AccessQuestion in_its_name = question;
  in_its_name.via_service = service;
  return coffer::decide(installation, policies_, principal, origin, in_its_name);
}

Error Call::refusal(const AccessQuestion& question, const AccessDecision& decision) const {
  return coffer::refusal(principal, service, question, decision);
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
