// SPDX-License-Identifier: Apache-2.0
// May the caller use a KMS key in this way? Every handler and every service that uses a key asks here, so
// that the key's policy, its grants and the caller's own policies decide about each use.
// Source: AWS KMS Developer Guide, "Determining access", "Condition keys", "Grants".
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "policy/context.h"
#include "services/kms/key_directory.h"

namespace coffer::services::kms {

// What the request says beside the action and the key, as conditions and grants ask for it.
struct KeyRequest {
  std::map<std::string, std::string> encryption_context;
  std::vector<std::string> grant_tokens;
  std::string via_service;    // "ec2": a service uses the key for its caller; empty: the caller asks KMS
  policy::Context condition;  // this operation's further keys: kms:SigningAlgorithm, kms:KeySpec...
};

// AccessDeniedException in AWS's words.
Status authorise_key(Call& call, const std::string& action, const FoundKey& key, const KeyRequest& said = {});

// The same for work in the background, in the name of whoever asked for it.
Status authorise_key(Installation& installation, const policy::Principal& principal,
                     const std::string& action, const FoundKey& key, const KeyRequest& said);

// DryRun: called last of all, when nothing would have refused the request. DryRunOperationException if
// `wish` is true.
Status refuse_dry_run(const std::optional<bool>& wish);

}  // namespace coffer::services::kms
