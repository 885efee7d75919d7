// SPDX-License-Identifier: Apache-2.0
// Conditions in words, for whoever has to meet one or to get round it. Pure functions, thread-safe.
#pragma once
#include <string>

#include "policy/policy_report.h"

namespace coffer::policy {

// "kms:ViaService met StringEquals ec2.us-west-2.amazonaws.com (it is absent)"
std::string when_met(const ConditionReport& condition);

// What would make it not hold: "ec2:Encrypted were true (it is false)".
std::string when_not_met(const ConditionReport& condition);

}  // namespace coffer::policy
