// SPDX-License-Identifier: Apache-2.0
// May the caller use a KMS key in this way? Every handler and every service that uses a key asks here, so
// that the key's policy, its grants and the caller's own policies decide about each use.
//
// A Deny in any policy decides. Else the key's policy must allow, by itself or together with the caller's
// identity policies (policy/evaluate.h); where neither does, a grant may.
// Source: AWS KMS Developer Guide, "Determining access", "Condition keys", "Grants".
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/context.h"
#include "services/kms/key_directory.h"

namespace coffer::services::kms {

// What the request says beside the action and the key, as conditions and grants ask for it.
struct KeyRequest {
  std::map<std::string, std::string> encryption_context;
  std::vector<std::string> grant_tokens;
  std::string via_service;  // "ec2": a service uses the key for its caller; empty: the caller asks KMS
  std::string encryption_algorithm;  // kms:EncryptionAlgorithm; empty where there is none
  policy::Context condition;  // this operation's further keys: kms:SigningAlgorithm, kms:GrantOperations...
};

// AccessDeniedException in AWS's words; InvalidGrantTokenException for what is no token.
Status authorise_key(Call& call, const std::string& action, const FoundKey& key, const KeyRequest& said = {});

// The same, and the grant by which it is allowed, if it takes one.
Result<std::optional<catalog::Grant>> permission_for_key(Call& call, const std::string& action,
                                                         const FoundKey& key, const KeyRequest& said);

// The same for work in the background, in the name of whoever asked for it.
Status authorise_key(Installation& installation, const policy::Principal& principal,
                     const std::string& action, const FoundKey& key, const KeyRequest& said);

// The same with `decide` for the one who answers each question (authorisation.h): for explanations.
using DecideAccess = std::function<Result<AccessDecision>(const AccessQuestion&)>;
Result<std::optional<catalog::Grant>> permission_for_key(Installation& installation,
                                                         const policy::Principal& principal,
                                                         const std::string& action, const FoundKey& key,
                                                         const KeyRequest& said, const DecideAccess& decide);

// What the caller is told about another account's key that is not there: the words for one that it may not
// use.
Error unknown_foreign_key(Call& call, const std::string& action, const std::string& arn);

// DryRun: called last of all, when nothing would have refused the request. DryRunOperationException if
// `wish` is true.
Status refuse_dry_run(const std::optional<bool>& wish);

}  // namespace coffer::services::kms
