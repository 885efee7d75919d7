// SPDX-License-Identifier: Apache-2.0
// CreateServiceLinkedRole, DeleteServiceLinkedRole, GetServiceLinkedRoleDeletionStatus: roles that only their
// service may assume, and nobody but it may change.
// Source: IAM User Guide, "Create a service-linked role" and "AWS services that work with IAM".
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ids.h"
#include "services/iam/entities.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

using catalog::IamEntity;

constexpr int32_t kSession = 3600;  // seconds

struct LinkedService {
  std::string_view principal, role_name;
  std::string_view policy;  // arn:aws:iam::aws:policy/aws-service-role/NAME
  bool takes_suffix = false;
};
// Those that have to do with keys, volumes and file systems. Here no service works by its role.
constexpr std::array kServices = {
    LinkedService{"autoscaling.amazonaws.com", "AWSServiceRoleForAutoScaling", "AutoScalingServiceRolePolicy",
                  true},
    LinkedService{"backup.amazonaws.com", "AWSServiceRoleForBackup",
                  "AWSBackupServiceLinkedRolePolicyForBackup"},
    LinkedService{"cks.kms.amazonaws.com", "AWSServiceRoleForKeyManagementServiceCustomKeyStores",
                  "AWSKeyManagementServiceCustomKeyStoresServiceRolePolicy"},
    LinkedService{"elasticfilesystem.amazonaws.com", "AWSServiceRoleForAmazonElasticFileSystem",
                  "AmazonElasticFileSystemServiceRolePolicy"},
    LinkedService{"mrk.kms.amazonaws.com", "AWSServiceRoleForKeyManagementServiceMultiRegionKeys",
                  "AWSKeyManagementServiceMultiRegionKeysServiceRolePolicy"},
    LinkedService{"organizations.amazonaws.com", "AWSServiceRoleForOrganizations",
                  "AWSOrganizationsServiceTrustPolicy"},
    LinkedService{"spot.amazonaws.com", "AWSServiceRoleForEC2Spot", "AWSEC2SpotServiceRolePolicy"},
    LinkedService{"spotfleet.amazonaws.com", "AWSServiceRoleForEC2SpotFleet",
                  "AWSEC2SpotFleetServiceRolePolicy"},
};

std::string policy_arn(const LinkedService& service) {
  return fmt::format("arn:aws:iam::aws:policy/aws-service-role/{}", service.policy);
}

std::string trust_policy_for(std::string_view principal) {
  return fmt::format(
      R"({{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"{}"}},)"
      R"("Action":"sts:AssumeRole"}}]}})",
      principal);
}

Status check_suffix(const LinkedService& service, const std::optional<std::string>& suffix) {
  if (!suffix || service.takes_suffix) return {};
  return invalid_input(fmt::format("Custom suffix is not allowed for {}", service.principal));
}

}  // namespace

Result<api::CreateServiceLinkedRoleResponse> IamService::create_service_linked_role(
    Call& call, const api::CreateServiceLinkedRoleRequest& request) {
  const auto* service =
      std::ranges::find(kServices, std::string_view(request.aws_service_name), &LinkedService::principal);
  IamEntity role;
  role.kind = kRole.kind;
  role.account = call.account;
  role.path = fmt::format("{}{}/", kServiceLinkedPath, request.aws_service_name);
  role.name = service == kServices.end() ? std::string("*") : std::string(service->role_name);
  if (request.custom_suffix) role.name += "_" + *request.custom_suffix;
  AccessQuestion question{.action = "iam:CreateServiceLinkedRole", .resource = entity_arn(role)};
  question.context.set("iam:AWSServiceName", request.aws_service_name);
  COFFER_CHECK(call.authorise(question));
  if (service == kServices.end())
    return invalid_input(
        fmt::format("{} is not a service that has a service-linked role here.", request.aws_service_name));
  COFFER_CHECK(check_suffix(*service, request.custom_suffix));
  role.id = make_iam_id(call.installation.random, kRole.id_prefix);
  role.created = call.time;
  role.trust_policy = trust_policy_for(service->principal);
  role.description = request.description.value_or("");
  role.longest_session_seconds = kSession;
  return call.commit<api::CreateServiceLinkedRoleResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateServiceLinkedRoleResponse> {
        auto inserted = transaction.insert_iam_entity(role);
        if (!inserted && inserted.error().kind == ErrorKind::kConflict)
          return invalid_input(fmt::format(
              "Service role name {} has been taken in this account, please try a different suffix.",
              role.name));
        COFFER_CHECK(inserted);
        COFFER_CHECK(transaction.attach_policy(role.id, policy_arn(*service)));
        return api::CreateServiceLinkedRoleResponse{api_role(role)};
      });
}

// Nothing here uses such a role, so it is gone when the call is answered.
Result<api::DeleteServiceLinkedRoleResponse> IamService::delete_service_linked_role(
    Call& call, const api::DeleteServiceLinkedRoleRequest& request) {
  COFFER_TRY(role, find_entity(call, kRole, request.role_name));
  if (!is_service_linked(role))
    return no_such_entity(fmt::format("The role with name {} is not a service-linked role.", role.name));
  const std::string task =
      fmt::format("task{}{}/{}", role.path, role.name, make_uuid(call.installation.random));
  return call.commit<api::DeleteServiceLinkedRoleResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::DeleteServiceLinkedRoleResponse> {
        COFFER_TRY(attached, transaction.attached_policies(role.id));
        for (const auto& arn : attached) COFFER_CHECK(transaction.detach_policy(role.id, arn));
        COFFER_CHECK(remove_entity(transaction, role));
        COFFER_CHECK(transaction.insert_role_deletion(call.account, task, call.time));
        return api::DeleteServiceLinkedRoleResponse{task};
      });
}

Result<api::GetServiceLinkedRoleDeletionStatusResponse> IamService::get_service_linked_role_deletion_status(
    Call& call, const api::GetServiceLinkedRoleDeletionStatusRequest& request) {
  COFFER_CHECK(call.authorise("iam:GetServiceLinkedRoleDeletionStatus",
                              iam_arn(call.account, "role", kServiceLinkedPath, "*")));
  bool known = false;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.has_role_deletion(call.account, request.deletion_task_id));
    known = found;
    return {};
  }));
  if (!known)
    return no_such_entity(fmt::format("The deletion task {} cannot be found.", request.deletion_task_id));
  api::GetServiceLinkedRoleDeletionStatusResponse response;
  response.status = "SUCCEEDED";
  return response;
}

}  // namespace coffer::services::iam
