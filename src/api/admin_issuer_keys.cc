// SPDX-License-Identifier: Apache-2.0
// issuer-keys-set, -list, -remove: the public keys by which tokens of OpenID Connect providers are checked.
// They are the installation's: an issuer is the same for every account that makes it a provider.
#include "api/admin_call.h"
#include "services/iam/identity_providers.h"
#include "services/sts/json_web_keys.h"

namespace coffer::api {
namespace {

Result<std::string> issuer_in(const AdminCall& call) {
  auto issuer = services::iam::issuer_of_url(call.text("url"));
  if (!issuer)
    return fail(ErrorKind::kInvalidArgument,
                "an issuer's URL is https://HOST/PATH, '" + call.text("url") + "' is not");
  return issuer;
}

}  // namespace

Result<std::string> issuer_keys_set(AdminCall& call) {
  COFFER_TRY(issuer, issuer_in(call));
  COFFER_TRY(accepted, services::sts::accept_key_set(call.text("key_set")));
  Json ids = Json::array();
  for (const auto& key : accepted.keys) ids.push_back(key.id);
  const Json result = {{"issuer", "https://" + issuer}, {"keys", ids}};
  COFFER_CHECK(call.installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.put_issuer_keys(issuer, accepted.text, call.installation.clock.now()));
    return transaction.append_trail(
        admin_event(call, "SetIssuerKeys", {{"url", call.text("url")}}, result, nullptr));
  }));
  return success_line(result);
}

Result<std::string> issuer_keys_list(AdminCall& call) {
  Json issuers = Json::array();
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(all, transaction.issuers_with_keys());
    for (const auto& issuer : all) {
      COFFER_TRY(key_set, transaction.issuer_keys(issuer));
      Json ids = Json::array();
      const auto keys = services::sts::parse_key_set(key_set.value_or(""));
      if (keys)
        for (const auto& key : *keys) ids.push_back(key.id);
      issuers.push_back({{"issuer", "https://" + issuer}, {"keys", std::move(ids)}});
    }
    return {};
  }));
  return success_line({{"issuers", std::move(issuers)}});
}

Result<std::string> issuer_keys_remove(AdminCall& call) {
  COFFER_TRY(issuer, issuer_in(call));
  COFFER_CHECK(call.installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    auto removed = transaction.remove_issuer_keys(issuer);
    if (!removed && removed.error().kind == ErrorKind::kNotFound)
      return fail(ErrorKind::kNotFound, "there are no keys of https://" + issuer);
    COFFER_CHECK(removed);
    return transaction.append_trail(
        admin_event(call, "RemoveIssuerKeys", {{"url", call.text("url")}}, nullptr, nullptr));
  }));
  return success_line({{"issuer", "https://" + issuer}});
}

}  // namespace coffer::api
