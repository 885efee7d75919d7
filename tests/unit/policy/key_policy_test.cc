// SPDX-License-Identifier: Apache-2.0
// Who may use a KMS key, and who may assume a role? The cases follow AWS KMS Developer Guide, "Default key
// policy" and "Troubleshooting key access"; policies are as EBS's examples have them.
#include <gtest/gtest.h>

#include <deque>

#include "tests/unit/policy/policy_fixture.h"

namespace coffer::policy {
namespace {

constexpr const char* kOwner = "111122223333";
constexpr const char* kKey = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const std::string kDefault =
    "{'Sid': 'Enable IAM policies', 'Effect': 'Allow', 'Principal': {'AWS': "
    "'arn:aws:iam::111122223333:root'}, "
    "'Action': 'kms:*', 'Resource': '*'}";
const std::string kIdentityAllow = statement("'Effect': 'Allow', 'Action': 'kms:Decrypt', 'Resource': '*'");

CallerIdentity user(const std::string& account) {
  CallerIdentity result;
  result.type = CallerType::kUser;
  result.account = account;
  result.arn = "arn:aws:iam::" + account + ":user/alice";
  return result;
}

CallerIdentity root(const std::string& account) {
  CallerIdentity result;
  result.type = CallerType::kRoot;
  result.account = account;
  result.arn = "arn:aws:iam::" + account + ":root";
  return result;
}

// kms:Decrypt with a key of kOwner.
class KeyPolicy : public testing::Test {
 protected:
  void protect(const std::string& statements) {
    key_policy_ =
        document("{'Version': '2012-10-17', 'Statement': [" + statements + "]}", DocumentKind::kKey);
  }
  void grant(const std::string& text) {
    documents_.push_back(document(text));
    caller.identity_policies.push_back({"inline", &documents_.back()});
  }
  std::string why() {
    const AttachedPolicy attached{"default", &key_policy_};
    const auto verdict =
        evaluate({caller, "kms:Decrypt", kKey, kOwner, values, &attached, ResourcePolicyRule::kMustAllow});
    return verdict.allowed() ? "allowed" : reason(verdict, "kms:Decrypt");
  }

  Caller caller;
  Context values;

 private:
  Document key_policy_;
  std::deque<Document> documents_;
};

const std::string kNoResource = "because no resource-based policy allows the kms:Decrypt action";
const std::string kNoIdentity = "because no identity-based policy allows the kms:Decrypt action";

TEST_F(KeyPolicy, TheDefaultLetsIdentityPoliciesDecide) {
  protect(kDefault);
  caller.identity = user(kOwner);
  EXPECT_EQ(why(), kNoIdentity);
  grant(kIdentityAllow);
  EXPECT_EQ(why(), "allowed");
  caller.identity = root(kOwner);
  EXPECT_EQ(why(), "allowed");
  caller.identity = root("444455556666");
  EXPECT_EQ(why(), kNoResource);
}

TEST_F(KeyPolicy, WithoutTheAccountIdentityPoliciesDoNotCount) {
  protect(
      "{'Effect': 'Allow', 'Principal': {'AWS': 'arn:aws:iam::111122223333:user/bob'}, 'Action': 'kms:*', "
      "'Resource': '*'}");
  caller.identity = user(kOwner);
  grant(kIdentityAllow);
  EXPECT_EQ(why(), kNoResource);
  caller.identity = root(kOwner);
  EXPECT_EQ(why(), kNoResource) << "not even the root user's";
}

TEST_F(KeyPolicy, AnIdentityPolicyDeniesWithoutTheKeyPolicysLeave) {
  protect(
      "{'Effect': 'Allow', 'Principal': {'AWS': 'arn:aws:iam::111122223333:user/alice'}, 'Action': 'kms:*', "
      "'Resource': '*'}");
  caller.identity = user(kOwner);
  EXPECT_EQ(why(), "allowed") << "the key policy alone suffices for whom it names";
  grant(statement("'Effect': 'Deny', 'Action': 'kms:*', 'Resource': '*'"));
  EXPECT_EQ(why(), "with an explicit deny in an identity-based policy");
}

TEST_F(KeyPolicy, TheAccountHandsOnOnlyWhatItIsGiven) {
  protect(
      "{'Effect': 'Allow', 'Principal': {'AWS': '111122223333'}, 'Action': 'kms:Describe*', 'Resource': "
      "'*'}");
  caller.identity = user(kOwner);
  grant(kIdentityAllow);
  EXPECT_EQ(why(), kNoResource);
}

TEST_F(KeyPolicy, AStatementWithoutResourceHasNoEffect) {
  protect("{'Effect': 'Allow', 'Principal': {'AWS': '111122223333'}, 'Action': 'kms:*'}");
  caller.identity = root(kOwner);
  EXPECT_EQ(why(), kNoResource);
}

TEST_F(KeyPolicy, AnotherAccountNeedsBothItsOwnAndTheKeysPolicy) {
  caller.identity = user("444455556666");
  protect(kDefault);
  grant(kIdentityAllow);
  EXPECT_EQ(why(), kNoResource);
  protect(kDefault +
          ", {'Effect': 'Allow', 'Principal': {'AWS': 'arn:aws:iam::444455556666:root'}, 'Action': "
          "['kms:Encrypt', 'kms:Decrypt'], 'Resource': '*'}");
  EXPECT_EQ(why(), "allowed");
  caller.identity_policies.clear();
  EXPECT_EQ(why(), kNoIdentity);
  caller.identity = root("444455556666");
  EXPECT_EQ(why(), "allowed");
}

// "Allow access through EBS for all principals in the account that are authorized to use EBS".
TEST_F(KeyPolicy, UseThroughEbsAlone) {
  protect(
      "{'Effect': 'Allow', 'Principal': {'AWS': '*'}, 'Action': ['kms:Encrypt', 'kms:Decrypt', "
      "'kms:ReEncrypt*', "
      "'kms:GenerateDataKey*', 'kms:CreateGrant', 'kms:DescribeKey'], 'Resource': '*', 'Condition': "
      "{'StringEquals': {'kms:ViaService': 'ec2.us-east-1.amazonaws.com', 'kms:CallerAccount': "
      "'111122223333'}}}, "
      "{'Effect': 'Allow', 'Principal': {'AWS': 'arn:aws:iam::111122223333:root'}, 'Action': "
      "['kms:Describe*', "
      "'kms:Get*', 'kms:List*', 'kms:RevokeGrant'], 'Resource': '*'}");
  caller.identity = user(kOwner);
  values.set("kms:CallerAccount", kOwner);
  EXPECT_EQ(why(), kNoResource) << "Decrypt called directly";
  values.set("kms:ViaService", "ec2.us-east-1.amazonaws.com");
  EXPECT_EQ(why(), "allowed");
  values.set("kms:ViaService", "ec2.us-east-2.amazonaws.com");
  EXPECT_EQ(why(), kNoResource);
  values.set("kms:ViaService", "ec2.us-east-1.amazonaws.com");
  values.set("kms:CallerAccount", "444455556666");
  EXPECT_EQ(why(), kNoResource);
}

TEST_F(KeyPolicy, TheEncryptionContextCounts) {
  protect(
      "{'Effect': 'Allow', 'Principal': '*', 'Action': 'kms:Decrypt', 'Resource': '*', 'Condition': "
      "{'StringLike': {'kms:EncryptionContext:aws:ebs:id': 'vol-*'}}}");
  caller.identity = user(kOwner);
  EXPECT_EQ(why(), kNoResource);
  values.set("kms:EncryptionContext:aws:ebs:id", "vol-1");
  EXPECT_EQ(why(), "allowed");
}

TEST(TrustPolicy, ARoleIsAssumedByWhomItTrusts) {
  const auto trust = document(statement("'Effect': 'Allow', 'Principal': {'AWS': '111122223333', 'Service': "
                                        "'ec2.amazonaws.com'}, 'Action': "
                                        "'sts:AssumeRole'"),
                              DocumentKind::kTrust);
  const auto may_assume =
      document(statement("'Effect': 'Allow', 'Action': 'sts:AssumeRole', 'Resource': '*'"));
  const Context nothing;
  const AttachedPolicy attached{"trust", &trust};
  Caller caller;
  const auto why = [&] {
    const auto verdict = evaluate({caller, "sts:AssumeRole", "arn:aws:iam::111122223333:role/app", kOwner,
                                   nothing, &attached, ResourcePolicyRule::kMustAllowAsTrust});
    return verdict.allowed() ? "allowed" : reason(verdict, "sts:AssumeRole");
  };
  caller.identity = user(kOwner);
  EXPECT_EQ(why(), "because no identity-based policy allows the sts:AssumeRole action");
  caller.identity_policies = {{"inline", &may_assume}};
  EXPECT_EQ(why(), "allowed");
  caller.identity = user("444455556666");
  EXPECT_EQ(why(), "because no role trust policy allows the sts:AssumeRole action");
  caller = {};
  caller.identity.type = CallerType::kService;
  caller.identity.name = "ec2.amazonaws.com";
  EXPECT_EQ(why(), "allowed");
}

}  // namespace
}  // namespace coffer::policy
