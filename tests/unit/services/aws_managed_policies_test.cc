// SPDX-License-Identifier: Apache-2.0
// Are AWS's own managed policies documents that the policy engine reads, each with a name of its own?
#include "services/iam/aws_managed_policies.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "policy/document.h"

namespace coffer::services::iam {
namespace {

TEST(AwsManagedPolicies, AllAreReadable) {
  ASSERT_GT(aws_managed_policies().size(), 40u);
  for (const auto& policy : aws_managed_policies()) {
    const auto read = policy::read_document(policy.document, policy::DocumentKind::kIdentity);
    EXPECT_TRUE(read.has_value()) << policy.name << ": " << (read ? "" : read.error().message);
  }
}

TEST(AwsManagedPolicies, HaveNamesIdsAndArnsOfTheirOwn) {
  std::set<std::string_view> names, ids, arns;
  for (const auto& policy : aws_managed_policies()) {
    EXPECT_TRUE(names.insert(policy.name).second) << policy.name;
    EXPECT_TRUE(ids.insert(policy.id).second) << policy.id;
    EXPECT_TRUE(arns.insert(policy.arn).second) << policy.arn;
    EXPECT_EQ(std::string("arn:aws:iam::aws:policy") + std::string(policy.path) + std::string(policy.name),
              policy.arn);
    EXPECT_LE(policy.created, policy.updated) << policy.name;
  }
}

TEST(AwsManagedPolicies, AreFoundByTheirArn) {
  for (const auto& policy : aws_managed_policies()) {
    const auto* found = find_aws_managed_policy(policy.arn);
    ASSERT_NE(found, nullptr) << policy.arn;
    EXPECT_EQ(found->name, policy.name);
  }
  EXPECT_EQ(find_aws_managed_policy("arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicy"), nullptr)
      << "its path is /service-role/";
  EXPECT_EQ(find_aws_managed_policy("arn:aws:iam::aws:policy/Zzz"), nullptr);
}

}  // namespace
}  // namespace coffer::services::iam
