// SPDX-License-Identifier: Apache-2.0
// The condition keys that policies ask for, in conditions and in variables. Pure functions, thread-safe.
// Source: IAM API Reference, GetContextKeysForCustomPolicy.
#pragma once
#include <string>
#include <vector>

#include "policy/document.h"

namespace coffer::policy {

// Adds the statement's keys, as written, to those that are there; a key that differs from one of them in case
// alone is there already.
void add_context_keys(const Statement& statement, std::vector<std::string>& keys);

}  // namespace coffer::policy
