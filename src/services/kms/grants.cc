// SPDX-License-Identifier: Apache-2.0
// CreateGrant, ListGrants, ListRetirableGrants, RetireGrant, RevokeGrant.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/encoding.h"
#include "format/grant_token.h"
#include "services/arn.h"
#include "services/kms/explained_use.h"
#include "services/kms/grant_rules.h"
#include "services/kms/key_access.h"
#include "services/kms/key_conditions.h"
#include "services/kms/key_directory.h"
#include "services/kms/kms_service.h"
#include "services/known_principals.h"
#include "services/page_token.h"

namespace coffer::services::kms {
namespace {

using Constraint = catalog::Grant::Constraint;

constexpr size_t kMostGrants = 50'000;  // per key (KMS quotas)
constexpr size_t kMostPairs = 8;        // in a constraint (GrantConstraints)
constexpr size_t kLongestPair = 384;    // characters of a name and of a value there

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "ValidationException");
}

tl::unexpected<Error> no_such_grant(const std::string& grant_id) {
  return fail(ErrorKind::kNotFound, fmt::format("Grant ID {} not found", grant_id), "NotFoundException");
}

tl::unexpected<Error> invalid_principal(const std::string& principal) {
  return fail(ErrorKind::kInvalidArgument, "ARN does not refer to a valid principal: " + principal,
              "InvalidArnException");
}

Status check_principal(catalog::Catalog& catalog, const std::string& principal) {
  if (!is_principal(principal)) return invalid_principal(principal);
  bool exists = false;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, principal_exists(transaction, principal));
    exists = found;
    return {};
  }));
  if (!exists) return invalid_principal(principal);
  return {};
}

Status check_grant_id(const std::string& grant_id) {
  const auto bytes = from_hex(grant_id);
  if (bytes && bytes->size() == format::GrantToken{}.grant_id.size()) return {};
  return fail(ErrorKind::kInvalidArgument, "The grant ID is not valid.", "InvalidGrantIdException");
}

std::string token_of(const catalog::Grant& grant) {
  format::GrantToken token;
  token.region = grant.region;
  const auto id = from_hex(grant.id);
  std::ranges::copy(*id, token.grant_id.begin());
  return encode(token);
}

Status set_constraint(catalog::Grant& grant, const std::optional<api::GrantConstraints>& constraints) {
  if (!constraints) return {};
  if (constraints->source_arn)
    return fail(ErrorKind::kUnsupported, "The grant constraint SourceArn is not supported.",
                "UnsupportedOperationException");
  const auto& equals = constraints->encryption_context_equals;
  const auto& subset = constraints->encryption_context_subset;
  if (equals && subset)
    return invalid("Only one of EncryptionContextSubset and EncryptionContextEquals can be in a grant.");
  const auto& pairs = equals ? equals : subset;
  if (!pairs) return {};
  if (pairs->empty() || pairs->size() > kMostPairs)
    return invalid(fmt::format("A grant constraint has 1 to {} pairs.", kMostPairs));
  for (const auto& [name, value] : *pairs)
    if (name.size() > kLongestPair || value.size() > kLongestPair)
      return invalid(
          fmt::format("Names and values in a grant constraint have at most {} characters.", kLongestPair));
  grant.constraint = equals ? Constraint::kContextEquals : Constraint::kContextSubset;
  grant.constraint_context = *pairs;
  return {};
}

Status check_operations(const catalog::Grant& grant, const catalog::Key& key) {
  if (grant.operations.empty()) return invalid("A grant needs at least one operation.");
  const auto possible = grantable_operations(key);
  for (const std::string& operation : grant.operations)
    if (std::ranges::find(possible, operation) == possible.end())
      return invalid(fmt::format("Operation {} is not valid for a KMS key with KeyUsage {} and KeySpec {}.",
                                 operation, key.usage, key.spec));
  if (grant.constraint != Constraint::kNone && key.spec != "SYMMETRIC_DEFAULT")
    return invalid("Grant constraints need a symmetric encryption KMS key.");
  return {};
}

Result<catalog::Grant> new_grant(Call& call, const FoundKey& found, const api::CreateGrantRequest& request) {
  auto& catalog = call.installation.catalog;
  COFFER_CHECK(check_principal(catalog, request.grantee_principal));
  if (request.retiring_principal) COFFER_CHECK(check_principal(catalog, *request.retiring_principal));
  catalog::Grant grant;
  std::array<uint8_t, 32> id{};
  call.installation.random.fill(id);
  grant.id = hex(id);
  grant.key_id = found.key.id;
  grant.region = found.key.region;
  grant.issuing_account = make_arn("iam", "", call.account, "root");
  grant.name = request.name.value_or("");
  grant.grantee_principal = request.grantee_principal;
  grant.retiring_principal = request.retiring_principal.value_or("");
  grant.operations = request.operations;
  std::ranges::sort(grant.operations);
  const auto repeated = std::unique(grant.operations.begin(), grant.operations.end());
  grant.operations.erase(repeated, grant.operations.end());
  grant.created = call.time;
  COFFER_CHECK(set_constraint(grant, request.constraints));
  return grant;
}

// What a grant's constraint says, for whoever creates or retires it.
void add_constraint_conditions(const catalog::Grant& grant, policy::Context& condition) {
  if (grant.constraint == Constraint::kNone) return;
  condition.set("kms:GrantConstraintType",
                std::string(grant.constraint == Constraint::kContextEquals ? "EncryptionContextEquals"
                                                                           : "EncryptionContextSubset"));
  for (const auto& [name, value] : grant.constraint_context) {
    condition.add("kms:EncryptionContext:" + name, value);
    condition.add("kms:EncryptionContextKeys", name);
  }
}

KeyRequest as_asked(const catalog::Grant& grant, const api::CreateGrantRequest& request) {
  KeyRequest said;
  if (request.grant_tokens) said.grant_tokens = *request.grant_tokens;
  said.condition.set("kms:GrantOperations", grant.operations);
  said.condition.set("kms:GranteePrincipal", grant.grantee_principal);
  said.condition.set("kms:GrantIsForAWSResource", std::string("false"));
  if (!grant.retiring_principal.empty())
    said.condition.set("kms:RetiringPrincipal", grant.retiring_principal);
  add_constraint_conditions(grant, said.condition);
  return said;
}

bool is_repetition(const catalog::Grant& a, const catalog::Grant& b) {
  return a.name == b.name && a.issuing_account == b.issuing_account &&
         a.grantee_principal == b.grantee_principal && a.retiring_principal == b.retiring_principal &&
         a.operations == b.operations && a.constraint == b.constraint &&
         a.constraint_context == b.constraint_context;
}

// "If the Name is used, and the request has the same parameters, the original grant is returned": the grant
// that stands afterwards.
Result<catalog::Grant> insert_once(catalog::Transaction& transaction, const catalog::Grant& grant) {
  if (!grant.name.empty()) {
    COFFER_TRY(earlier, transaction.grants_to(grant.region, grant.key_id, grant.grantee_principal));
    for (auto& other : earlier)
      if (is_repetition(other, grant)) return std::move(other);
  }
  COFFER_TRY(number, transaction.count_grants(grant.region, grant.key_id));
  if (number >= kMostGrants)
    return fail(ErrorKind::kLimitExceeded, fmt::format("A KMS key has at most {} grants.", kMostGrants),
                "LimitExceededException");
  COFFER_CHECK(transaction.insert_grant(grant));
  return grant;
}

api::GrantListEntry to_api(const catalog::Grant& grant, const std::string& arn) {
  api::GrantListEntry entry;
  entry.key_id = arn;
  entry.grant_id = grant.id;
  entry.name = grant.name;
  entry.creation_date = grant.created;
  entry.grantee_principal = grant.grantee_principal;
  if (!grant.retiring_principal.empty()) entry.retiring_principal = grant.retiring_principal;
  entry.issuing_account = grant.issuing_account;
  entry.operations = grant.operations;
  if (grant.constraint == Constraint::kNone) return entry;
  entry.constraints.emplace();
  auto& shown = grant.constraint == Constraint::kContextEquals ? entry.constraints->encryption_context_equals
                                                               : entry.constraints->encryption_context_subset;
  shown = grant.constraint_context;
  return entry;
}

// A page of grants: one more than `limit` was read, if there is one.
template <class Response, class ArnOf>
Response list_response(std::vector<catalog::Grant> grants, size_t limit, const char* list, ArnOf arn_of) {
  Response response;
  response.truncated = grants.size() > limit;
  if (grants.size() > limit) {
    grants.resize(limit);
    response.next_marker = make_page_token(list, grants.back().id);
  }
  response.grants.emplace();
  for (const auto& grant : grants) response.grants->push_back(to_api(grant, arn_of(grant)));
  return response;
}

Result<catalog::Grant> find_grant(Call& call, const std::string& region, const std::string& grant_id) {
  std::optional<catalog::Grant> grant;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.grant(region, grant_id));
    grant = std::move(row);
    return {};
  }));
  if (!grant) return no_such_grant(grant_id);
  return std::move(*grant);
}

struct GrantOnKey {
  catalog::Grant grant;
  FoundKey key;
};

Result<GrantOnKey> grant_on_key(Call& call, const std::string& grant_id) {
  COFFER_TRY(grant, find_grant(call, call.region, grant_id));
  COFFER_TRY(key, any_key(call.installation, grant.key_id, grant.region));
  return GrantOnKey{std::move(grant), with_arn(std::move(key))};
}

// The grant that RetireGrant names, by its token or by key and id.
Result<GrantOnKey> named_grant(Call& call, const api::RetireGrantRequest& request) {
  if (request.grant_token) {
    if (request.key_id || request.grant_id)
      return invalid("Specify either the grant token, or the key ID and the grant ID.");
    const auto token = format::parse_grant_token(*request.grant_token);
    if (!token || token->region != call.region)
      return fail(ErrorKind::kInvalidArgument, "The grant token is not valid.", "InvalidGrantTokenException");
    return grant_on_key(call, hex(token->grant_id));
  }
  if (!request.key_id || !request.grant_id)
    return invalid("Specify either the grant token, or the key ID and the grant ID.");
  COFFER_CHECK(check_grant_id(*request.grant_id));
  auto found = grant_on_key(call, *request.grant_id);
  if (!found && found.error().kind != ErrorKind::kNotFound) return found;
  const bool fits = found && (*request.key_id == found->key.arn || (*request.key_id == found->key.key.id &&
                                                                    found->key.key.account == call.account));
  if (fits) return found;
  const auto arn = parse_arn(*request.key_id);
  if (arn && arn->account != call.account)
    return tl::unexpected(unknown_foreign_key(call, "kms:RetireGrant", *request.key_id));
  return no_such_grant(*request.grant_id);
}

Status authorise_retirement(Call& call, const catalog::Grant& grant, const FoundKey& found) {
  return ask_for_retirement(grant, found, call.account,
                            [&](const AccessQuestion& question) { return call.authorise(question); });
}

}  // namespace

Status ask_for_retirement(const catalog::Grant& grant, const FoundKey& found, const std::string& account,
                          const std::function<Status(const AccessQuestion&)>& ask) {
  std::vector<std::string> principals = {grant.issuing_account};
  if (!grant.retiring_principal.empty()) principals.push_back(grant.retiring_principal);
  if (permits(grant, "RetireGrant", {})) principals.push_back(grant.grantee_principal);
  const policy::Document document = as_policy("kms:RetireGrant", principals);
  const policy::AttachedPolicy policy{"grant " + grant.id, &document};
  KeyRequest said;
  add_constraint_conditions(grant, said.condition);
  return ask({.action = "kms:RetireGrant",
              .resource = found.arn,
              .resource_account = account,
              .resource_policy = &policy,
              .rule = policy::ResourcePolicyRule::kMustAllow,
              .context = key_conditions(found, {}, account, "", said)});
}

Result<api::CreateGrantResponse> KmsService::create_grant(Call& call,
                                                          const api::CreateGrantRequest& request) {
  COFFER_TRY(found, find_key(call, "kms:CreateGrant", request.key_id, AliasUse::kRefused));
  COFFER_TRY(grant, new_grant(call, found, request));
  COFFER_TRY(permission, permission_for_key(call, "kms:CreateGrant", found, as_asked(grant, request)));
  if (permission) COFFER_CHECK(check_within(grant, *permission));
  COFFER_CHECK(check_operations(grant, found.key));  // only now: it tells of the key's kind
  COFFER_CHECK(check_key_state(found, call.operation));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  return call.commit<api::CreateGrantResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateGrantResponse> {
        COFFER_TRY(standing, insert_once(transaction, grant));
        api::CreateGrantResponse response;
        response.grant_id = standing.id;
        response.grant_token = token_of(standing);
        return response;
      });
}

Result<api::ListGrantsResponse> KmsService::list_grants(Call& call, const api::ListGrantsRequest& request) {
  const auto limit = static_cast<size_t>(request.limit.value_or(50));
  if (request.grant_id) COFFER_CHECK(check_grant_id(*request.grant_id));
  COFFER_TRY(found, find_key(call, "kms:ListGrants", request.key_id, AliasUse::kRefused));
  COFFER_CHECK(authorise_key(call, "kms:ListGrants", found));
  COFFER_TRY(after, marker_position("ListGrants", request.marker));
  const catalog::GrantFilter filter{found.key.region, found.key.id, request.grant_id.value_or(""),
                                    request.grantee_principal.value_or("")};
  std::vector<catalog::Grant> grants;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.grants_of_key(filter, after, limit + 1));
    grants = std::move(rows);
    return {};
  }));
  return list_response<api::ListGrantsResponse>(std::move(grants), limit, "ListGrants",
                                                [&](const catalog::Grant&) { return found.arn; });
}

Result<api::ListGrantsResponse> KmsService::list_retirable_grants(
    Call& call, const api::ListRetirableGrantsRequest& request) {
  const auto limit = static_cast<size_t>(request.limit.value_or(50));
  if (!is_principal(request.retiring_principal)) return invalid_principal(request.retiring_principal);
  COFFER_CHECK(call.authorise("kms:ListRetirableGrants", request.retiring_principal));
  COFFER_CHECK(check_principal(call.installation.catalog, request.retiring_principal));
  COFFER_TRY(after, marker_position("ListRetirableGrants", request.marker));
  std::vector<catalog::Grant> grants;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(rows, transaction.retirable_grants(call.region, request.retiring_principal, after, limit + 1));
    grants = std::move(rows);
    return {};
  }));
  std::map<std::string, std::string> arns;
  for (const auto& grant : grants) {
    if (arns.contains(grant.key_id)) continue;
    COFFER_TRY(key, any_key(call.installation, grant.key_id, grant.region));
    arns[grant.key_id] = key_arn(grant.region, key.account, grant.key_id);
  }
  return list_response<api::ListGrantsResponse>(
      std::move(grants), limit, "ListRetirableGrants",
      [&](const catalog::Grant& grant) { return arns[grant.key_id]; });
}

Result<api::RetireGrantResponse> KmsService::retire_grant(Call& call,
                                                          const api::RetireGrantRequest& request) {
  COFFER_TRY(named, named_grant(call, request));
  const auto& [grant, found] = named;
  if (auto allowed = authorise_retirement(call, grant, found); !allowed) {
    if (found.key.account == call.account || allowed.error().kind != ErrorKind::kPermissionDenied)
      return tl::unexpected(std::move(allowed.error()));
    return tl::unexpected(unknown_foreign_key(call, "kms:RetireGrant", request.key_id.value_or("*")));
  }
  COFFER_CHECK(check_key_state(found, call.operation));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  call.urgency = catalog::Urgency::kProtective;
  return call.commit<api::RetireGrantResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::RetireGrantResponse> {
        COFFER_CHECK(transaction.remove_grant(named.grant.id));
        return api::RetireGrantResponse{};
      });
}

Result<api::RevokeGrantResponse> KmsService::revoke_grant(Call& call,
                                                          const api::RevokeGrantRequest& request) {
  COFFER_CHECK(check_grant_id(request.grant_id));
  COFFER_TRY(found, find_key(call, "kms:RevokeGrant", request.key_id, AliasUse::kRefused));
  KeyRequest said;
  said.condition.set("kms:GrantIsForAWSResource", std::string("false"));
  COFFER_CHECK(authorise_key(call, "kms:RevokeGrant", found, said));
  COFFER_TRY(grant, find_grant(call, found.key.region, request.grant_id));
  if (grant.key_id != found.key.id) return no_such_grant(request.grant_id);
  COFFER_CHECK(check_key_state(found, call.operation));
  COFFER_CHECK(refuse_dry_run(request.dry_run));
  call.urgency = catalog::Urgency::kProtective;
  return call.commit<api::RevokeGrantResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::RevokeGrantResponse> {
        COFFER_CHECK(transaction.remove_grant(grant.id));
        return api::RevokeGrantResponse{};
      });
}

}  // namespace coffer::services::kms
