// SPDX-License-Identifier: Apache-2.0
// What a grant allows, and what may be granted. Pure functions, thread-safe.
// Source: AWS KMS Developer Guide, "Grants in AWS KMS", "Creating grants" (constraints, grants from grants);
// AWS KMS API Reference, CreateGrant, GrantConstraints.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catalog/rows.h"
#include "policy/document.h"
#include "policy/principal.h"

namespace coffer::services::kms {

using EncryptionContextPairs = std::map<std::string, std::string>;

// "Decrypt" of "kms:Decrypt"; empty for another service's action.
std::string_view operation_of(std::string_view action);

// Does the grant let its grantee do `operation` with that encryption context? Names in a constraint have no
// case. Operations without an encryption context (DescribeKey, CreateGrant, RetireGrant) are not bound by it.
bool permits(const catalog::Grant& grant, std::string_view operation, const EncryptionContextPairs& context);

// Operations that keys of this usage and spec have, and that a grant may name.
std::vector<std::string> grantable_operations(const catalog::Key& key);

// A grant made by the permission of another may not allow more than it: kPermissionDenied otherwise.
Status check_within(const catalog::Grant& made, const catalog::Grant& permission);

// The names by which grants can mean a caller: the user or session, its role, its account.
std::vector<std::string> names_of(const policy::CallerIdentity& caller);

// Is it the ARN of an account, user, role or session, or a service's name?
bool is_principal(std::string_view text);

// A policy that says what a grant says: `action` is allowed to these principals.
policy::Document as_policy(const std::string& action, const std::vector<std::string>& principals);

}  // namespace coffer::services::kms
