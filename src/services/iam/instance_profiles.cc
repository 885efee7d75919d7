// SPDX-License-Identifier: Apache-2.0
// CreateInstanceProfile, GetInstanceProfile, ListInstanceProfiles, ListInstanceProfilesForRole,
// AddRoleToInstanceProfile, RemoveRoleFromInstanceProfile, DeleteInstanceProfile.
#include "services/iam/instance_profiles.h"

#include <fmt/format.h>

#include "services/iam/entities.h"
#include "services/iam/paging.h"
#include "services/iam/quotas.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

using catalog::InstanceProfile;

std::string name_of(const InstanceProfile& profile) {
  return profile.name;
}

tl::unexpected<Error> no_such_profile(const std::string& name) {
  return no_such_entity(fmt::format("Instance Profile {} cannot be found.", name));
}

api::InstanceProfile api_profile(const InstanceProfile& profile,
                                 const std::optional<catalog::IamEntity>& role) {
  api::InstanceProfile shown;
  shown.path = profile.path;
  shown.instance_profile_name = profile.name;
  shown.instance_profile_id = profile.id;
  shown.arn = profile_arn(profile);
  shown.create_date = profile.created;
  shown.roles.emplace();
  if (role) shown.roles->push_back(api_role(*role));
  if (!profile.tags.empty()) shown.tags = api_tags(profile.tags);
  return shown;
}

// As it is now, in the operation's own transaction.
Result<InstanceProfile> current(catalog::Transaction& transaction, const InstanceProfile& found) {
  COFFER_TRY(profile, transaction.instance_profile(found.account, found.name));
  if (!profile) return no_such_profile(found.name);
  return std::move(*profile);
}

// "The caller of this operation must be granted the PassRole permission on the IAM role" (IAM API Reference,
// AddRoleToInstanceProfile).
Status authorise_passing(Call& call, const std::string& role_name) {
  std::optional<catalog::IamEntity> role;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.iam_entity_named(call.account, kRole.kind, role_name));
    role = std::move(found);
    return {};
  }));
  AccessQuestion question{
      .action = "iam:PassRole",
      .resource = role ? entity_arn(*role) : iam_arn(call.account, "role", "/", role_name)};
  question.context.set("iam:PassedToService", "ec2.amazonaws.com");
  if (role) add_resource_tags(role->tags, question.context);
  return call.authorise(question);
}

}  // namespace

std::string profile_arn(const InstanceProfile& profile) {
  return iam_arn(profile.account, "instance-profile", profile.path, profile.name);
}

Result<InstanceProfile> find_profile(Call& call, const std::string& name, policy::Context context) {
  std::optional<InstanceProfile> found;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.instance_profile(call.account, name));
    found = std::move(row);
    return {};
  }));
  if (found) add_resource_tags(found->tags, context);
  COFFER_CHECK(call.authorise(
      {.action = "iam:" + call.operation,
       .resource = found ? profile_arn(*found) : iam_arn(call.account, "instance-profile", "/", name),
       .context = std::move(context)}));
  if (!found) return no_such_profile(name);
  return std::move(*found);
}

Result<std::vector<api::InstanceProfile>> api_profiles(catalog::Transaction& transaction,
                                                       const std::vector<InstanceProfile>& profiles) {
  std::vector<api::InstanceProfile> shown;
  for (const auto& profile : profiles) {
    COFFER_TRY(role, transaction.iam_entity(profile.role_id));
    shown.push_back(api_profile(profile, role));
  }
  return shown;
}

Result<api::CreateInstanceProfileResponse> IamService::create_instance_profile(
    Call& call, const api::CreateInstanceProfileRequest& request) {
  InstanceProfile profile;
  profile.id = make_iam_id(call.installation.random, "AIPA");
  profile.account = call.account;
  profile.path = request.path.value_or("/");
  profile.name = request.instance_profile_name;
  profile.created = call.time;
  COFFER_CHECK(authorise_creation(call,
                                  {.action = "iam:CreateInstanceProfile", .resource = profile_arn(profile)},
                                  request.tags, "iam:TagInstanceProfile"));
  COFFER_TRY(tags, checked_tags(request.tags));
  profile.tags = std::move(tags);
  return call.commit<api::CreateInstanceProfileResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateInstanceProfileResponse> {
        auto inserted = transaction.insert_instance_profile(profile);
        if (!inserted && inserted.error().kind == ErrorKind::kConflict)
          return fail(ErrorKind::kConflict, fmt::format("Instance Profile {} already exists.", profile.name),
                      "EntityAlreadyExists");
        COFFER_CHECK(inserted);
        COFFER_CHECK(check_quota(transaction, call.account, kInstanceProfilesQuota));
        return api::CreateInstanceProfileResponse{api_profile(profile, std::nullopt)};
      });
}

Result<api::GetInstanceProfileResponse> IamService::get_instance_profile(
    Call& call, const api::GetInstanceProfileRequest& request) {
  COFFER_TRY(profile, find_profile(call, request.instance_profile_name));
  api::GetInstanceProfileResponse response;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(role, transaction.iam_entity(profile.role_id));
    response.instance_profile = api_profile(profile, role);
    return {};
  }));
  return response;
}

Result<api::ListInstanceProfilesResponse> IamService::list_instance_profiles(
    Call& call, const api::ListInstanceProfilesRequest& request) {
  const std::string prefix = request.path_prefix.value_or("/");
  COFFER_CHECK(
      call.authorise("iam:ListInstanceProfiles", iam_arn(call.account, "instance-profile", prefix, "")));
  COFFER_TRY(page, page_of("ListInstanceProfiles", request.marker, request.max_items));
  api::ListInstanceProfilesResponse response;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(profiles, transaction.instance_profiles(call.account, prefix, page.after, page.limit + 1));
    end_page(profiles, page, response, name_of);
    COFFER_TRY(shown, api_profiles(transaction, profiles));
    response.instance_profiles = std::move(shown);
    return {};
  }));
  return response;
}

Result<api::ListInstanceProfilesForRoleResponse> IamService::list_instance_profiles_for_role(
    Call& call, const api::ListInstanceProfilesForRoleRequest& request) {
  COFFER_TRY(role, find_entity(call, kRole, request.role_name));
  COFFER_TRY(page, page_of("ListInstanceProfilesForRole", request.marker, request.max_items));
  api::ListInstanceProfilesForRoleResponse response;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(profiles, transaction.instance_profiles_of_role(role.id));
    take_page(profiles, page, response, name_of);
    COFFER_TRY(shown, api_profiles(transaction, profiles));
    response.instance_profiles = std::move(shown);
    return {};
  }));
  return response;
}

Result<api::AddRoleToInstanceProfileResponse> IamService::add_role_to_instance_profile(
    Call& call, const api::AddRoleToInstanceProfileRequest& request) {
  COFFER_TRY(found, find_profile(call, request.instance_profile_name));
  COFFER_CHECK(authorise_passing(call, request.role_name));
  return change<api::AddRoleToInstanceProfileResponse>(
      call, [&](catalog::Transaction& transaction) -> Status {
        COFFER_TRY(role, require_entity(transaction, call.account, kRole, request.role_name));
        COFFER_CHECK(check_modifiable(role));
        COFFER_TRY(profile, current(transaction, found));
        if (!profile.role_id.empty())
          return limit_exceeded("Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1");
        return transaction.set_instance_profile_role(profile.id, role.id);
      });
}

Result<api::RemoveRoleFromInstanceProfileResponse> IamService::remove_role_from_instance_profile(
    Call& call, const api::RemoveRoleFromInstanceProfileRequest& request) {
  COFFER_TRY(found, find_profile(call, request.instance_profile_name));
  return change<api::RemoveRoleFromInstanceProfileResponse>(
      call, [&](catalog::Transaction& transaction) -> Status {
        COFFER_TRY(role, require_entity(transaction, call.account, kRole, request.role_name));
        COFFER_TRY(profile, current(transaction, found));
        if (profile.role_id != role.id)
          return no_such_entity(fmt::format(
              "The role with name {} cannot be found in the instance profile {}.", role.name, profile.name));
        return transaction.set_instance_profile_role(profile.id, "");
      });
}

Result<api::DeleteInstanceProfileResponse> IamService::delete_instance_profile(
    Call& call, const api::DeleteInstanceProfileRequest& request) {
  COFFER_TRY(found, find_profile(call, request.instance_profile_name));
  return change<api::DeleteInstanceProfileResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(profile, current(transaction, found));
    if (!profile.role_id.empty())
      return delete_conflict("Cannot delete entity, must remove roles from instance profile first.");
    return transaction.remove_instance_profile(profile.id);
  });
}

}  // namespace coffer::services::iam
