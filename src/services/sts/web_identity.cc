// SPDX-License-Identifier: Apache-2.0
// AssumeRoleWithWebIdentity: a token of an OpenID Connect provider in place of a signature. The issuer's keys
// are those that the installation's owner has given (`coffer iam oidc-keys`): nothing is fetched. Source: STS
// API Reference, AssumeRoleWithWebIdentity; IAM User Guide, "IAM and AWS STS condition context keys"
// ("Available keys for AWS OIDC federation").
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "services/arn.h"
#include "services/iam_names.h"
#include "services/stored_policy.h"
#include "services/sts/json_web_keys.h"
#include "services/sts/role_sessions.h"
#include "services/sts/sts_service.h"
#include "services/sts/temporary_credentials.h"

namespace coffer::services::sts {
namespace {

using catalog::IamEntity;
using catalog::IdentityProvider;

constexpr std::string_view kScheme = "https://";
constexpr int64_t kClockSkew = 300;  // seconds by which an issuer's clock may be ahead

tl::unexpected<Error> bad_token(std::string message) {
  return fail(ErrorKind::kInvalidArgument, std::move(message), "InvalidIdentityToken");
}

// Whether there is such a role does not show.
tl::unexpected<Error> not_authorised() {
  return fail(ErrorKind::kPermissionDenied, "Not authorized to perform sts:AssumeRoleWithWebIdentity",
              "AccessDenied");
}

// Who is known to a provider, once the token is proven.
struct WebIdentity {
  JsonWebToken token;
  IdentityProvider provider;
  std::string audience;  // that the provider is registered with
};

// Condition keys of the trust policy and of the session: PROVIDER:aud, PROVIDER:sub, PROVIDER:amr,
// PROVIDER:oaud.
SessionTags keys_of(const WebIdentity& identity) {
  const std::string& issuer = identity.provider.issuer;
  SessionTags keys = {{"aws:FederatedProvider", identity.provider.arn},
                      {issuer + ":aud", identity.audience},
                      {issuer + ":sub", identity.token.subject}};
  for (const auto& method : identity.token.methods) keys.emplace_back(issuer + ":amr", method);
  if (!identity.token.authorized_party.empty())
    for (const auto& audience : identity.token.audiences) keys.emplace_back(issuer + ":oaud", audience);
  return keys;
}

Result<IdentityProvider> find_provider(Call& call, const std::string& account, const JsonWebToken& token) {
  std::optional<IdentityProvider> found;
  if (token.issuer.starts_with(kScheme)) {
    const std::string issuer = token.issuer.substr(kScheme.size());
    COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(provider, transaction.identity_provider(iam_arn(account, "oidc-provider", "/", issuer)));
      found = std::move(provider);
      return {};
    }));
  }
  if (!found)
    return bad_token(fmt::format("No OpenIDConnect provider found in your account for {}", token.issuer));
  return std::move(*found);
}

Status check_signed(Call& call, const IdentityProvider& provider, const JsonWebToken& token) {
  std::optional<std::string> key_set;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.issuer_keys(provider.issuer));
    key_set = std::move(found);
    return {};
  }));
  TokenCheck check;
  if (key_set) {
    COFFER_TRY(keys, parse_key_set(*key_set));
    check = check_signature(token, keys);
  }
  if (check.valid) return {};
  if (check.knows_key) return bad_token("The signature of the ID Token is invalid");
  return bad_token(
      "Couldn't retrieve verification key from your identity provider,  please reference "
      "AssumeRoleWithWebIdentity documentation for requirements");
}

// By the clock on the wall, which the issuer has too.
Status check_times(Call& call, const JsonWebToken& token) {
  const int64_t now = call.installation.clock.wall_now().microseconds / 1'000'000;
  if (now >= token.expires)
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("Token expired: current date/time {} must be before the expiration date/time {}",
                            now, token.expires),
                "ExpiredTokenException");
  if (token.issued > now + kClockSkew || token.not_before > now + kClockSkew)
    return bad_token("The ID Token is not valid yet");
  return {};
}

// The party that the token was made out to (azp), where it names one, else its audience.
Result<std::string> registered_audience(const IdentityProvider& provider, const JsonWebToken& token) {
  const auto named =
      token.authorized_party.empty() ? token.audiences : std::vector<std::string>{token.authorized_party};
  const auto found = std::ranges::find_first_of(named, provider.client_ids);
  if (found == named.end()) return bad_token("Incorrect token audience");
  return *found;
}

Result<WebIdentity> prove(Call& call, const std::string& account, const std::string& text) {
  auto token = parse_token(text);
  if (!token) return bad_token(std::move(token.error().message));
  COFFER_TRY(provider, find_provider(call, account, *token));
  COFFER_CHECK(check_signed(call, provider, *token));
  COFFER_CHECK(check_times(call, *token));
  COFFER_TRY(audience, registered_audience(provider, *token));
  return WebIdentity{std::move(*token), std::move(provider), std::move(audience)};
}

// From here on the call is the identity's.
void become(Call& call, const std::string& account, const WebIdentity& identity) {
  call.principal.type = policy::PrincipalType::kWebIdentity;
  call.principal.account = call.account = account;
  call.principal.id =
      fmt::format("{}:{}:{}", identity.provider.issuer, identity.audience, identity.token.subject);
  call.principal.source_arn = identity.provider.arn;
  call.principal.session.context = keys_of(identity);
}

Status authorise(Call& call, const std::string& action, const IamEntity& role, const WebIdentity& identity,
                 const std::string& session_name) {
  COFFER_TRY(document,
             read_stored_policy(*call.installation.documents, role.trust_policy, policy::DocumentKind::kTrust,
                                "trust policy of " + entity_arn(role)));
  const policy::AttachedPolicy trust{"role trust policy", document.get()};
  AccessQuestion question{.action = action,
                          .resource = entity_arn(role),
                          .resource_account = role.account,
                          .resource_policy = &trust,
                          .rule = policy::ResourcePolicyRule::kMustAllowAsTrust};
  for (const auto& [name, value] : keys_of(identity)) question.context.add(name, value);
  question.context.set("sts:RoleSessionName", session_name);
  if (!identity.token.source_identity.empty())
    question.context.set("sts:SourceIdentity", identity.token.source_identity);
  add_session_tags(identity.token.tags, question.context);
  for (const auto& name : identity.token.transitive_tags) question.context.add("sts:TransitiveTagKeys", name);
  add_role_tags(role, question.context);
  COFFER_TRY(decision, call.decide(question));
  if (!decision.allowed()) return not_authorised();
  return {};
}

}  // namespace

Result<api::AssumeRoleWithWebIdentityResponse> StsService::assume_role_with_web_identity(
    Call& call, const api::AssumeRoleWithWebIdentityRequest& request) {
  if (request.provider_id)
    return fail(
        ErrorKind::kPermissionDenied,
        "Access tokens of OAuth 2.0 providers cannot be verified here: use an OpenID Connect provider.",
        "IDPRejectedClaim");
  COFFER_TRY(role, find_role(call, request.role_arn));
  const std::string account = parse_arn(request.role_arn)->account;
  COFFER_TRY(identity, prove(call, account, request.web_identity_token));
  become(call, account, identity);
  if (!role) return not_authorised();
  COFFER_CHECK(authorise(call, "sts:AssumeRoleWithWebIdentity", *role, identity, request.role_session_name));
  COFFER_TRY(tags, checked_tags(identity.token.tags));
  if (!tags.empty())
    COFFER_CHECK(authorise(call, "sts:TagSession", *role, identity, request.role_session_name));
  const std::string& source_identity = identity.token.source_identity;
  if (!source_identity.empty())
    COFFER_CHECK(authorise(call, "sts:SetSourceIdentity", *role, identity, request.role_session_name));
  COFFER_TRY(seconds, duration_of(call, *role, request.duration_seconds));
  COFFER_TRY(policies, session_policies(call, role->account, request.policy, request.policy_arns, tags));
  COFFER_TRY(session, make_session(call, role->account, role->id, seconds));
  session.row.name = request.role_session_name;
  session.row.policies = std::move(policies.texts);
  session.row.tags = std::move(tags);
  session.row.transitive_tags = identity.token.transitive_tags;
  session.row.context = keys_of(identity);
  if (!source_identity.empty()) session.row.context.emplace_back(policy::kSourceIdentity, source_identity);
  return call.commit<api::AssumeRoleWithWebIdentityResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::AssumeRoleWithWebIdentityResponse> {
        COFFER_CHECK(insert_session(transaction, session));
        api::AssumeRoleWithWebIdentityResponse response;
        response.credentials = api_credentials(session);
        response.subject_from_web_identity_token = identity.token.subject;
        response.assumed_role_user = api::AssumedRoleUser{role->id + ":" + request.role_session_name,
                                                          assumed_role_arn(*role, request.role_session_name)};
        response.packed_policy_size = policies.packed_size;
        response.provider = identity.provider.arn;
        response.audience = identity.audience;
        if (!source_identity.empty()) response.source_identity = source_identity;
        return response;
      });
}

}  // namespace coffer::services::sts
