// SPDX-License-Identifier: Apache-2.0
#include "policy/requester.h"

#include "policy/resource_part.h"

namespace coffer::policy {
namespace {

constexpr std::string_view kUser = "user/", kRole = "role/", kSession = "assumed-role/",
                           kFederated = "federated-user/";

PrincipalType type_of(std::string_view arn) {
  const std::string_view resource = resource_part(arn);
  if (resource.starts_with(kUser)) return PrincipalType::kUser;
  if (resource.starts_with(kFederated)) return PrincipalType::kFederatedUser;
  return resource.starts_with(kSession) ? PrincipalType::kRoleSession : PrincipalType::kRoot;
}

CallerType caller_type(PrincipalType type) {
  switch (type) {
    case PrincipalType::kUser:
      return CallerType::kUser;
    case PrincipalType::kRoleSession:
      return CallerType::kRoleSession;
    case PrincipalType::kFederatedUser:
      return CallerType::kFederatedUser;
    case PrincipalType::kWebIdentity:
      return CallerType::kIdentityProvider;
    case PrincipalType::kRoot:
    case PrincipalType::kUnixUser:
      break;
  }
  return CallerType::kRoot;
}

}  // namespace

CallerIdentity caller_identity(const Principal& principal) {
  CallerIdentity identity;
  identity.type = caller_type(principal.type);
  if (identity.type == CallerType::kIdentityProvider) {
    identity.name = principal.source_arn;
    return identity;
  }
  identity.account = principal.account;
  identity.source_arn = principal.source_arn;
  if (identity.type == CallerType::kRoot) {
    identity.arn = "arn:aws:iam::" + principal.account + ":root";
    identity.id = principal.account;
  } else {
    identity.arn = principal.arn;
    identity.id = principal.id;
  }
  return identity;
}

Principal principal_of(const std::string& account, const std::string& arn) {
  Principal principal;
  principal.type = type_of(arn);
  principal.account = account;
  principal.arn = arn.empty() ? "arn:aws:iam::" + account + ":root" : arn;
  if (principal.type == PrincipalType::kRoot) principal.id = account;
  return principal;
}

std::string source_identity_of(const Principal& principal) {
  for (const auto& [name, value] : principal.session.context)
    if (name == kSourceIdentity) return value;
  return {};
}

const std::string& name_of(const Principal& principal) {
  return principal.arn.empty() ? principal.id : principal.arn;
}

std::string_view resource_part(std::string_view arn) {
  constexpr int kColonsBefore = 5;
  for (int i = 0; i < kColonsBefore; ++i) {
    const size_t colon = arn.find(':');
    if (colon == std::string_view::npos) return {};
    arn.remove_prefix(colon + 1);
  }
  return arn;
}

std::string entity_name(const std::string& arn) {
  std::string_view resource = resource_part(arn);
  if (resource.starts_with(kSession)) {
    resource.remove_prefix(kSession.size());
    return std::string(resource.substr(0, resource.find('/')));
  }
  if (!resource.starts_with(kUser) && !resource.starts_with(kRole)) return {};
  return std::string(resource.substr(resource.rfind('/') + 1));
}

}  // namespace coffer::policy
