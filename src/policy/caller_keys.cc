// SPDX-License-Identifier: Apache-2.0
#include "policy/caller_keys.h"

namespace coffer::policy {
namespace {

std::string_view type_name(CallerType type) {
  switch (type) {
    case CallerType::kRoot:
      return "Account";
    case CallerType::kUser:
      return "User";
    case CallerType::kRoleSession:
      return "AssumedRole";
    case CallerType::kFederatedUser:
      return "FederatedUser";
    case CallerType::kAnonymous:
    case CallerType::kIdentityProvider:
      return "Anonymous";
    case CallerType::kService:
      return {};
  }
  return {};
}

// Requests that no AWS credentials sign. Those that come from an identity provider have a token of its own.
void add_unsigned_keys(Context& context) {
  context.set("aws:PrincipalAccount", "anonymous");
  context.set("aws:userid", "anonymous");
}

void add_signed_keys(const CallerIdentity& caller, Context& context) {
  context.set("aws:PrincipalAccount", caller.account);
  context.set("aws:userid", caller.id);
  context.set("aws:PrincipalIsAWSService", "false");
  // "For IAM roles, the request context returns the ARN of the role".
  context.set("aws:PrincipalArn", caller.type == CallerType::kRoleSession ? caller.source_arn : caller.arn);
  if (caller.type == CallerType::kUser)
    context.set("aws:username", caller.arn.substr(caller.arn.rfind('/') + 1));
}

}  // namespace

void add_caller_keys(const CallerIdentity& caller, Context& context) {
  if (caller.type == CallerType::kService) {
    context.set("aws:PrincipalIsAWSService", "true");
    context.set("aws:PrincipalServiceName", caller.name);
    return;
  }
  context.set("aws:PrincipalType", std::string(type_name(caller.type)));
  if (caller.type == CallerType::kAnonymous || caller.type == CallerType::kIdentityProvider)
    add_unsigned_keys(context);
  else
    add_signed_keys(caller, context);
}

}  // namespace coffer::policy
