// SPDX-License-Identifier: Apache-2.0
#include "api/authenticate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "api/credentials.h"
#include "services/global_services.h"

namespace coffer::api {
namespace {

using Outcome = tl::expected<Caller, Refusal>;

tl::unexpected<Refusal> refused(wire::AuthFailure failure) {
  return tl::unexpected<Refusal>(std::move(failure));
}
tl::unexpected<Refusal> unable(Error error) {
  return tl::unexpected<Refusal>(std::move(error));
}

bool is_region_of(const Installation& installation, const std::string& service, const std::string& region) {
  if ((services::is_global_service(service) || service == "sts") && region == services::kGlobalRegion)
    return true;
  return std::ranges::find(installation.regions, region) != installation.regions.end();
}

// The scope must name the service that is addressed, and a region that is installed.
std::optional<wire::AuthFailure> check_scope(const Installation& installation, const wire::SigV4Claim& claim,
                                             const std::string& service) {
  const bool installed = is_region_of(installation, service, claim.region);
  if (installed && claim.service == service) return std::nullopt;
  auto failure = wire::wrong_scope(installed ? "" : claim.region, claim.service == service ? "" : service);
  if (!installed)
    failure.message +=
        fmt::format("The regions of this installation are {}.", fmt::join(installation.regions, ", "));
  return failure;
}

}  // namespace

Outcome authenticate(Installation& installation, KnownCredentials& known, wire::SigningKeyCache& signing_keys,
                     const wire::HttpRequest& request, const std::string& service, wire::SigV4Rules rules) {
  auto claimed = wire::parse_claim(request);
  if (!claimed) return refused(claimed.error());
  if (!*claimed) return refused(wire::missing_authentication());
  const wire::SigV4Claim& claim = **claimed;
  const Timestamp now = installation.clock.wall_now();

  const auto credentials = known.find(installation.catalog, claim.access_key_id);
  if (!credentials) return unable(credentials.error());
  if (!*credentials) return refused(wire::unknown_access_key());
  // Sessions begin and end by the installation's clock, signatures are of the machine's.
  if (auto failure = check_token(**credentials, claim, installation.clock.now())) return refused(*failure);
  if (auto failure = check_scope(installation, claim, service)) return refused(*failure);
  // Before keyd is asked, so that a replayed old request costs it nothing.
  if (auto current = wire::check_time(claim, now); !current) return refused(current.error());

  const auto fetch = [&] {
    return installation.keyd.derive_signing_key(claim.access_key_id, (*credentials)->wrapped_secret,
                                                claim.date, claim.region, claim.service);
  };
  const auto signing_key =
      signing_keys.get({claim.access_key_id, claim.date, claim.region, claim.service}, std::cref(fetch));
  if (!signing_key) return unable(signing_key.error());
  rules.now = now;
  const auto verified = wire::verify(request, claim, **signing_key, rules);
  if (!verified) return refused(verified.error());

  Caller caller;
  caller.principal = (*credentials)->principal;
  // What a global service does is done in its one region.
  caller.region = services::is_global_service(claim.service) ? services::kGlobalRegion : claim.region;
  caller.service = claim.service;
  return caller;
}

}  // namespace coffer::api
