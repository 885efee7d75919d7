// SPDX-License-Identifier: Apache-2.0
// CreateKey, DescribeKey, ListKeys, EnableKey, DisableKey.
#include <fmt/format.h>

#include <set>

#include "base/ids.h"
#include "services/arn.h"
#include "services/kms/key_access.h"
#include "services/kms/key_directory.h"
#include "services/kms/kms_service.h"
#include "services/kms/policy_document.h"
#include "services/page_token.h"

namespace coffer::services::kms {
namespace {

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationException");
}
tl::unexpected<Error> unsupported(std::string message) {
  return fail(ErrorKind::kUnsupported, std::move(message), "UnsupportedOperationException");
}

api::KeyMetadata metadata_of(const FoundKey& found) {
  const catalog::Key& key = found.key;
  api::KeyMetadata metadata;
  metadata.aws_account_id = key.account;
  metadata.key_id = key.id;
  metadata.arn = found.arn;
  metadata.creation_date = key.created;
  metadata.enabled = found.enabled();
  metadata.description = key.description;
  metadata.key_usage = key.usage;
  metadata.key_state = key.state;
  metadata.origin = key.origin;
  metadata.key_manager = key.manager;
  metadata.customer_master_key_spec = key.spec;
  metadata.key_spec = key.spec;
  metadata.encryption_algorithms = std::vector<std::string>{"SYMMETRIC_DEFAULT"};
  metadata.multi_region = key.multi_region;
  return metadata;
}

// What this part can make: symmetric encryption keys whose material keyd generates.
Status check_kind(const api::CreateKeyRequest& request) {
  if (request.key_spec && request.customer_master_key_spec)
    return invalid(
        "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
        "CustomerMasterKeySpec is deprecated.");
  const std::string spec =
      request.key_spec.value_or(request.customer_master_key_spec.value_or("SYMMETRIC_DEFAULT"));
  const std::string usage = request.key_usage.value_or("ENCRYPT_DECRYPT");
  if (spec != "SYMMETRIC_DEFAULT") return unsupported(fmt::format("KeySpec {} is not supported yet.", spec));
  if (usage != "ENCRYPT_DECRYPT")
    return invalid(fmt::format("KeyUsage {} is not compatible with KeySpec {}", usage, spec));
  const std::string origin = request.origin.value_or("AWS_KMS");
  if (origin != "AWS_KMS") return unsupported(fmt::format("Origin {} is not supported yet.", origin));
  if (request.custom_key_store_id || request.xks_key_id)
    return unsupported("Custom key stores are not supported yet.");
  if (request.multi_region.value_or(false)) return unsupported("Multi-Region keys are not supported yet.");
  return {};
}

using Tags = std::vector<std::pair<std::string, std::string>>;
Result<Tags> checked_tags(const api::CreateKeyRequest& request) {
  Tags tags;
  if (!request.tags) return tags;
  if (request.tags->size() > 50) return fail(ErrorKind::kLimitExceeded, "Too many tags", "TagException");
  std::set<std::string> names;
  for (const auto& tag : *request.tags) {
    if (!names.insert(tag.tag_key).second)
      return fail(ErrorKind::kInvalidArgument, "Duplicate tag keys", "TagException");
    if (tag.tag_key.starts_with("aws:"))
      return fail(ErrorKind::kInvalidArgument,
                  "aws: prefixed tag key names are not allowed for external use.", "TagException");
    tags.emplace_back(tag.tag_key, tag.tag_value);
  }
  return tags;
}

// EnableKey and DisableKey differ in the state they set.
template <class Response>
Result<Response> set_state(Call& call, const std::string& key_identifier, const std::string& state) {
  const std::string action = "kms:" + call.operation;
  COFFER_TRY(found, find_key(call, action, key_identifier, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, action, found));
  if (found.key.manager == "AWS")
    return fail(
        ErrorKind::kPermissionDenied,
        fmt::format("User: {} is not authorized to perform: {} on resource: {} because no resource-based "
                    "policy allows the {} action",
                    call.principal.arn, action, found.arn, action),
        "AccessDeniedException");
  return call.commit<Response>([&](catalog::Transaction& transaction) -> Result<Response> {
    COFFER_CHECK(transaction.set_key_state(found.key.id, state));
    return Response{};
  });
}

}  // namespace

Result<api::CreateKeyResponse> KmsService::create_key(Call& call, const api::CreateKeyRequest& request) {
  COFFER_CHECK(call.authorise("kms:CreateKey", "*"));
  COFFER_CHECK(check_kind(request));
  COFFER_TRY(tags, checked_tags(request));
  if (request.policy) COFFER_CHECK(check_policy_document(*request.policy));

  catalog::Key key;
  key.id = make_uuid(call.installation.random);
  key.account = call.account;
  key.region = call.region;
  key.description = request.description.value_or("");
  key.policy = request.policy.value_or(default_key_policy(call.account));
  key.state = "Enabled";
  key.manager = "CUSTOMER";
  key.usage = "ENCRYPT_DECRYPT";
  key.spec = "SYMMETRIC_DEFAULT";
  key.origin = "AWS_KMS";
  key.created = call.time;
  key.tags = std::move(tags);
  COFFER_TRY(token, call.installation.keyd.create_backing_key({key.account, key.region, key.id}, 1));

  return call.commit<api::CreateKeyResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateKeyResponse> {
        COFFER_CHECK(transaction.insert_key(key, {key.id, 1, token}));
        api::CreateKeyResponse response;
        response.key_metadata = metadata_of({key, key_arn(key.region, key.account, key.id)});
        return response;
      });
}

Result<api::DescribeKeyResponse> KmsService::describe_key(Call& call,
                                                          const api::DescribeKeyRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:DescribeKey", request.key_id, AliasUse::kAllowed));
  COFFER_CHECK(authorise_key(call, "kms:DescribeKey", found));
  api::DescribeKeyResponse response;
  response.key_metadata = metadata_of(found);
  return response;
}

Result<api::ListKeysResponse> KmsService::list_keys(Call& call, const api::ListKeysRequest& request) {
  COFFER_CHECK(call.authorise("kms:ListKeys", "*"));
  const auto limit = static_cast<size_t>(request.limit.value_or(100));
  COFFER_TRY(after, marker_position("ListKeys", request.marker));
  std::vector<std::string> ids;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.key_ids(call.account, call.region, after, limit + 1));
    ids = std::move(rows);
    return {};
  }));
  api::ListKeysResponse response;
  response.truncated = ids.size() > limit;
  if (ids.size() > limit) {
    ids.resize(limit);
    response.next_marker = make_page_token("ListKeys", ids.back());
  }
  response.keys.emplace();
  for (const auto& id : ids) {
    api::KeyListEntry entry;
    entry.key_id = id;
    entry.key_arn = key_arn(call.region, call.account, id);
    response.keys->push_back(std::move(entry));
  }
  return response;
}

Result<api::EnableKeyResponse> KmsService::enable_key(Call& call, const api::EnableKeyRequest& request) {
  return set_state<api::EnableKeyResponse>(call, request.key_id, "Enabled");
}

Result<api::DisableKeyResponse> KmsService::disable_key(Call& call, const api::DisableKeyRequest& request) {
  return set_state<api::DisableKeyResponse>(call, request.key_id, "Disabled");
}

}  // namespace coffer::services::kms
