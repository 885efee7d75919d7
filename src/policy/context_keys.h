// SPDX-License-Identifier: Apache-2.0
// The condition keys that policies ask for, in conditions and in variables. Pure functions, thread-safe.
// Source: IAM API Reference, GetContextKeysForCustomPolicy.
#pragma once
#include <string>
#include <unordered_set>
#include <vector>

#include "policy/document.h"

namespace coffer::policy {

// Keys in the order of their first mention, as written there; one that differs from another in case alone is
// that one.
class ContextKeys {
 public:
  void add(const std::string& key);
  const std::vector<std::string>& all() const { return keys_; }

 private:
  std::vector<std::string> keys_;
  std::unordered_set<std::string> known_;  // in lower case
};

void add_context_keys(const Statement& statement, ContextKeys& keys);

}  // namespace coffer::policy
