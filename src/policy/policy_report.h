// SPDX-License-Identifier: Apache-2.0
// One policy as it concerns one request, statement by statement: what matched, and which condition held with
// which value. Everything is copied out of the request. Pure functions, thread-safe.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "policy/evaluate.h"

namespace coffer::policy {

struct ConditionReport {
  std::string operator_name, key;
  std::vector<std::string> wanted;                 // as the policy has them
  std::optional<std::vector<std::string>> actual;  // nothing when the request has no such key
  bool holds = false;
};

struct StatementReport {
  size_t position = 0;  // in its policy, from 0
  std::string sid;
  Effect effect = Effect::kAllow;
  // Does each of them match the request? Where a statement has no principal, that does.
  bool principal = false, action = false, resource = false;
  std::optional<PrincipalElement> named;  // of a resource's policy
  std::vector<ConditionReport> conditions;

  bool fits() const { return principal && action && resource; }  // its conditions aside
  bool applies() const;
};

struct PolicyReport {
  PolicyKind kind = PolicyKind::kIdentity;
  std::string name;
  std::vector<StatementReport> statements;
};

PolicyReport report_of(const AttachedPolicy& policy, PolicyKind kind, const AccessRequest& request);

// "identity-based policy"
std::string_view name_of(PolicyKind kind);

}  // namespace coffer::policy
