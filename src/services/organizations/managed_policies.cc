// SPDX-License-Identifier: Apache-2.0
#include "services/organizations/managed_policies.h"

#include <algorithm>
#include <array>

namespace coffer::services::organizations {
namespace {

constexpr std::array kPolicies = {
    ManagedPolicy{"p-FullAWSAccess", kServiceControlPolicy, "FullAWSAccess",
                  "Allows access to every operation",
                  R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]})"},
    ManagedPolicy{
        "p-RCPFullAWSAccess", kResourceControlPolicy, "RCPFullAWSAccess", "Allow access to all resources",
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]})"},
};

template <class Member>
const ManagedPolicy* find(Member member, std::string_view value) {
  const auto* found = std::ranges::find(kPolicies, value, member);
  return found == kPolicies.end() ? nullptr : found;
}

}  // namespace

std::span<const ManagedPolicy> managed_policies() {
  return kPolicies;
}
const ManagedPolicy* find_managed_policy(std::string_view id) {
  return find(&ManagedPolicy::id, id);
}
const ManagedPolicy* managed_policy_of(std::string_view type) {
  return find(&ManagedPolicy::type, type);
}

}  // namespace coffer::services::organizations
