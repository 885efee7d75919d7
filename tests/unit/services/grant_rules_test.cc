// SPDX-License-Identifier: Apache-2.0
// What does a grant let its grantee do, and what may be granted by its permission?
#include "services/kms/grant_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coffer::services::kms {
namespace {

using Constraint = catalog::Grant::Constraint;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;

catalog::Grant grant_of(std::vector<std::string> operations, Constraint constraint = Constraint::kNone,
                        EncryptionContextPairs context = {}) {
  catalog::Grant grant;
  grant.operations = std::move(operations);
  grant.constraint = constraint;
  grant.constraint_context = std::move(context);
  return grant;
}

TEST(GrantRules, OnlyItsOperations) {
  EXPECT_TRUE(permits(grant_of({"Decrypt"}), "Decrypt", {}));
  EXPECT_FALSE(permits(grant_of({"Decrypt"}), "Encrypt", {}));
  EXPECT_FALSE(permits(grant_of({"Decrypt"}), "decrypt", {}));
}

TEST(GrantRules, ASubsetMustBeInTheContextNamesWithoutCase) {
  const auto grant = grant_of({"Decrypt"}, Constraint::kContextSubset, {{"Department", "IT"}});
  EXPECT_TRUE(permits(grant, "Decrypt", {{"department", "IT"}, {"x", "y"}}));
  EXPECT_FALSE(permits(grant, "Decrypt", {{"Department", "it"}}));
  EXPECT_FALSE(permits(grant, "Decrypt", {{"x", "y"}}));
  EXPECT_FALSE(permits(grant, "Decrypt", {}));
}

TEST(GrantRules, AnEqualContextHasNothingMore) {
  const auto grant = grant_of({"Decrypt"}, Constraint::kContextEquals, {{"Department", "IT"}});
  EXPECT_TRUE(permits(grant, "Decrypt", {{"DEPARTMENT", "IT"}}));
  EXPECT_FALSE(permits(grant, "Decrypt", {{"Department", "IT"}, {"x", "y"}}));
  EXPECT_FALSE(permits(grant, "Decrypt", {}));
}

TEST(GrantRules, NamesThatDifferInCaseAloneDoNotStandForEachOther) {
  const auto grant = grant_of({"Decrypt"}, Constraint::kContextEquals, {{"a", "1"}, {"b", "2"}});
  EXPECT_FALSE(permits(grant, "Decrypt", {{"a", "1"}, {"A", "1"}}));
}

TEST(GrantRules, AConstraintDoesNotBindWhatHasNoContext) {
  const auto grant = grant_of({"DescribeKey", "RetireGrant"}, Constraint::kContextEquals, {{"a", "b"}});
  EXPECT_TRUE(permits(grant, "DescribeKey", {}));
  EXPECT_TRUE(permits(grant, "RetireGrant", {}));
}

TEST(GrantRules, AGrantByPermissionOfAGrantIsNoWider) {
  const auto permission =
      grant_of({"CreateGrant", "Decrypt", "Encrypt"}, Constraint::kContextSubset, {{"a", "b"}});
  EXPECT_TRUE(check_within(grant_of({"Decrypt"}, Constraint::kContextSubset, {{"a", "b"}}), permission));
  EXPECT_TRUE(
      check_within(grant_of({"Decrypt"}, Constraint::kContextEquals, {{"a", "b"}, {"c", "d"}}), permission));
  EXPECT_FALSE(check_within(grant_of({"Decrypt"}), permission));
  EXPECT_FALSE(check_within(grant_of({"Decrypt"}, Constraint::kContextSubset, {{"a", "x"}}), permission));
  EXPECT_FALSE(
      check_within(grant_of({"GenerateDataKey"}, Constraint::kContextSubset, {{"a", "b"}}), permission));
  const auto exact = grant_of({"CreateGrant", "Decrypt"}, Constraint::kContextEquals, {{"a", "b"}});
  EXPECT_TRUE(check_within(grant_of({"Decrypt"}, Constraint::kContextEquals, {{"a", "b"}}), exact));
  EXPECT_FALSE(check_within(grant_of({"Decrypt"}, Constraint::kContextSubset, {{"a", "b"}}), exact));
  EXPECT_TRUE(check_within(grant_of({"Decrypt"}), grant_of({"CreateGrant", "Decrypt"})));
}

TEST(GrantRules, OperationsFollowFromTheKey) {
  catalog::Key key;
  key.spec = "SYMMETRIC_DEFAULT";
  key.usage = "ENCRYPT_DECRYPT";
  EXPECT_THAT(grantable_operations(key), Contains("GenerateDataKeyPair"));
  EXPECT_THAT(grantable_operations(key), Not(Contains("Sign")));
  key.spec = "RSA_2048";
  EXPECT_THAT(grantable_operations(key), Contains("GetPublicKey"));
  EXPECT_THAT(grantable_operations(key), Not(Contains("GenerateDataKey")));
  key.usage = "SIGN_VERIFY";
  EXPECT_THAT(grantable_operations(key), Contains("Sign"));
  EXPECT_THAT(grantable_operations(key), Not(Contains("Encrypt")));
}

TEST(GrantRules, ACallerIsMeantByItsOwnItsRolesAndItsAccountsName) {
  policy::CallerIdentity session;
  session.type = policy::CallerType::kRoleSession;
  session.account = "123456789012";
  session.arn = "arn:aws:sts::123456789012:assumed-role/admin/me";
  session.source_arn = "arn:aws:iam::123456789012:role/admin";
  EXPECT_THAT(names_of(session),
              ElementsAre(session.arn, session.source_arn, "arn:aws:iam::123456789012:root"));
  policy::CallerIdentity root;
  root.type = policy::CallerType::kRoot;
  root.account = "123456789012";
  root.arn = "arn:aws:iam::123456789012:root";
  EXPECT_THAT(names_of(root), ElementsAre(root.arn));
}

TEST(GrantRules, PrincipalsAreAccountsUsersRolesSessionsAndServices) {
  for (const char* valid : {"arn:aws:iam::123456789012:root", "arn:aws:iam::123456789012:user/path/alice",
                            "arn:aws:iam::123456789012:role/r", "arn:aws:sts::123456789012:assumed-role/r/s",
                            "ec2.amazonaws.com"})
    EXPECT_TRUE(is_principal(valid)) << valid;
  for (const char* invalid :
       {"", "alice", "123456789012", "arn:aws:iam::123456789012:group/g", "arn:aws:iam::12345678901:root",
        "arn:aws:iam::123456789012:user/", "arn:aws:kms:us-west-2:123456789012:key/k"})
    EXPECT_FALSE(is_principal(invalid)) << invalid;
}

}  // namespace
}  // namespace coffer::services::kms
