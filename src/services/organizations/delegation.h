// SPDX-License-Identifier: Apache-2.0
// What member accounts may do in their organization though they do not manage it: a delegated administrator
// of any service reads it, and the organization's resource policy says who else may do what. Thread-safe.
// Source: Organizations User Guide, "Delegated administrator for Organizations" (which actions can be
// delegated); API Reference, RegisterDelegatedAdministrator ("read-only access to Organizations service
// data").
#pragma once
#include <string>
#include <vector>

#include "services/organizations/membership.h"

namespace coffer::services::organizations {

Result<bool> is_delegated_administrator(catalog::Transaction& transaction,
                                        const catalog::Organization& organization,
                                        const std::string& account);

// What a call is about, with the condition keys of the request and of the resource.
struct AskedResource {
  std::string action;
  std::string arn;
  policy::Context context;
};
// May this member do what it calls, on each of them? Its own policies were asked before, and are asked again
// together with the resource policy.
Result<bool> is_delegated(Call& call, const catalog::Organization& organization,
                          const std::vector<AskedResource>& resources);

// InvalidInputException for what is no principal of a service, such as "backup.amazonaws.com".
Status check_service_principal(const std::string& service);
policy::Context service_key(const std::string& service);  // organizations:ServicePrincipal

}  // namespace coffer::services::organizations
