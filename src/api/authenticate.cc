// SPDX-License-Identifier: Apache-2.0
#include "api/authenticate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace coffer::api {
namespace {

using Outcome = tl::expected<Caller, Refusal>;

tl::unexpected<Refusal> refused(wire::AuthFailure failure) {
  return tl::unexpected<Refusal>(std::move(failure));
}
tl::unexpected<Refusal> unable(Error error) {
  return tl::unexpected<Refusal>(std::move(error));
}

// The scope must name the service that is addressed, and a region that is installed.
std::optional<wire::AuthFailure> check_scope(const Installation& installation, const wire::SigV4Claim& claim,
                                             const std::string& service) {
  const bool installed = std::ranges::find(installation.regions, claim.region) != installation.regions.end();
  if (installed && claim.service == service) return std::nullopt;
  auto failure = wire::wrong_scope(installed ? "" : claim.region, claim.service == service ? "" : service);
  if (!installed)
    failure.message +=
        fmt::format("The regions of this installation are {}.", fmt::join(installation.regions, ", "));
  return failure;
}

Result<std::optional<catalog::AccessKey>> find_access_key(catalog::Catalog& catalog, const std::string& id) {
  std::optional<catalog::AccessKey> key;
  COFFER_CHECK(catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.access_key(id));
    key = std::move(row);
    return {};
  }));
  return key;
}

}  // namespace

Outcome authenticate(Installation& installation, wire::SigningKeyCache& signing_keys,
                     const wire::HttpRequest& request, const std::string& service, wire::SigV4Rules rules) {
  auto claimed = wire::parse_claim(request);
  if (!claimed) return refused(claimed.error());
  if (!*claimed) return refused(wire::missing_authentication());
  const wire::SigV4Claim& claim = **claimed;
  const Timestamp now = installation.clock.now();

  const auto access_key = find_access_key(installation.catalog, claim.access_key_id);
  if (!access_key) return unable(access_key.error());
  // There are no session tokens yet, so that one that comes is none of ours.
  if (!*access_key || !(*access_key)->active || !claim.session_token.empty())
    return refused(wire::unknown_access_key());
  if (auto failure = check_scope(installation, claim, service)) return refused(*failure);
  // Before keyd is asked, so that a replayed old request costs it nothing.
  if (auto current = wire::check_time(claim, now); !current) return refused(current.error());

  const auto signing_key =
      signing_keys.get({claim.access_key_id, claim.date, claim.region, claim.service}, [&] {
        return installation.keyd.derive_signing_key(claim.access_key_id, (*access_key)->wrapped_secret,
                                                    claim.date, claim.region, claim.service);
      });
  if (!signing_key) return unable(signing_key.error());
  rules.now = now;
  const auto verified = wire::verify(request, claim, **signing_key, rules);
  if (!verified) return refused(verified.error());

  Caller caller;
  caller.principal.type = policy::PrincipalType::kRoot;
  caller.principal.account = caller.principal.id = (*access_key)->account;
  caller.principal.arn = (*access_key)->principal_arn;
  caller.principal.access_key_id = claim.access_key_id;
  caller.region = claim.region;
  caller.service = claim.service;
  return caller;
}

}  // namespace coffer::api
