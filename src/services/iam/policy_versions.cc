// SPDX-License-Identifier: Apache-2.0
// CreatePolicyVersion, GetPolicyVersion, ListPolicyVersions, DeletePolicyVersion, SetDefaultPolicyVersion.
#include <fmt/format.h>

#include <charconv>

#include "services/iam/documents.h"
#include "services/iam/entities.h"
#include "services/iam/managed_policy.h"
#include "services/iam/paging.h"

namespace coffer::services::iam {
namespace {

using catalog::PolicyVersion;

constexpr size_t kMostVersions = 5;

std::string id_of(uint32_t version) {
  return fmt::format("v{}", version);
}

api::PolicyVersion api_version(const PolicyVersion& version, uint32_t default_version) {
  api::PolicyVersion shown;
  shown.version_id = id_of(version.version);
  shown.is_default_version = version.version == default_version;
  shown.create_date = version.created;
  return shown;
}

tl::unexpected<Error> no_such_version(const std::string& arn, const std::string& id) {
  return no_such_entity(fmt::format("Policy {} version {} does not exist or is not attachable.", arn, id));
}

// "v3" as the policy has it.
Result<PolicyVersion> version_of(const FoundPolicy& found, const std::string& id) {
  for (const auto& version : found.versions)
    if (id_of(version.version) == id) return version;
  return no_such_version(found.policy.arn, id);
}

// As it is now, in the operation's own transaction.
Result<FoundPolicy> current(catalog::Transaction& transaction, const std::string& arn) {
  COFFER_TRY(policy, transaction.managed_policy(arn));
  if (!policy) return no_such_entity(fmt::format("Policy {} was not found.", arn));
  COFFER_TRY(versions, transaction.policy_versions(arn));
  return FoundPolicy{std::move(*policy), std::move(versions), false};
}

}  // namespace

Result<api::CreatePolicyVersionResponse> IamService::create_policy_version(
    Call& call, const api::CreatePolicyVersionRequest& request) {
  COFFER_TRY(found, find_own_policy(call, request.policy_arn));
  COFFER_CHECK(check_managed_document(request.policy_document));
  return call.commit<api::CreatePolicyVersionResponse>([&](catalog::Transaction& transaction)
                                                           -> Result<api::CreatePolicyVersionResponse> {
    COFFER_TRY(now, current(transaction, found.policy.arn));
    if (now.versions.size() >= kMostVersions)
      return limit_exceeded(
          fmt::format("A managed policy can have up to {} versions. Before you create a new version, you "
                      "must delete an existing version.",
                      kMostVersions));
    now.policy.newest_version += 1;
    now.policy.updated = call.time;
    if (request.set_as_default.value_or(false)) now.policy.default_version = now.policy.newest_version;
    const PolicyVersion made{now.policy.arn, now.policy.newest_version, request.policy_document, call.time};
    COFFER_CHECK(transaction.insert_policy_version(made));
    COFFER_CHECK(transaction.update_managed_policy(now.policy));
    return api::CreatePolicyVersionResponse{api_version(made, now.policy.default_version)};
  });
}

Result<api::GetPolicyVersionResponse> IamService::get_policy_version(
    Call& call, const api::GetPolicyVersionRequest& request) {
  COFFER_TRY(found, find_policy(call, request.policy_arn));
  COFFER_TRY(version, version_of(found, request.version_id));
  api::GetPolicyVersionResponse response{api_version(version, found.policy.default_version)};
  response.policy_version->document = encoded_document(version.document);
  return response;
}

Result<api::ListPolicyVersionsResponse> IamService::list_policy_versions(
    Call& call, const api::ListPolicyVersionsRequest& request) {
  COFFER_TRY(found, find_policy(call, request.policy_arn));
  COFFER_TRY(page, page_of("ListPolicyVersions", request.marker, request.max_items));
  api::ListPolicyVersionsResponse response;
  // Newest first: numbers that sort as text, the greatest before.
  const auto key = [](const PolicyVersion& version) {
    return fmt::format("{:010}", std::numeric_limits<uint32_t>::max() - version.version);
  };
  take_page(found.versions, page, response, key);
  response.versions.emplace();
  for (const auto& version : found.versions)
    response.versions->push_back(api_version(version, found.policy.default_version));
  return response;
}

Result<api::DeletePolicyVersionResponse> IamService::delete_policy_version(
    Call& call, const api::DeletePolicyVersionRequest& request) {
  COFFER_TRY(found, find_own_policy(call, request.policy_arn));
  return change<api::DeletePolicyVersionResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(now, current(transaction, found.policy.arn));
    COFFER_TRY(version, version_of(now, request.version_id));
    if (version.version == now.policy.default_version)
      return delete_conflict("Cannot delete the default version of a policy.");
    return transaction.remove_policy_version(found.policy.arn, version.version);
  });
}

Result<api::SetDefaultPolicyVersionResponse> IamService::set_default_policy_version(
    Call& call, const api::SetDefaultPolicyVersionRequest& request) {
  COFFER_TRY(found, find_own_policy(call, request.policy_arn));
  return change<api::SetDefaultPolicyVersionResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(now, current(transaction, found.policy.arn));
    COFFER_TRY(version, version_of(now, request.version_id));
    now.policy.default_version = version.version;
    now.policy.updated = call.time;
    return transaction.update_managed_policy(now.policy);
  });
}

}  // namespace coffer::services::iam
