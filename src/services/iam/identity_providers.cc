// SPDX-License-Identifier: Apache-2.0
// CreateOpenIDConnectProvider, GetOpenIDConnectProvider, ListOpenIDConnectProviders,
// DeleteOpenIDConnectProvider, AddClientIDToOpenIDConnectProvider, RemoveClientIDFromOpenIDConnectProvider,
// UpdateOpenIDConnectProviderThumbprint. Thumbprints are kept and shown; nothing is fetched from providers,
// so nothing is checked by them.
#include "services/iam/identity_providers.h"
#include "services/iam/quotas.h"

#include <fmt/format.h>

#include <algorithm>

#include "services/iam/entities.h"
#include "services/iam_names.h"

namespace coffer::services::iam {
namespace {

using catalog::IdentityProvider;

constexpr size_t kMostClientIds = 100, kMostThumbprints = 5;

tl::unexpected<Error> no_such_provider(const std::string& arn) {
  return no_such_entity(fmt::format("OpenIDConnect Provider not found for arn {}", arn));
}

Status check_thumbprints(const std::vector<std::string>& thumbprints) {
  if (thumbprints.size() > kMostThumbprints)
    return invalid_input("Thumbprint list must contain fewer than 5 entries.");
  const bool good = std::ranges::all_of(thumbprints, [](const std::string& thumbprint) {
    return std::ranges::all_of(thumbprint, [](unsigned char c) { return std::isxdigit(c) != 0; });
  });
  if (!good) return invalid_input("A thumbprint is 40 hexadecimal digits.");
  return {};
}

Status check_client_ids(const std::vector<std::string>& client_ids) {
  if (client_ids.size() > kMostClientIds)
    return limit_exceeded(
        fmt::format("Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {}", kMostClientIds));
  return {};
}

Status insert(catalog::Transaction& transaction, const IdentityProvider& provider) {
  auto inserted = transaction.insert_identity_provider(provider);
  if (!inserted && inserted.error().kind == ErrorKind::kConflict)
    return fail(ErrorKind::kConflict,
                fmt::format("Provider with url https://{} already exists.", provider.issuer),
                "EntityAlreadyExists");
  COFFER_CHECK(inserted);
  return check_quota(transaction, provider.account, kProvidersQuota);
}

// Changes the provider as it is now.
template <class Response, class Edit>
Result<Response> edit(Call& call, const std::string& arn, Edit edit) {
  return change<Response>(call, [&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(current, transaction.identity_provider(arn));
    if (!current) return no_such_provider(arn);
    COFFER_CHECK(edit(*current));
    return transaction.update_identity_provider(*current);
  });
}

}  // namespace

Result<std::string> issuer_of_url(const std::string& url) {
  constexpr std::string_view kScheme = "https://";
  const std::string issuer = url.starts_with(kScheme) ? url.substr(kScheme.size()) : std::string();
  const std::string host = issuer.substr(0, issuer.find('/'));
  const auto plain = [](unsigned char c) { return c > ' ' && c < 0x7F; };
  if (host.empty() || host.find(':') != std::string::npos || host.find('@') != std::string::npos ||
      issuer.find_first_of("?#*") != std::string::npos || !std::ranges::all_of(issuer, plain))
    return invalid_input("Invalid Open ID Connect Provider URL");
  return issuer;
}

Result<IdentityProvider> find_provider(Call& call, const std::string& arn, policy::Context context) {
  std::optional<IdentityProvider> found;
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.identity_provider(arn));
    if (row && row->account == call.account) found = std::move(row);
    return {};
  }));
  if (found) add_resource_tags(found->tags, context);
  COFFER_CHECK(
      call.authorise({.action = "iam:" + call.operation, .resource = arn, .context = std::move(context)}));
  if (!found) return no_such_provider(arn);
  return std::move(*found);
}

Result<api::CreateOpenIDConnectProviderResponse> IamService::create_open_id_connect_provider(
    Call& call, const api::CreateOpenIDConnectProviderRequest& request) {
  IdentityProvider provider;
  const auto issuer = issuer_of_url(request.url);
  AccessQuestion question{
      .action = "iam:CreateOpenIDConnectProvider",
      .resource = iam_arn(call.account, "oidc-provider", "/", issuer ? *issuer : std::string("*"))};
  COFFER_CHECK(authorise_creation(call, question, request.tags, "iam:TagOpenIDConnectProvider"));
  COFFER_CHECK(issuer);
  provider.arn = question.resource;
  provider.account = call.account;
  provider.issuer = *issuer;
  provider.created = call.time;
  provider.client_ids = request.client_id_list.value_or(std::vector<std::string>());
  COFFER_CHECK(check_client_ids(provider.client_ids));
  provider.thumbprints = request.thumbprint_list.value_or(std::vector<std::string>());
  COFFER_CHECK(check_thumbprints(provider.thumbprints));
  COFFER_TRY(tags, checked_tags(request.tags));
  provider.tags = std::move(tags);
  return call.commit<api::CreateOpenIDConnectProviderResponse>(
      [&](catalog::Transaction& transaction) -> Result<api::CreateOpenIDConnectProviderResponse> {
        COFFER_CHECK(insert(transaction, provider));
        api::CreateOpenIDConnectProviderResponse response;
        response.open_id_connect_provider_arn = provider.arn;
        if (!provider.tags.empty()) response.tags = api_tags(provider.tags);
        return response;
      });
}

Result<api::GetOpenIDConnectProviderResponse> IamService::get_open_id_connect_provider(
    Call& call, const api::GetOpenIDConnectProviderRequest& request) {
  COFFER_TRY(provider, find_provider(call, request.open_id_connect_provider_arn));
  api::GetOpenIDConnectProviderResponse response;
  response.url = provider.issuer;
  response.client_id_list = provider.client_ids;
  response.thumbprint_list = provider.thumbprints;
  response.create_date = provider.created;
  if (!provider.tags.empty()) response.tags = api_tags(provider.tags);
  return response;
}

Result<api::ListOpenIDConnectProvidersResponse> IamService::list_open_id_connect_providers(
    Call& call, const api::ListOpenIDConnectProvidersRequest&) {
  COFFER_CHECK(call.authorise("iam:ListOpenIDConnectProviders", "*"));
  api::ListOpenIDConnectProvidersResponse response;
  response.open_id_connect_provider_list.emplace();
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(providers, transaction.identity_providers(call.account));
    for (auto& provider : providers)
      response.open_id_connect_provider_list->push_back({std::move(provider.arn)});
    return {};
  }));
  return response;
}

Result<api::DeleteOpenIDConnectProviderResponse> IamService::delete_open_id_connect_provider(
    Call& call, const api::DeleteOpenIDConnectProviderRequest& request) {
  COFFER_TRY(provider, find_provider(call, request.open_id_connect_provider_arn));
  return change<api::DeleteOpenIDConnectProviderResponse>(call, [&](catalog::Transaction& transaction) {
    return transaction.remove_identity_provider(provider.arn);
  });
}

// Adding one that is there, or removing one that is not, changes nothing (IAM API Reference).
Result<api::AddClientIDToOpenIDConnectProviderResponse> IamService::add_client_id_to_open_id_connect_provider(
    Call& call, const api::AddClientIDToOpenIDConnectProviderRequest& request) {
  COFFER_TRY(provider, find_provider(call, request.open_id_connect_provider_arn));
  return edit<api::AddClientIDToOpenIDConnectProviderResponse>(
      call, provider.arn, [&](IdentityProvider& current) -> Status {
        if (std::ranges::find(current.client_ids, request.client_id) == current.client_ids.end())
          current.client_ids.push_back(request.client_id);
        return check_client_ids(current.client_ids);
      });
}

Result<api::RemoveClientIDFromOpenIDConnectProviderResponse>
IamService::remove_client_id_from_open_id_connect_provider(
    Call& call, const api::RemoveClientIDFromOpenIDConnectProviderRequest& request) {
  COFFER_TRY(provider, find_provider(call, request.open_id_connect_provider_arn));
  return edit<api::RemoveClientIDFromOpenIDConnectProviderResponse>(
      call, provider.arn, [&](IdentityProvider& current) -> Status {
        std::erase(current.client_ids, request.client_id);
        return {};
      });
}

Result<api::UpdateOpenIDConnectProviderThumbprintResponse>
IamService::update_open_id_connect_provider_thumbprint(
    Call& call, const api::UpdateOpenIDConnectProviderThumbprintRequest& request) {
  COFFER_TRY(provider, find_provider(call, request.open_id_connect_provider_arn));
  COFFER_CHECK(check_thumbprints(request.thumbprint_list));
  return edit<api::UpdateOpenIDConnectProviderThumbprintResponse>(
      call, provider.arn, [&](IdentityProvider& current) -> Status {
        current.thumbprints = request.thumbprint_list;
        return {};
      });
}

}  // namespace coffer::services::iam
