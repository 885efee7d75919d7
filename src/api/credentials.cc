// SPDX-License-Identifier: Apache-2.0
#include "api/credentials.h"

#include "crypto/mac.h"
#include "services/iam_names.h"

namespace coffer::api {
namespace {

using policy::PrincipalType;

policy::Principal root_of(const std::string& account) {
  policy::Principal root;
  root.account = root.id = account;
  root.arn = "arn:aws:iam::" + account + ":root";
  return root;
}

policy::Principal user_of(const catalog::IamEntity& user) {
  policy::Principal principal;
  principal.type = PrincipalType::kUser;
  principal.account = user.account;
  principal.arn = services::entity_arn(user);
  principal.id = user.id;
  return principal;
}

policy::Principal role_session_of(const catalog::IamEntity& role, const std::string& session_name) {
  policy::Principal principal;
  principal.type = PrincipalType::kRoleSession;
  principal.account = role.account;
  principal.arn = services::assumed_role_arn(role, session_name);
  principal.id = role.id + ":" + session_name;
  principal.source_arn = services::entity_arn(role);
  return principal;
}

policy::Principal federated_user_of(const std::string& account, const std::string& name,
                                    const std::string& source_arn) {
  policy::Principal principal;
  principal.type = PrincipalType::kFederatedUser;
  principal.account = account;
  principal.arn = services::federated_user_arn(account, name);
  principal.id = account + ":" + name;
  principal.source_arn = source_arn;
  return principal;
}

// Of the user or role with that id, or of the root user where there is none. Nothing when it was deleted.
Result<std::optional<policy::Principal>> principal_of(catalog::Transaction& transaction,
                                                      const std::string& account,
                                                      const std::string& entity_id,
                                                      const std::string& session_name) {
  if (entity_id.empty()) {
    const policy::Principal root = root_of(account);
    return session_name.empty() ? root : federated_user_of(account, session_name, root.arn);
  }
  COFFER_TRY(entity, transaction.iam_entity(entity_id));
  if (!entity) return std::optional<policy::Principal>();
  if (entity->kind == "role") return role_session_of(*entity, session_name);
  if (session_name.empty()) return user_of(*entity);
  return federated_user_of(account, session_name, services::entity_arn(*entity));
}

Result<std::optional<Credentials>> find_long_lived(catalog::Transaction& transaction, const std::string& id) {
  COFFER_TRY(key, transaction.access_key(id));
  if (!key || !key->active) return std::optional<Credentials>();
  COFFER_TRY(principal, principal_of(transaction, key->account, key->user_id, ""));
  if (!principal) return std::optional<Credentials>();
  return Credentials{std::move(*principal), std::move(key->wrapped_secret), std::nullopt, {}};
}

Result<std::optional<Credentials>> find_temporary(catalog::Transaction& transaction, const std::string& id) {
  COFFER_TRY(session, transaction.session(id));
  if (!session) return std::optional<Credentials>();
  COFFER_TRY(principal, principal_of(transaction, session->account, session->entity_id, session->name));
  if (!principal) return std::optional<Credentials>();
  principal->temporary = true;
  principal->session = {std::move(session->policies),
                        std::move(session->tags),
                        session->created,
                        std::move(session->context),
                        std::move(session->transitive_tags),
                        session->mfa_authenticated};
  return Credentials{std::move(*principal), std::move(session->wrapped_secret),
                     std::move(session->token_digest), session->expires};
}

Result<bool> is_closed(catalog::Transaction& transaction, const std::string& account) {
  COFFER_TRY(row, transaction.account(account));
  return row && row->closed;
}

Result<std::shared_ptr<const Credentials>> read_credentials(catalog::Catalog& catalog,
                                                            const std::string& access_key_id) {
  std::shared_ptr<Credentials> found;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    auto credentials = access_key_id.starts_with("ASIA") ? find_temporary(transaction, access_key_id)
                                                         : find_long_lived(transaction, access_key_id);
    if (!credentials) return tl::unexpected(std::move(credentials.error()));
    if (!*credentials) return {};
    COFFER_TRY(closed, is_closed(transaction, (*credentials)->principal.account));
    if (!closed) found = std::make_shared<Credentials>(std::move(**credentials));
    return {};
  }));
  if (found) found->principal.access_key_id = access_key_id;
  return found;
}

}  // namespace

Result<std::shared_ptr<const Credentials>> KnownCredentials::find(catalog::Catalog& catalog,
                                                                  const std::string& access_key_id) {
  return kept_.get(catalog, access_key_id, [&] { return read_credentials(catalog, access_key_id); });
}

std::optional<wire::AuthFailure> check_token(const Credentials& credentials, const wire::SigV4Claim& claim,
                                             Timestamp now) {
  if (!credentials.token_digest) {
    if (claim.session_token.empty()) return std::nullopt;
    return wire::invalid_session_token();
  }
  // Of digests, so that the time it takes tells nothing of the token.
  const auto digest = crypto::sha256(as_bytes(claim.session_token));
  if (Bytes(digest.begin(), digest.end()) != *credentials.token_digest) return wire::invalid_session_token();
  if (now >= credentials.expires) return wire::expired_session_token();
  return std::nullopt;
}

}  // namespace coffer::api
