// SPDX-License-Identifier: Apache-2.0
// Who may do something in an organization: first whom policies allow the action on the ARN that it is about,
// then whose account the organization's is. Thread-safe.
// Source: Service Authorization Reference, AWS Organizations; Organizations API Reference, each operation's
// "This operation can be called only from the organization's management account".
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "services/organizations/errors.h"
#include "services/organizations/organizations_service.h"

namespace coffer::services::organizations {

using Tags = std::vector<std::pair<std::string, std::string>>;

// Asks for the action on each of the resources that these ids name; on "*" where there are none, or no
// organization. Gives the organization of the caller's account; AWSOrganizationsNotInUseException without
// one.
Result<catalog::Organization> authorise_member(Call& call, const std::vector<std::string>& ids = {},
                                               policy::Context context = {});
// The same for the management account, and for members that may stand in for it (delegation.h):
// AccessDeniedException for others.
Result<catalog::Organization> authorise_manager(Call& call, const std::vector<std::string>& ids = {},
                                                policy::Context context = {});

// What is made with tags takes the permission to tag as well, asked on the ARN of what is to be, or of what
// is there already, with its own tags; nothing is asked where there are none. To be asked after
// authorise_manager().
Status authorise_new_tags(Call& call, const catalog::Organization& organization, const std::string& arn,
                          const std::optional<std::vector<api::Tag>>& tags);

// What a request says of tags, and of a policy's type, as condition keys.
policy::Context request_keys(const std::optional<std::vector<api::Tag>>& tags);
policy::Context type_key(const std::string& policy_type);

// Runs in a transaction with the organization as it is then. The caller was authorised before.
template <class Response>
using Body = std::function<Result<Response>(catalog::Transaction&, catalog::Organization&)>;

template <class Response>
Result<Response> change(Call& call, const std::string& organization_id, const Body<Response>& body) {
  return call.commit<Response>([&](catalog::Transaction& transaction) -> Result<Response> {
    COFFER_TRY(organization, transaction.organization(organization_id));
    if (!organization) return not_in_use();
    return body(transaction, *organization);
  });
}

// The same without changing anything.
template <class Response, class Read>
Result<Response> read(Call& call, Read body) {
  Result<Response> response = fail(ErrorKind::kInternal, "transaction did not run");
  COFFER_CHECK(call.installation.catalog.read([&](catalog::Transaction& transaction) -> Status {
    response = body(transaction);
    if (!response) return tl::unexpected(response.error());
    return {};
  }));
  return response;
}

}  // namespace coffer::services::organizations
