// SPDX-License-Identifier: Apache-2.0
// What the handlers for users, groups and roles have in common: finding one by its name, asking for the
// permission on its ARN, its errors in AWS's words, and its tags. Thread-safe.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/iam/iam_service.h"

namespace coffer::services::iam {

struct EntityKind {
  const char* kind;                // "user", as rows and ARNs have it
  const char* title;               // "User"
  const char* id_prefix;           // "AIDA"
  size_t longest_inline_policies;  // characters without white space, of all together
};
inline constexpr EntityKind kUser{"user", "User", "AIDA", 2048};
inline constexpr EntityKind kGroup{"group", "Group", "AGPA", 5120};
inline constexpr EntityKind kRole{"role", "Role", "AROA", 10240};

inline constexpr std::string_view kServiceLinkedPath = "/aws-service-role/";

using Tags = std::vector<std::pair<std::string, std::string>>;

tl::unexpected<Error> no_such_entity(std::string message);
tl::unexpected<Error> delete_conflict(std::string message);
tl::unexpected<Error> limit_exceeded(std::string message);
tl::unexpected<Error> invalid_input(std::string message);

// The entity, once the caller is known to be allowed this operation on its ARN; else AccessDenied, before it
// shows whether there is one, or NoSuchEntity. `context`: what the operation adds (iam:PolicyARN).
Result<catalog::IamEntity> find_entity(Call& call, const EntityKind& kind, const std::string& name,
                                       policy::Context context = {});
// The same within the operation's own transaction, for another entity than the one it is about: not asked
// for.
Result<catalog::IamEntity> require_entity(catalog::Transaction& transaction, const std::string& account,
                                          const EntityKind& kind, const std::string& name);

// May the caller do this operation on what the ARN names? It is told as find_properties() has it
// (services/resource_properties.h).
Status authorise_on(Call& call, const std::string& arn);

// The user; without a name the caller, or nothing where that is no user.
Result<std::optional<catalog::IamEntity>> find_user_or_caller(Call& call,
                                                              const std::optional<std::string>& name);

// May the caller make what the question is about? With tags that takes `tagging_action` ("iam:TagUser") as
// well. Source: IAM User Guide, "Tags for AWS Identity and Access Management resources".
Status authorise_creation(Call& call, AccessQuestion question,
                          const std::optional<std::vector<api::Tag>>& tags,
                          const std::string& tagging_action);

// A new row with its id, once the caller is known to be allowed to make it; not stored yet.
Result<catalog::IamEntity> new_entity(Call& call, const EntityKind& kind,
                                      const std::optional<std::string>& path, const std::string& name,
                                      const std::optional<std::string>& boundary_arn,
                                      const std::optional<std::vector<api::Tag>>& tags);
// EntityAlreadyExists; LimitExceeded where the account has as many as it may.
Status insert_entity(catalog::Transaction& transaction, const EntityKind& kind,
                     const catalog::IamEntity& entity);
// DeleteConflict while policies are attached to it or in it; its tags and sessions go with it.
Status remove_entity(catalog::Transaction& transaction, const catalog::IamEntity& entity);

// Made by CreateServiceLinkedRole.
bool is_service_linked(const catalog::IamEntity& entity);
// UnmodifiableEntity for a service-linked role.
Status check_modifiable(const catalog::IamEntity& entity);
// As answers show them.
api::Role api_role(const catalog::IamEntity& role);
api::User api_user(const catalog::IamEntity& user);
// Empty when it was not, or more than 400 days ago.
Result<api::RoleLastUsed> role_last_used(catalog::Transaction& transaction, const catalog::IamEntity& role,
                                         Timestamp now);

std::string make_iam_id(Random& random, std::string_view prefix);  // "AIDA" and 17 letters and digits

// aws:RequestTag/NAME and aws:TagKeys.
void add_request_tags(const std::vector<api::Tag>& tags, policy::Context& context);
// aws:ResourceTag/NAME and iam:ResourceTag/NAME.
void add_resource_tags(const Tags& tags, policy::Context& context);
// InvalidInput for names that differ in case alone, or begin with "aws:".
Result<Tags> checked_tags(const std::optional<std::vector<api::Tag>>& tags);
// What a user, group or role brings into a question of that operation ("PutUserPolicy"): its tags, and for
// some its permissions boundary as it is.
policy::Context entity_context(std::string_view operation, const catalog::IamEntity& entity);
std::vector<api::Tag> api_tags(const Tags& tags);
std::optional<api::AttachedPermissionsBoundary> api_boundary(const catalog::IamEntity& entity);

// A transaction whose answer says nothing.
template <class Response, class Body>
Result<Response> change(Call& call, Body body) {
  return call.commit<Response>([&](catalog::Transaction& transaction) -> Result<Response> {
    COFFER_CHECK(body(transaction));
    return Response{};
  });
}

// Changes the entity as it is now, not as it was when it was found.
template <class Response, class Edit>
Result<Response> edit_entity(Call& call, const catalog::IamEntity& found, Edit edit) {
  return change<Response>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(current, transaction.iam_entity(found.id));
    if (!current)
      return no_such_entity("The " + found.kind + " with name " + found.name + " cannot be found.");
    COFFER_CHECK(edit(transaction, *current));
    return transaction.update_iam_entity(*current);
  });
}

}  // namespace coffer::services::iam
