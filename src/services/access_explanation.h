// SPDX-License-Identifier: Apache-2.0
// Why a principal may do something, or may not, and who may: the decision of authorisation.h, asked of the
// policies as they are now and told in full. Nothing is done, and nothing recorded. Thread-safe.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "policy/explanation.h"
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
};

struct AccessExplanation {
  std::string principal_arn, action, resource;  // as they were decided: an alias by its key
  bool allowed = false;
  std::string reason;  // AWS's words
  // One for each question that was asked: that of the policies and then, for KMS keys, of each grant that
  // fits.
  std::vector<policy::Explanation> questions;
};

// kInvalidArgument (ValidationError) for what is no ARN or action, kNotFound (NoSuchEntity) for a user, role,
// key that does not exist.
Result<AccessExplanation> explain_access(Installation& installation, const AccessCase& access);

// The whole as a JSON document (docs/CLI.md, "The admin socket").
std::string to_json(const AccessExplanation& told);

struct WhoCan {
  std::string principal_arn;
  bool allowed = false;              // otherwise only some condition stands in the way
  std::vector<std::string> because;  // a line for each policy that allows it, or what is lacking
};
// All root users, users and roles of this installation's accounts that can do it, or could if a condition
// held. By ARN. `resource` may not be "*".
Result<std::vector<WhoCan>> who_can(Installation& installation, const std::string& action,
                                    const std::string& resource,
                                    const std::vector<std::pair<std::string, std::string>>& context);

}  // namespace coffer::services
