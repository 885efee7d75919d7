// SPDX-License-Identifier: Apache-2.0
// Why a principal may do something, or may not: the decision of authorisation.h, asked of the
// policies as they are now and told in full. Nothing is done. Thread-safe.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "policy/explanation.h"
#include "policy/requester.h"
#include "services/caller_policies.h"
#include "services/installation.h"

namespace coffer::services {

// What is to be explained. A condition key that is not in `context` has the value that it would have in a
// call of the principal at this moment from nowhere in particular: aws:SourceIp, say, is absent.
struct AccessCase {
  std::string principal_arn;   // a root user's, a user's, a role's (for any session of it), or a session's
  std::string action;          // "kms:Decrypt"
  std::string resource = "*";  // an ARN
  std::vector<std::pair<std::string, std::string>> context = {};  // condition keys; a name may come again
  std::string asking_account = {};  // other accounts' snapshots do not show; empty: the owner asks
  // The principal itself asks: with what its session carries. Else a session is asked about as its role.
  const policy::Principal* caller = nullptr;
  // How the endpoint is called, for what no service calls in the principal's name.
  bool secure_transport = true;
};

struct AccessExplanation {
  std::string principal_arn, action, resource;  // as they were decided: an alias by its key
  bool allowed = false;
  std::string reason;  // AWS's words
  // One for each question that was asked: that of the policies and then, for KMS keys, of each grant that
  // fits; for what an organization's management account may delegate, of the organization's resource policy.
  std::vector<policy::Explanation> questions;
  std::vector<std::string> notes;    // what is not known here and could change the answer
  std::vector<std::string> instead;  // of a refusal: what would do in place of all that is needed
};

// kInvalidArgument (ValidationError) for what is no ARN or action, or an action that is not asked on such a
// resource (asked_actions.h); kNotFound (NoSuchEntity) for a principal, resource or region that is not here.
Result<AccessExplanation> explain_access(Installation& installation, const AccessCase& access);

// The same for somebody who need not be here, with the policies that count for him. `access.principal_arn` is
// what he is called.
Result<AccessExplanation> explain_access_of(Installation& installation, const AccessCase& access,
                                            policy::Principal principal, SharedCallerPolicies policies);

// The whole as a JSON document (docs/CLI.md, "The admin socket").
std::string to_json(const AccessExplanation& told);

}  // namespace coffer::services
