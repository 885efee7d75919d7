// SPDX-License-Identifier: Apache-2.0
#include "services/iam_names.h"

#include <fmt/format.h>

#include "policy/resource_part.h"

namespace coffer::services {

std::string iam_arn(std::string_view account, std::string_view kind, std::string_view path,
                    std::string_view name) {
  return fmt::format("arn:aws:iam::{}:{}{}{}", account, kind, path, name);
}

std::string entity_arn(const catalog::IamEntity& entity) {
  return iam_arn(entity.account, entity.kind, entity.path, entity.name);
}

std::string assumed_role_arn(const catalog::IamEntity& role, std::string_view session_name) {
  return fmt::format("arn:aws:sts::{}:assumed-role/{}/{}", role.account, role.name, session_name);
}

std::string federated_user_arn(std::string_view account, std::string_view name) {
  return fmt::format("arn:aws:sts::{}:federated-user/{}", account, name);
}

bool is_service_linked_role(std::string_view role_arn) {
  return policy::resource_part(role_arn).starts_with("role/aws-service-role/");
}

}  // namespace coffer::services
