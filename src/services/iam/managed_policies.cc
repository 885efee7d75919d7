// SPDX-License-Identifier: Apache-2.0
// CreatePolicy, GetPolicy, ListPolicies, DeletePolicy.
#include <fmt/format.h>

#include <limits>

#include "services/iam/aws_managed_policies.h"
#include "services/iam/entities.h"
#include "services/iam/managed_policy.h"
#include "services/iam/paging.h"
#include "services/iam/quotas.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

using catalog::ManagedPolicy;

api::Policy api_policy(const ManagedPolicy& policy, const PolicyUse& use) {
  api::Policy shown;
  shown.policy_name = policy.name;
  shown.policy_id = policy.id;
  shown.arn = policy.arn;
  shown.path = policy.path;
  shown.default_version_id = fmt::format("v{}", policy.default_version);
  shown.attachment_count = static_cast<int32_t>(use.attached);
  shown.permissions_boundary_usage_count = static_cast<int32_t>(use.boundaries);
  shown.is_attachable = true;
  shown.create_date = policy.created;
  shown.update_date = policy.updated;
  return shown;
}

// The account's own ones and AWS's after the last page, by ARN; of its own `most` at most.
Result<std::vector<ManagedPolicy>> policies_of(catalog::Transaction& transaction, const std::string& account,
                                               const std::string& scope, const std::string& prefix,
                                               const std::string& after, size_t most) {
  std::vector<ManagedPolicy> all;
  if (scope != "AWS") {
    COFFER_TRY(own, transaction.managed_policies(account, prefix, after, most));
    all = std::move(own);
  }
  if (scope != "Local")
    for (const auto& known : aws_managed_policies())
      if (known.arn > after && known.path.starts_with(prefix)) all.push_back(found_aws_policy(known).policy);
  std::ranges::sort(all, {}, &ManagedPolicy::arn);
  return all;
}

// Does a list want a policy that is used so?
bool is_wanted(const api::ListPoliciesRequest& request, const PolicyUse& use) {
  if (request.policy_usage_filter == "PermissionsBoundary") return use.boundaries > 0;
  if (request.policy_usage_filter == "PermissionsPolicy") return use.attached > 0;
  return !request.only_attached.value_or(false) || use.attached + use.boundaries > 0;
}

Status remove_policy(catalog::Transaction& transaction, const FoundPolicy& found) {
  COFFER_TRY(entities, transaction.entities_with_policy(found.policy.arn));
  COFFER_TRY(boundaries, transaction.count_boundaries(found.policy.account, found.policy.arn));
  if (!entities.empty() || boundaries > 0)
    return delete_conflict("Cannot delete a policy attached to entities.");
  COFFER_TRY(versions, transaction.policy_versions(found.policy.arn));
  if (versions.size() > 1)
    return delete_conflict(
        "This policy has more than one version. Before you delete a policy, you must delete the policy's "
        "versions. The default version is deleted with the policy.");
  return transaction.remove_managed_policy(found.policy.arn);
}

}  // namespace

Result<api::CreatePolicyResponse> IamService::create_policy(Call& call,
                                                            const api::CreatePolicyRequest& request) {
  ManagedPolicy policy;
  policy.account = call.account;
  policy.path = request.path.value_or("/");
  policy.name = request.policy_name;
  policy.arn = iam_arn(call.account, "policy", policy.path, policy.name);
  policy.id = make_iam_id(call.installation.random, "ANPA");
  policy.description = request.description.value_or("");
  policy.created = policy.updated = call.time;
  COFFER_CHECK(authorise_creation(call, {.action = "iam:CreatePolicy", .resource = policy.arn}, request.tags,
                                  "iam:TagPolicy"));
  COFFER_CHECK(check_managed_document(request.policy_document));
  COFFER_TRY(tags, checked_tags(request.tags));
  policy.tags = std::move(tags);
  return call.commit<api::CreatePolicyResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreatePolicyResponse> {
        auto inserted = transaction.insert_managed_policy(policy);
        if (!inserted && inserted.error().kind == ErrorKind::kConflict)
          return fail(
              ErrorKind::kConflict,
              fmt::format("A policy called {} already exists. Duplicate names are not allowed.", policy.name),
              "EntityAlreadyExists");
        COFFER_CHECK(inserted);
        COFFER_CHECK(check_quota(transaction, call.account, kPoliciesQuota));
        COFFER_CHECK(transaction.insert_policy_version({policy.arn, 1, request.policy_document, call.time}));
        api::CreatePolicyResponse response{api_policy(policy, {})};
        if (!policy.tags.empty()) response.policy->tags = api_tags(policy.tags);
        return response;
      });
}

Result<api::GetPolicyResponse> IamService::get_policy(Call& call, const api::GetPolicyRequest& request) {
  COFFER_TRY(found, find_policy(call, request.policy_arn));
  PolicyUse use;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(counted, policy_use(transaction, call.account, found.policy.arn));
    use = counted;
    return {};
  }));
  api::GetPolicyResponse response{api_policy(found.policy, use)};
  if (!found.policy.description.empty()) response.policy->description = found.policy.description;
  if (!found.policy.tags.empty()) response.policy->tags = api_tags(found.policy.tags);
  return response;
}

Result<api::ListPoliciesResponse> IamService::list_policies(Call& call,
                                                            const api::ListPoliciesRequest& request) {
  const std::string prefix = request.path_prefix.value_or("/");
  COFFER_CHECK(call.authorise("iam:ListPolicies", iam_arn(call.account, "policy", prefix, "")));
  COFFER_TRY(page, page_of("ListPolicies", request.marker, request.max_items));
  api::ListPoliciesResponse response;
  // Which of them are wanted is not known before each was looked at.
  const bool whole = request.policy_usage_filter || request.only_attached.value_or(false);
  const size_t most = whole ? std::numeric_limits<int32_t>::max() : page.limit + 1;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(policies, policies_of(transaction, call.account, request.scope.value_or("All"), prefix,
                                     page.after, most));
    std::vector<api::Policy> wanted;  // a page and one more
    for (const auto& policy : policies) {
      COFFER_TRY(use, policy_use(transaction, call.account, policy.arn));
      if (is_wanted(request, use)) wanted.push_back(api_policy(policy, use));
      if (wanted.size() > page.limit) break;
    }
    end_page(wanted, page, response, [](const api::Policy& policy) { return *policy.arn; });
    response.policies = std::move(wanted);
    return {};
  }));
  return response;
}

Result<api::DeletePolicyResponse> IamService::delete_policy(Call& call,
                                                            const api::DeletePolicyRequest& request) {
  COFFER_TRY(found, find_own_policy(call, request.policy_arn));
  return change<api::DeletePolicyResponse>(
      call, [&](catalog::Transaction& transaction) { return remove_policy(transaction, found); });
}

}  // namespace coffer::services::iam
