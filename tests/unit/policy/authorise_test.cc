// SPDX-License-Identifier: Apache-2.0
// Who may do what?
#include "policy/authorise.h"

#include <gtest/gtest.h>

namespace coffer::policy {
namespace {

Principal root_of(const std::string& account) {
  Principal root;
  root.account = root.id = account;
  root.arn = "arn:aws:iam::" + account + ":root";
  return root;
}

TEST(Authorise, RootIsAllowedInItsOwnAccount) {
  const Principal root = root_of("111111111111");
  EXPECT_TRUE(authorise({root, "kms:Decrypt", "arn:aws:kms:us-west-2:111111111111:key/k"}).allowed);
  EXPECT_TRUE(authorise({root, "kms:CreateKey", "*"}).allowed);
}

TEST(Authorise, RootIsRefusedInAnotherAccountInAwsWords) {
  const Principal root = root_of("111111111111");
  const auto decision = authorise({root, "kms:Decrypt", "arn:aws:kms:us-west-2:222222222222:key/k"});
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.reason, "because no resource-based policy allows the kms:Decrypt action");
}

TEST(Authorise, AResourceWithoutAnAccountIsNobodys) {
  const Principal root = root_of("111111111111");
  for (const char* resource :
       {"", "key/k", "arn:aws:kms:us-west-2::key/k", "arn:aws:kms:us-west-2:111111111111",
        "xarn:aws:kms:us-west-2:111111111111:key/k"})
    EXPECT_FALSE(authorise({root, "kms:Decrypt", resource}).allowed) << resource;
  EXPECT_FALSE(authorise({root_of(""), "kms:Decrypt", "arn:aws:kms:us-west-2::key/k"}).allowed);
}

TEST(Authorise, AServiceIsBoundToTheAccountItActsFor) {
  Principal service = root_of("111111111111");
  service.type = PrincipalType::kService;
  EXPECT_TRUE(authorise({service, "kms:Decrypt", "arn:aws:kms:us-west-2:111111111111:key/k"}).allowed);
  EXPECT_FALSE(authorise({service, "kms:Decrypt", "arn:aws:kms:us-west-2:222222222222:key/k"}).allowed);
}

TEST(Authorise, OnlyTheOwnerAmongUnixUsers) {
  Principal user;
  user.type = PrincipalType::kUnixUser;
  user.id = "uid:1000";
  EXPECT_FALSE(authorise({user, "coffer:CreateAccount", "*"}).allowed);
  user.owner = true;
  EXPECT_TRUE(authorise({user, "coffer:CreateAccount", "*"}).allowed);
}

}  // namespace
}  // namespace coffer::policy
