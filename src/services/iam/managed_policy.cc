// SPDX-License-Identifier: Apache-2.0
#include "services/iam/managed_policy.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/ids.h"
#include "services/arn.h"
#include "services/iam/aws_managed_policies.h"
#include "services/iam/documents.h"
#include "services/iam/entities.h"

namespace coffer::services::iam {
namespace {

constexpr size_t kLongestPolicy = 6144;  // characters without white space

// "policy/", a path, and a name (IAM API Reference, CreatePolicy).
bool is_policy_resource(std::string_view resource) {
  constexpr std::string_view kStart = "policy/";
  constexpr size_t kLongestPath = 512, kLongestName = 128;
  if (!resource.starts_with(kStart)) return false;
  const std::string_view path = resource.substr(kStart.size() - 1, resource.rfind('/') + 2 - kStart.size());
  const std::string_view name = resource.substr(resource.rfind('/') + 1);
  return path.size() <= kLongestPath && path.find("//") == std::string_view::npos &&
         std::ranges::all_of(path, [](char c) { return c > ' ' && c <= '~'; }) && !name.empty() &&
         name.size() <= kLongestName && std::ranges::all_of(name, [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                  std::string_view("_+=,.@-").find(c) != std::string_view::npos;
         });
}

}  // namespace

Result<std::optional<FoundPolicy>> policy_of(Installation& installation, const std::string& account,
                                             const std::string& arn) {
  if (const auto* known = find_aws_managed_policy(arn)) return found_aws_policy(*known);
  std::optional<FoundPolicy> found;
  COFFER_CHECK(installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(policy, transaction.managed_policy(arn));
    if (!policy || policy->account != account) return {};
    COFFER_TRY(versions, transaction.policy_versions(arn));
    found = FoundPolicy{std::move(*policy), std::move(versions), false};
    return {};
  }));
  return found;
}

FoundPolicy found_aws_policy(const AwsManagedPolicy& known) {
  FoundPolicy found;
  found.is_aws = true;
  found.policy.arn = known.arn;
  found.policy.id = known.id;
  found.policy.account = "aws";
  found.policy.path = known.path;
  found.policy.name = known.name;
  found.policy.description = known.description;
  found.policy.default_version = found.policy.newest_version = known.version;
  found.policy.created = known.created;
  found.policy.updated = known.updated;
  found.versions = {{found.policy.arn, known.version, std::string(known.document), known.updated}};
  return found;
}

Status check_policy_arn(const std::string& arn) {
  const auto parsed = parse_arn(arn);
  if (parsed && parsed->service == "iam" && parsed->region.empty() &&
      (parsed->account == "aws" || is_account_id(parsed->account)) && is_policy_resource(parsed->resource))
    return {};
  return invalid_input(fmt::format("ARN {} is not valid.", arn));
}

Result<FoundPolicy> find_policy(Call& call, const std::string& arn, policy::Context context) {
  if (auto valid = check_policy_arn(arn); !valid) {
    COFFER_CHECK(call.authorise("iam:" + call.operation, "*"));
    return tl::unexpected(std::move(valid.error()));
  }
  COFFER_TRY(found, policy_of(call.installation, call.account, arn));
  if (found) add_resource_tags(found->policy.tags, context);
  // AWS's own are everybody's to read.
  AccessQuestion question{.action = "iam:" + call.operation, .resource = arn, .context = std::move(context)};
  if (parse_arn(arn)->account == "aws") question.resource_account = call.account;
  COFFER_CHECK(call.authorise(question));
  if (!found) return no_such_entity(fmt::format("Policy {} was not found.", arn));
  return std::move(*found);
}

Result<FoundPolicy> find_own_policy(Call& call, const std::string& arn, policy::Context context) {
  COFFER_TRY(found, find_policy(call, arn, std::move(context)));
  if (found.is_aws)
    return fail(ErrorKind::kPermissionDenied, "Cannot perform the operation on an AWS managed policy.",
                "AccessDenied");
  return found;
}

Result<PolicyUse> policy_use(catalog::Transaction& transaction, const std::string& account,
                             const std::string& arn) {
  COFFER_TRY(entities, transaction.entities_with_policy(arn));
  COFFER_TRY(boundaries, transaction.count_boundaries(account, arn));
  return PolicyUse{static_cast<size_t>(std::ranges::count(entities, account, &catalog::IamEntity::account)),
                   boundaries};
}

Status require_attachable(catalog::Transaction& transaction, const std::string& account,
                          const std::string& arn, std::string_view title) {
  if (const auto* known = find_aws_managed_policy(arn)) {
    if (!known->for_service_linked_roles()) return {};
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("Cannot attach a Service Role Policy to a Customer {}.", title),
                "PolicyNotAttachable");
  }
  COFFER_TRY(policy, transaction.managed_policy(arn));
  if (policy && policy->account == account) return {};
  return no_such_entity(fmt::format("Policy {} does not exist or is not attachable.", arn));
}

Status check_managed_document(const std::string& text) {
  COFFER_CHECK(check_document(text, policy::DocumentKind::kIdentity));
  if (counted_size(text) > kLongestPolicy)
    return limit_exceeded(fmt::format("Cannot exceed quota for PolicySize: {}", kLongestPolicy));
  return {};
}

std::string path_of_policy(const std::string& arn) {
  const size_t start = arn.find('/');
  return arn.substr(start, arn.rfind('/') + 1 - start);
}

std::string name_of_policy(const std::string& arn) {
  return arn.substr(arn.rfind('/') + 1);
}

}  // namespace coffer::services::iam
