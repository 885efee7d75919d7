// SPDX-License-Identifier: Apache-2.0
// ARNs of users, groups, roles and their sessions. Pure functions.
// Source: IAM User Guide, "IAM identifiers".
#pragma once
#include <string>
#include <string_view>

#include "catalog/iam_rows.h"

namespace coffer::services {

// arn:aws:iam::ACCOUNT:user/PATH/NAME
std::string iam_arn(std::string_view account, std::string_view kind, std::string_view path,
                    std::string_view name);
std::string entity_arn(const catalog::IamEntity& entity);
// arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION, without the role's path
std::string assumed_role_arn(const catalog::IamEntity& role, std::string_view session_name);
// arn:aws:sts::ACCOUNT:federated-user/NAME
std::string federated_user_arn(std::string_view account, std::string_view name);
// A role that a service of AWS made for itself, which organizations' policies leave alone.
bool is_service_linked_role(std::string_view role_arn);

}  // namespace coffer::services
