// SPDX-License-Identifier: Apache-2.0
#include "services/resource_properties.h"

namespace coffer::services {
namespace {

Result<bool> is_alias(const ResourceQuestion& question) {
  bool found = false;
  COFFER_CHECK(question.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    const Arn& arn = question.arn;
    COFFER_TRY(alias, transaction.alias(arn.account, arn.region, arn.resource));
    found = alias.has_value();
    return {};
  }));
  return found;
}

}  // namespace

Result<std::optional<ResourceProperties>> find_properties(const ResourceQuestion& question) {
  const std::string& service = question.arn.service;
  if (service == "ec2") return ec2::find_properties(question);
  if (service == "iam") return iam::find_properties(question);
  if (service == "organizations") return organizations::find_properties(question);
  // A session's name is anybody's choice.
  bool exists = service == "sts";
  if (service == "kms" && question.arn.resource.starts_with("alias/")) {
    COFFER_TRY(alias, is_alias(question));
    exists = alias;
  }
  if (!exists) return std::optional<ResourceProperties>();
  return std::optional(ResourceProperties{question.arn.account, {}});
}

}  // namespace coffer::services
