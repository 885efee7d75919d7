// SPDX-License-Identifier: Apache-2.0
// The condition keys that follow from who calls: aws:PrincipalArn, aws:PrincipalAccount, aws:PrincipalType,
// aws:userid, aws:username, aws:PrincipalIsAWSService, aws:PrincipalServiceName.
// Source: IAM User Guide, "AWS global condition context keys" and "Variables and tags" (principal key
// values). A pure function.
#pragma once
#include "policy/context.h"
#include "policy/principal.h"

namespace coffer::policy {

// Tags, time, address, region and what a service adds are the caller's to set.
void add_caller_keys(const CallerIdentity& caller, Context& context);

}  // namespace coffer::policy
