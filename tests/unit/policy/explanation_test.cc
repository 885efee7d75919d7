// SPDX-License-Identifier: Apache-2.0
// Does an explanation tell what decides, and what would be needed, as evaluate() decides it?
#include "policy/explanation.h"

#include <gmock/gmock.h>

#include <deque>

#include "tests/unit/policy/policy_fixture.h"

namespace coffer::policy {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kAccount = "111122223333";
constexpr const char* kKey = "arn:aws:kms:us-west-2:111122223333:key/1";
const std::string kAlice = std::string("arn:aws:iam::") + kAccount + ":user/alice";
const std::string kAllow = statement("'Sid': 'Yes', 'Effect': 'Allow', 'Action': 'kms:*', 'Resource': '*'");
const std::string kDeny = statement("'Effect': 'Deny', 'Action': 'kms:Decrypt', 'Resource': '*'");
const std::string kViaEc2 = statement(
    "'Sid': 'Ec2', 'Effect': 'Allow', 'Action': 'kms:Decrypt', 'Resource': '*', 'Condition': "
    "{'StringEquals': "
    "{'kms:ViaService': ['ec2.us-west-2.amazonaws.com', 'ebs.us-west-2.amazonaws.com']}}");

// Something to change, and the ways in which that could be done.
auto needs(const auto& what, const auto& ways) {
  return AllOf(Field(&Need::what, what), Field(&Need::any_of, ways));
}

std::string key_policy(const std::string& principal, const std::string& more = {}) {
  return statement("'Effect': 'Allow', 'Principal': {'AWS': '" + principal +
                   "'}, 'Action': 'kms:*', 'Resource': '*'" + more);
}

class Explain : public testing::Test {
 protected:
  Explain() {
    caller.identity.type = CallerType::kUser;
    caller.identity.account = kAccount;
    caller.identity.arn = kAlice;
  }
  AttachedPolicy policy(const std::string& text, DocumentKind kind = DocumentKind::kIdentity) {
    documents_.push_back(document(text, kind));
    return {"policy " + std::to_string(documents_.size()), &documents_.back()};
  }
  void protect(const std::string& text) { key = policy(text, DocumentKind::kKey); }
  Explanation explained() {
    return explain_request({caller, "kms:Decrypt", kKey, kAccount, given, key ? &*key : nullptr,
                            key ? ResourcePolicyRule::kMustAllow : ResourcePolicyRule::kMayAllow});
  }

  Caller caller;
  Context given;
  std::optional<AttachedPolicy> key;

 private:
  std::deque<Document> documents_;
};

TEST_F(Explain, NothingIsNeededForWhatIsAllowed) {
  caller.identity_policies = {policy(kAllow)};
  const auto told = explained();
  EXPECT_TRUE(told.allowed());
  EXPECT_THAT(told.needed, IsEmpty());
  EXPECT_FALSE(told.lacks_only_conditions);
  ASSERT_EQ(told.policies.size(), 1u);
  EXPECT_TRUE(told.policies[0].statements.at(0).applies());
}

TEST_F(Explain, SaysWhoseAllowIsMissing) {
  EXPECT_THAT(explained().needed, ElementsAre(needs("an identity-based policy of " + kAlice +
                                                        " that allows kms:Decrypt on " + kKey,
                                                    IsEmpty())));
}

TEST_F(Explain, TellsAFailingConditionWithItsActualValue) {
  caller.identity_policies = {policy(kViaEc2)};
  given.set("kms:ViaService", "s3.us-west-2.amazonaws.com");
  const auto told = explained();
  EXPECT_TRUE(told.lacks_only_conditions);
  ASSERT_EQ(told.needed.size(), 1u);
  EXPECT_THAT(
      told.needed[0].any_of,
      ElementsAre(
          "statement 1 (Sid \"Ec2\") of policy 1 would, if kms:ViaService met StringEquals "
          "ec2.us-west-2.amazonaws.com or ebs.us-west-2.amazonaws.com (it is s3.us-west-2.amazonaws.com)"));
  const auto& condition = told.policies.at(0).statements.at(0).conditions.at(0);
  EXPECT_FALSE(condition.holds);
  EXPECT_THAT(*condition.actual, ElementsAre("s3.us-west-2.amazonaws.com"));
}

TEST_F(Explain, SaysThatAKeyIsAbsent) {
  caller.identity_policies = {policy(kViaEc2)};
  EXPECT_THAT(explained().needed.at(0).any_of, ElementsAre(HasSubstr("(it is absent)")));
}

TEST_F(Explain, NamesEveryDenyAndEveryMissingAllow) {
  caller.identity_policies = {policy(kDeny)};
  caller.boundary = policy(kDeny);
  const auto told = explained();
  EXPECT_EQ(told.outcome, Outcome::kExplicitDeny);
  EXPECT_FALSE(told.lacks_only_conditions);
  EXPECT_THAT(told.needed, ElementsAre(needs("statement 1 of policy 1 must not deny it", IsEmpty()),
                                       needs("statement 1 of policy 2 must not deny it", IsEmpty()),
                                       needs(HasSubstr("an identity-based policy"), IsEmpty()),
                                       needs(HasSubstr("the permissions boundary policy 2"), IsEmpty())));
}

TEST_F(Explain, TellsTheValueThatLiftsADeny) {
  caller.identity_policies = {
      policy(kAllow), policy(statement("'Effect': 'Deny', 'Action': '*', 'Resource': '*', 'Condition': "
                                       "{'BoolIfExists': {'aws:MultiFactorAuthPresent': 'false'}, "
                                       "'StringNotEquals': {'aws:RequestedRegion': 'eu-west-1'}}"))};
  given.set("aws:RequestedRegion", "us-west-2");
  const auto told = explained();
  EXPECT_TRUE(told.lacks_only_conditions);
  EXPECT_THAT(
      told.needed,
      ElementsAre(needs(
          "statement 1 of policy 2 must not deny it",
          ElementsAre(
              "statement 1 of policy 2 would not, if aws:MultiFactorAuthPresent were true (it is absent)",
              "statement 1 of policy 2 would not, if aws:RequestedRegion were eu-west-1 (it is "
              "us-west-2)"))));
}

TEST_F(Explain, NoRequestChangesWhoTheCallerIs) {
  caller.identity_policies = {
      policy(kAllow), policy(statement("'Effect': 'Deny', 'Action': '*', 'Resource': '*', 'Condition': "
                                       "{'ArnLike': {'aws:PrincipalArn': '" +
                                       kAlice + "'}}"))};
  given.set("aws:PrincipalArn", kAlice);
  EXPECT_EQ(explained().outcome, Outcome::kExplicitDeny);
  EXPECT_FALSE(explained().lacks_only_conditions);
}

TEST_F(Explain, ADenyWithoutAnAllowLacksMoreThanConditions) {
  caller.identity_policies = {
      policy(statement("'Effect': 'Deny', 'Action': '*', 'Resource': '*', 'Condition': "
                       "{'Bool': {'aws:SecureTransport': 'false'}}"))};
  given.set("aws:SecureTransport", "false");
  EXPECT_FALSE(explained().lacks_only_conditions);
}

// The role, for whose sessions one stands in.
TEST_F(Explain, AdviceForASessionNamesItsRole) {
  caller.identity.type = CallerType::kRoleSession;
  caller.identity.source_arn = std::string("arn:aws:iam::") + kAccount + ":role/r";
  EXPECT_THAT(
      explained().needed,
      ElementsAre(needs(HasSubstr("an identity-based policy of " + caller.identity.source_arn + " that"),
                        IsEmpty())));
}

TEST_F(Explain, AKeyPolicyThatNamesTheCallerNeedsNoIdentityPolicy) {
  protect(key_policy(kAlice, ", 'Condition': {'Bool': {'aws:SecureTransport': 'true'}}"));
  const auto told = explained();
  EXPECT_TRUE(told.lacks_only_conditions);
  EXPECT_THAT(told.needed,
              ElementsAre(needs(HasSubstr("a statement in policy 1 that names " + kAlice),
                                ElementsAre(HasSubstr("if aws:SecureTransport met Bool true")))));
}

TEST_F(Explain, AKeyPolicyThatNamesTheAccountHandsOn) {
  protect(key_policy(kAccount));
  EXPECT_THAT(explained().needed, ElementsAre(needs(HasSubstr("an identity-based policy"), IsEmpty())));
}

TEST_F(Explain, AKeyPolicyThatNamesOthersIsWhatIsMissing) {
  caller.identity_policies = {policy(kAllow)};
  protect(key_policy("444455556666"));
  const auto told = explained();
  EXPECT_THAT(told.needed, ElementsAre(needs(HasSubstr("names " + kAlice + " or its account"), IsEmpty())));
  EXPECT_FALSE(told.policies.at(0).statements.at(0).principal);
}

TEST_F(Explain, CountsTheLevelsOfServiceControl) {
  caller.identity_policies = {policy(kAllow)};
  caller.service_control_levels = {{policy(kAllow)}, {}};
  EXPECT_THAT(
      explained().needed,
      ElementsAre(needs(HasSubstr("a service control policy at level 2 of 2 from the organization's root"),
                        IsEmpty())));
}

TEST_F(Explain, StatementsSayWhatDoesNotMatch) {
  caller.identity_policies = {
      policy(statement("'Effect': 'Allow', 'Action': 'ec2:*', 'Resource': 'arn:aws:ec2:*:*:volume/*'"))};
  const auto statement = explained().policies.at(0).statements.at(0);
  EXPECT_FALSE(statement.action);
  EXPECT_FALSE(statement.resource);
  EXPECT_TRUE(statement.principal);
}

}  // namespace
}  // namespace coffer::policy
