// SPDX-License-Identifier: Apache-2.0
// CreateAlias, ListAliases.
#include <fmt/format.h>

#include "services/arn.h"
#include "services/kms/key_access.h"
#include "services/kms/key_directory.h"
#include "services/kms/kms_service.h"
#include "services/page_token.h"

namespace coffer::services::kms {
namespace {

Status check_alias_name(const std::string& name) {
  if (!name.starts_with("alias/") || name == "alias/")
    return fail(ErrorKind::kInvalidArgument, "Invalid identifier", "ValidationException");
  if (name.starts_with("alias/aws/"))
    return fail(ErrorKind::kPermissionDenied,
                "Aliases that begin with alias/aws/ are reserved for AWS managed keys.",
                "NotAuthorizedException");
  if (name.find(':') != std::string::npos)
    return fail(ErrorKind::kInvalidArgument, fmt::format("{} contains invalid characters for an alias", name),
                "ValidationException");
  return {};
}

}  // namespace

Result<api::CreateAliasResponse> KmsService::create_alias(Call& call,
                                                          const api::CreateAliasRequest& request) {
  const std::string& name = request.alias_name;
  COFFER_CHECK(check_alias_name(name));
  if (request.target_key_id.find("alias/") != std::string::npos)
    return fail(ErrorKind::kInvalidArgument, "Aliases must refer to keys. Not aliases",
                "ValidationException");
  COFFER_TRY(target, find_key(call, "kms:CreateAlias", request.target_key_id, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, "kms:CreateAlias", target));

  return call.commit<api::CreateAliasResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateAliasResponse> {
        auto status =
            transaction.insert_alias({call.account, call.region, name, target.key.id, call.time, call.time});
        if (!status && status.error().kind == ErrorKind::kConflict)
          return fail(ErrorKind::kConflict,
                      fmt::format("An alias with the name {} already exists",
                                  alias_arn(call.region, call.account, name)),
                      "AlreadyExistsException");
        COFFER_CHECK(status);
        return api::CreateAliasResponse{};
      });
}

Result<api::ListAliasesResponse> KmsService::list_aliases(Call& call,
                                                          const api::ListAliasesRequest& request) {
  COFFER_CHECK(call.authorise("kms:ListAliases", "*"));
  const auto limit = static_cast<size_t>(request.limit.value_or(50));
  std::string only_key_id;
  if (request.key_id) {
    COFFER_TRY(found, find_key(call, "kms:ListAliases", *request.key_id, AliasUse::kRefused));
    only_key_id = found.key.id;
  }
  COFFER_TRY(after, marker_position("ListAliases", request.marker));
  std::vector<catalog::Alias> aliases;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.aliases(call.account, call.region, only_key_id, after, limit + 1));
    aliases = std::move(rows);
    return {};
  }));
  api::ListAliasesResponse response;
  response.truncated = aliases.size() > limit;
  if (aliases.size() > limit) {
    aliases.resize(limit);
    response.next_marker = make_page_token("ListAliases", aliases.back().name);
  }
  response.aliases.emplace();
  for (const auto& alias : aliases) {
    api::AliasListEntry entry;
    entry.alias_name = alias.name;
    entry.alias_arn = alias_arn(alias.region, alias.account, alias.name);
    entry.target_key_id = alias.target_key_id;
    entry.creation_date = alias.created;
    entry.last_updated_date = alias.updated;
    response.aliases->push_back(std::move(entry));
  }
  return response;
}

}  // namespace coffer::services::kms
