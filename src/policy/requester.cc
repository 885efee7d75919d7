// SPDX-License-Identifier: Apache-2.0
#include "policy/requester.h"

namespace coffer::policy {
namespace {

constexpr std::string_view kUser = ":user/", kRole = ":role/", kSession = ":assumed-role/",
                           kFederated = ":federated-user/";

PrincipalType type_of(const std::string& arn) {
  if (arn.find(kUser) != std::string::npos) return PrincipalType::kUser;
  if (arn.find(kFederated) != std::string::npos) return PrincipalType::kFederatedUser;
  return arn.find(kSession) == std::string::npos ? PrincipalType::kRoot : PrincipalType::kRoleSession;
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

std::string entity_name(const std::string& arn) {
  if (const size_t at = arn.find(kSession); at != std::string::npos) {
    const size_t start = at + kSession.size();
    return arn.substr(start, arn.find('/', start) - start);
  }
  if (arn.find(kUser) == std::string::npos && arn.find(kRole) == std::string::npos) return {};
  return arn.substr(arn.rfind('/') + 1);
}

}  // namespace coffer::policy
