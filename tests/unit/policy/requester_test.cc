// SPDX-License-Identifier: Apache-2.0
// By which names do policies know whoever made a request, and a stored ARN?
#include "policy/requester.h"

#include <gtest/gtest.h>

#include "policy/resource_part.h"

namespace coffer::policy {
namespace {

TEST(Requester, TheOwnerOfTheInstallationActsAsTheRootUser) {
  Principal owner;
  owner.type = PrincipalType::kUnixUser;
  owner.account = "111111111111";
  owner.id = "uid:1000";
  const auto identity = caller_identity(owner);
  EXPECT_EQ(identity.type, CallerType::kRoot);
  EXPECT_EQ(identity.arn, "arn:aws:iam::111111111111:root");
  EXPECT_EQ(identity.id, "111111111111");
}

TEST(Requester, AStoredArnTellsTheKindOfPrincipal) {
  const auto kind = [](const std::string& arn) { return principal_of("111111111111", arn).type; };
  EXPECT_EQ(kind("arn:aws:iam::111111111111:root"), PrincipalType::kRoot);
  EXPECT_EQ(kind("arn:aws:iam::111111111111:user/a/alice"), PrincipalType::kUser);
  EXPECT_EQ(kind("arn:aws:sts::111111111111:assumed-role/admin/s"), PrincipalType::kRoleSession);
  EXPECT_EQ(kind(""), PrincipalType::kRoot);
  EXPECT_EQ(principal_of("111111111111", "").arn, "arn:aws:iam::111111111111:root");
}

TEST(Requester, TheNameOfAUserOrRoleIsInItsArns) {
  EXPECT_EQ(entity_name("arn:aws:iam::111111111111:user/a/alice"), "alice");
  EXPECT_EQ(entity_name("arn:aws:iam::111111111111:role/b/admin"), "admin");
  EXPECT_EQ(entity_name("arn:aws:sts::111111111111:assumed-role/admin/session"), "admin");
  EXPECT_EQ(entity_name("arn:aws:iam::111111111111:root"), "");
  EXPECT_EQ(entity_name("alice"), "");
}

// A path may hold colons, and words that look like kinds.
TEST(Requester, APathMakesNobodySomebodyElse) {
  EXPECT_EQ(entity_name("arn:aws:iam::111111111111:user/:assumed-role/admin/bob"), "bob");
  EXPECT_EQ(entity_name("arn:aws:iam::111111111111:role/:user/admin/bob"), "bob");
  EXPECT_EQ(resource_part("arn:aws:iam::111111111111:role/:role/aws-service-role/bob"),
            "role/:role/aws-service-role/bob");
  const auto kind = [](const std::string& arn) { return principal_of("111111111111", arn).type; };
  EXPECT_EQ(kind("arn:aws:iam::111111111111:user/:federated-user/bob"), PrincipalType::kUser);
  EXPECT_EQ(kind("arn:aws:sts::111111111111:federated-user/:user"), PrincipalType::kFederatedUser);
}

}  // namespace
}  // namespace coffer::policy
