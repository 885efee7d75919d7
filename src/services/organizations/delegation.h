// SPDX-License-Identifier: Apache-2.0
// What member accounts may do in their organization though they do not manage it: a delegated administrator
// of any service reads it, and the organization's resource policy says who else may do what. Thread-safe.
// Source: Organizations User Guide, "Delegated administrator for Organizations" (which actions can be
// delegated); API Reference, RegisterDelegatedAdministrator ("read-only access to Organizations service
// data").
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "services/organizations/membership.h"

namespace coffer::services::organizations {

Result<bool> is_delegated_administrator(catalog::Transaction& transaction,
                                        const catalog::Organization& organization,
                                        const std::string& account);

// Who answers each question: the call, or whoever explains one.
using Decide = std::function<Result<AccessDecision>(const AccessQuestion&)>;

// What a call is about, with the condition keys of the request and of the resource.
struct AskedResource {
  std::string action;
  std::string arn;
  policy::Context context;
};
// May this member do the operation ("AttachPolicy"), on each of them? Its own policies were asked before, and
// are asked again together with the resource policy.
Result<bool> is_delegated(Installation& installation, const std::string& account,
                          const std::string& operation, const catalog::Organization& organization,
                          const std::vector<AskedResource>& resources, const Decide& decide);

// What the ids name, in that organization, as a call of `operation` asks about each of them: with the keys of
// the request (`context`) and those of the resource.
Result<std::vector<AskedResource>> find_resources(catalog::Transaction& transaction,
                                                  const catalog::Organization& organization,
                                                  const std::string& operation,
                                                  const std::vector<std::string>& ids,
                                                  policy::Context context);
// Is there such a root, unit, account, policy or resource policy in the organization?
Result<bool> is_of(catalog::Transaction& transaction, const catalog::Organization& organization,
                   const std::string& id);

// Once the account's own policies allow the action on the resource: would the operation be refused, as it is
// the management account's? Nothing where it is not, or why. For whoever explains a call.
Result<std::optional<std::string>> refusal_of_member(Installation& installation, const std::string& account,
                                                     const std::string& action, const std::string& resource,
                                                     const policy::Context& context, const Decide& decide);

// InvalidInputException for what is no principal of a service, such as "backup.amazonaws.com".
Status check_service_principal(const std::string& service);
policy::Context service_key(const std::string& service);  // organizations:ServicePrincipal

}  // namespace coffer::services::organizations
