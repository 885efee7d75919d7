// SPDX-License-Identifier: Apache-2.0
// CreateAccessKey, ListAccessKeys, UpdateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed.
#include <fmt/format.h>

#include "base/ids.h"
#include "services/iam/entities.h"
#include "services/iam/paging.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

constexpr size_t kMostKeys = 2;  // of a user

// Whose keys: a user's, or the account's root user's.
struct Owner {
  std::string user_id;  // empty for root
  std::string name;
};

// Without a name the caller's own.
Result<Owner> find_owner(Call& call, const std::optional<std::string>& user_name) {
  const bool by_user = call.principal.type == policy::PrincipalType::kUser;
  if (user_name || by_user) {
    COFFER_TRY(user, find_entity(call, kUser, user_name.value_or(policy::entity_name(call.principal.arn))));
    return Owner{user.id, user.name};
  }
  COFFER_CHECK(call.authorise("iam:" + call.operation, iam_arn(call.account, "root", "", "")));
  if (call.principal.type == policy::PrincipalType::kRoleSession)
    return fail(ErrorKind::kInvalidArgument, "Must specify userName when calling with non-User credentials",
                "ValidationError");
  return Owner{"", "root"};
}

// The key, in the operation's own transaction; NoSuchEntity when it is not the owner's.
Status require_key(catalog::Transaction& transaction, const Call& call, const Owner& owner,
                   const std::string& id) {
  COFFER_TRY(key, transaction.access_key(id));
  if (!key || key->account != call.account || key->user_id != owner.user_id)
    return no_such_entity(fmt::format("The Access Key with id {} cannot be found.", id));
  return {};
}

std::string status_of(const catalog::AccessKey& key) {
  return key.active ? "Active" : "Inactive";
}

}  // namespace

Result<api::CreateAccessKeyResponse> IamService::create_access_key(
    Call& call, const api::CreateAccessKeyRequest& request) {
  COFFER_TRY(owner, find_owner(call, request.user_name));
  catalog::AccessKey key;
  key.id = make_access_key_id(call.installation.random, "AKIA");
  key.account = call.account;
  key.user_id = owner.user_id;
  if (owner.user_id.empty()) key.principal_arn = iam_arn(call.account, "root", "", "");
  key.created = call.time;
  COFFER_TRY(secret, call.installation.keyd.create_access_key_secret(key.id));
  key.wrapped_secret = std::move(secret.wrapped);
  return call.commit<api::CreateAccessKeyResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateAccessKeyResponse> {
        COFFER_TRY(present, transaction.access_keys_of(call.account, owner.user_id));
        if (present.size() >= kMostKeys)
          return limit_exceeded(fmt::format("Cannot exceed quota for AccessKeysPerUser: {}", kMostKeys));
        COFFER_CHECK(transaction.insert_access_key(key));
        api::AccessKey made;
        made.user_name = owner.name;
        made.access_key_id = key.id;
        made.status = status_of(key);
        made.create_date = key.created;
        made.secret_access_key = std::string(as_text(secret.plaintext.read(
            secret::RawAccess::because("the answer of CreateAccessKey is where its owner gets it"))));
        return api::CreateAccessKeyResponse{std::move(made)};
      });
}

Result<api::ListAccessKeysResponse> IamService::list_access_keys(Call& call,
                                                                 const api::ListAccessKeysRequest& request) {
  COFFER_TRY(owner, find_owner(call, request.user_name));
  COFFER_TRY(page, page_of("ListAccessKeys", request.marker, request.max_items));
  std::vector<catalog::AccessKey> keys;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.access_keys_of(call.account, owner.user_id));
    keys = std::move(found);
    return {};
  }));
  api::ListAccessKeysResponse response;
  take_page(keys, page, response, [](const catalog::AccessKey& key) { return key.id; });
  response.access_key_metadata.emplace();
  for (const auto& key : keys)
    response.access_key_metadata->push_back({owner.name, key.id, status_of(key), key.created});
  return response;
}

Result<api::UpdateAccessKeyResponse> IamService::update_access_key(
    Call& call, const api::UpdateAccessKeyRequest& request) {
  COFFER_TRY(owner, find_owner(call, request.user_name));
  return change<api::UpdateAccessKeyResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(require_key(transaction, call, owner, request.access_key_id));
    return transaction.set_access_key_active(request.access_key_id, request.status == "Active");
  });
}

Result<api::DeleteAccessKeyResponse> IamService::delete_access_key(
    Call& call, const api::DeleteAccessKeyRequest& request) {
  COFFER_TRY(owner, find_owner(call, request.user_name));
  return change<api::DeleteAccessKeyResponse>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(require_key(transaction, call, owner, request.access_key_id));
    return transaction.remove_access_key(request.access_key_id);
  });
}

Result<api::GetAccessKeyLastUsedResponse> IamService::get_access_key_last_used(
    Call& call, const api::GetAccessKeyLastUsedRequest& request) {
  std::optional<catalog::AccessKey> key;
  std::optional<catalog::IamEntity> user;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.access_key(request.access_key_id));
    if (!found || found->account != call.account) return {};
    key = std::move(found);
    COFFER_TRY(owner, transaction.iam_entity(key->user_id));
    user = std::move(owner);
    return {};
  }));
  AccessQuestion question{.action = "iam:GetAccessKeyLastUsed"};
  if (user) {
    question.resource = entity_arn(*user);
    question.context = entity_context(call.operation, *user);
  }
  COFFER_CHECK(call.authorise(question));
  if (!key)
    return no_such_entity(fmt::format("The Access Key with id {} cannot be found.", request.access_key_id));
  api::GetAccessKeyLastUsedResponse response;
  response.user_name = user ? user->name : "root";
  api::AccessKeyLastUsed used;
  used.last_used_date = key->last_used;
  used.service_name = key->last_used ? key->last_service : "N/A";
  used.region = key->last_used ? key->last_region : "N/A";
  response.access_key_last_used = std::move(used);
  return response;
}

}  // namespace coffer::services::iam
