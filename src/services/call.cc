// SPDX-License-Identifier: Apache-2.0
#include "services/call.h"

namespace coffer {
namespace {

std::string service_of(const std::string& action) {
  return action.substr(0, action.find(':'));
}

}  // namespace

Result<AccessDecision> Call::decide(AccessQuestion question) {
  if (!policies_) {
    COFFER_TRY(loaded, load_caller(installation, principal));
    policies_ = std::move(loaded);
  }
  has_asked_ = true;
  if (question.via_service.empty() && service_of(question.action) != service) question.via_service = service;
  return coffer::decide(policies_, principal, {time, region, source_ip_address, user_agent, secure_transport},
                        std::move(question));
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
