// SPDX-License-Identifier: Apache-2.0
// Which of all policies decides? The cases follow IAM User Guide, "Policy evaluation logic" and
// "Cross-account policy evaluation logic".
#include "policy/evaluate.h"

#include <gmock/gmock.h>

#include <deque>

#include "tests/unit/policy/policy_fixture.h"

namespace coffer::policy {
namespace {

using testing::ElementsAre;

constexpr const char* kHome = "111122223333";
constexpr const char* kAway = "444455556666";
const std::string kAllow = statement("'Sid': 'Yes', 'Effect': 'Allow', 'Action': 's3:Get*', 'Resource': '*'");
const std::string kDeny = statement("'Effect': 'Deny', 'Action': 's3:*', 'Resource': '*'");
const std::string kOther = statement("'Effect': 'Allow', 'Action': 'ec2:*', 'Resource': '*'");

std::string resource_statement(const std::string& effect, const std::string& principal) {
  return statement("'Effect': '" + effect + "', 'Principal': " + principal +
                   ", 'Action': 's3:GetObject', 'Resource': '*'");
}

CallerIdentity alice(const std::string& account = kHome) {
  CallerIdentity user;
  user.type = CallerType::kUser;
  user.account = account;
  user.arn = "arn:aws:iam::" + account + ":user/alice";
  user.id = "AIDACKCEVSQ6C2EXAMPLE";
  return user;
}

CallerIdentity root(const std::string& account = kHome) {
  CallerIdentity user;
  user.type = CallerType::kRoot;
  user.account = user.id = account;
  user.arn = "arn:aws:iam::" + account + ":root";
  return user;
}

CallerIdentity session(const std::string& account = kHome) {
  CallerIdentity role;
  role.type = CallerType::kRoleSession;
  role.account = account;
  role.arn = "arn:aws:sts::" + account + ":assumed-role/app/i-1";
  role.id = "AROACKCEVSQ6C2EXAMPLE:i-1";
  role.source_arn = "arn:aws:iam::" + account + ":role/path/app";
  return role;
}

CallerIdentity federated(const std::string& source = "user/alice") {
  CallerIdentity user;
  user.type = CallerType::kFederatedUser;
  user.account = kHome;
  user.arn = std::string("arn:aws:sts::") + kHome + ":federated-user/alice";
  user.id = std::string(kHome) + ":alice";
  user.source_arn = std::string("arn:aws:iam::") + kHome + ":" + source;
  return user;
}

// A request for s3:GetObject on an object of kHome.
class Evaluate : public testing::Test {
 protected:
  AttachedPolicy policy(const std::string& text, DocumentKind kind = DocumentKind::kIdentity) {
    documents_.push_back(document(text, kind));
    return {"policy " + std::to_string(documents_.size()), &documents_.back()};
  }
  void protect(const std::string& effect, const std::string& principal) {
    resource_policy = policy(resource_statement(effect, principal), DocumentKind::kResource);
  }
  Verdict verdict() {
    const Context nothing;
    return evaluate({caller, "s3:GetObject", "arn:aws:s3:::bucket/object", kHome, nothing,
                     resource_policy ? &*resource_policy : nullptr, rule, &resource_control_levels});
  }
  std::string why() { return reason(verdict(), "s3:GetObject"); }
  bool allowed() { return verdict().allowed(); }

  Caller caller;
  std::optional<AttachedPolicy> resource_policy;
  ResourcePolicyRule rule = ResourcePolicyRule::kMayAllow;
  ControlLevels resource_control_levels;

 private:
  std::deque<Document> documents_;
};

const std::string kNoIdentity = "because no identity-based policy allows the s3:GetObject action";
const std::string kNoResource = "because no resource-based policy allows the s3:GetObject action";
const std::string kNoBoundary = "because no permissions boundary allows the s3:GetObject action";
const std::string kNoSession = "because no session policy allows the s3:GetObject action";
const std::string kNoControl = "because no service control policy allows the s3:GetObject action";
const std::string kAlice = "{'AWS': 'arn:aws:iam::111122223333:user/alice'}";
const std::string kAccount = "{'AWS': '111122223333'}";
const std::string kRole = "{'AWS': 'arn:aws:iam::111122223333:role/path/app'}";
const std::string kSession = "{'AWS': 'arn:aws:sts::111122223333:assumed-role/app/i-1'}";

TEST_F(Evaluate, NothingIsAllowedByItself) {
  caller.identity = alice();
  EXPECT_EQ(why(), kNoIdentity);
  EXPECT_EQ(verdict().outcome, Outcome::kImplicitDeny);
  caller.identity_policies = {policy(kOther)};
  EXPECT_EQ(why(), kNoIdentity);
}

TEST_F(Evaluate, AnIdentityPolicyAllowsAmongOthers) {
  caller.identity = alice();
  caller.identity_policies = {policy(kOther), policy(kAllow)};
  EXPECT_TRUE(allowed());
  EXPECT_EQ(why(), "because an identity-based policy allows the s3:GetObject action");
  EXPECT_THAT(explain(verdict()),
              ElementsAre("identity-based policy policy 2, statement 1 (Sid \"Yes\"): allows"));
}

TEST_F(Evaluate, ADenyAnywhereWinsAndIsNamed) {
  const std::string kIn = "with an explicit deny in ";
  caller.identity = session();
  const auto allow_everywhere = [&] {
    caller.identity_policies = caller.session_policies = {policy(kAllow)};
    caller.boundary = policy(kAllow);
    caller.service_control_levels = {{policy(kAllow)}, {policy(kAllow)}};
    protect("Allow", kSession);
  };
  allow_everywhere();
  EXPECT_TRUE(allowed());
  caller.identity_policies.push_back(policy(kDeny));
  EXPECT_EQ(why(), kIn + "an identity-based policy");
  EXPECT_EQ(verdict().outcome, Outcome::kExplicitDeny);
  allow_everywhere();
  caller.boundary = policy(kDeny);
  EXPECT_EQ(why(), kIn + "a permissions boundary");
  allow_everywhere();
  caller.session_policies.push_back(policy(kDeny));
  EXPECT_EQ(why(), kIn + "a session policy");
  allow_everywhere();
  caller.service_control_levels[1].push_back(policy(kDeny));
  EXPECT_EQ(why(), kIn + "a service control policy");
  allow_everywhere();
  protect("Deny", kAccount);
  EXPECT_EQ(why(), kIn + "a resource-based policy");
}

TEST_F(Evaluate, EveryLevelOfServiceControlPoliciesMustAllow) {
  caller.identity = alice();
  caller.identity_policies = {policy(kAllow)};
  caller.service_control_levels = {{policy(kAllow)}, {policy(kOther), policy(kAllow)}};
  EXPECT_TRUE(allowed());
  caller.service_control_levels[1].pop_back();
  EXPECT_EQ(why(), kNoControl);
  caller.service_control_levels[1].clear();
  EXPECT_EQ(why(), kNoControl);
  caller.identity = root();
  EXPECT_EQ(why(), kNoControl) << "they bind root users too";
}

TEST_F(Evaluate, EveryLevelOfResourceControlPoliciesMustAllowWhoeverCalls) {
  const auto control = [&](const std::string& effect) {
    return policy(resource_statement(effect, "'*'"), DocumentKind::kResource);
  };
  const std::string kDenied = "with an explicit deny in a resource control policy";
  for (const auto& who : {alice(), root(), session(), alice("444455556666")}) {
    caller.identity = who;
    caller.identity_policies = {policy(kAllow)};
    protect("Allow", "'*'");
    resource_control_levels = {{control("Allow")}, {control("Allow")}};
    EXPECT_TRUE(allowed()) << who.arn;
    resource_control_levels[1] = {};
    EXPECT_EQ(why(), "because no resource control policy allows the s3:GetObject action") << who.arn;
    resource_control_levels[1] = {control("Allow"), control("Deny")};
    EXPECT_EQ(why(), kDenied) << who.arn;
  }
  caller.service_control_levels = {{policy(kDeny)}};
  EXPECT_EQ(why(), kDenied) << "it is named before the service control policy";
  CallerIdentity service;
  service.type = CallerType::kService;
  service.name = "ec2.amazonaws.com";
  caller = {};
  caller.identity = service;
  EXPECT_EQ(why(), kDenied) << "services by themselves are bound too";
}

TEST_F(Evaluate, RootIsAllowedWhatIsInItsAccount) {
  caller.identity = root();
  EXPECT_TRUE(allowed());
  EXPECT_EQ(why(), "because the account's root user is allowed every action");
  caller.identity = root(kAway);
  EXPECT_EQ(why(), kNoResource);
}

TEST_F(Evaluate, InOneAccountEitherPolicySuffices) {
  caller.identity = alice();
  protect("Allow", kAlice);
  EXPECT_TRUE(allowed());
  protect("Allow", "{'AWS': 'AIDACKCEVSQ6C2EXAMPLE'}");
  EXPECT_TRUE(allowed());
  protect("Allow", "'*'");
  EXPECT_TRUE(allowed());
  protect("Allow", "{'AWS': 'arn:aws:iam::111122223333:user/bob'}");
  EXPECT_EQ(why(), kNoIdentity);
  caller.identity_policies = {policy(kAllow)};
  EXPECT_TRUE(allowed());
}

TEST_F(Evaluate, NamingTheAccountHandsTheDecisionOn) {
  caller.identity = alice();
  protect("Allow", kAccount);
  EXPECT_EQ(why(), kNoIdentity);
  caller.identity_policies = {policy(kAllow)};
  EXPECT_TRUE(allowed());
}

TEST_F(Evaluate, ABoundaryLimitsIdentityPoliciesButNoResourcePolicyThatNamesTheUser) {
  caller.identity = alice();
  caller.identity_policies = {policy(kAllow)};
  caller.boundary = policy(kOther);
  EXPECT_EQ(why(), kNoBoundary);
  protect("Allow", kAlice);
  EXPECT_TRUE(allowed());
  protect("Allow", kAccount);
  EXPECT_EQ(why(), kNoBoundary);
}

TEST_F(Evaluate, ARoleIsLimitedByBoundaryAndSessionPolicyASessionIsNot) {
  caller.identity = session();
  protect("Allow", kRole);
  EXPECT_TRUE(allowed()) << "no identity policy is needed";
  caller.boundary = policy(kOther);
  EXPECT_EQ(why(), kNoBoundary);
  caller.boundary = policy(kAllow);
  caller.session_policies = {policy(kOther)};
  EXPECT_EQ(why(), kNoSession);
  protect("Allow", "{'AWS': 'AROACKCEVSQ6C2EXAMPLE'}");
  EXPECT_EQ(why(), kNoSession);
  protect("Allow", kSession);
  EXPECT_TRUE(allowed());
  protect("Allow", "{'AWS': 'arn:aws:sts::111122223333:assumed-role/app/i-2'}");
  EXPECT_EQ(why(), kNoIdentity);
}

TEST_F(Evaluate, ASessionMayDoWhatRoleAndSessionPolicyBothAllow) {
  caller.identity = session();
  caller.identity_policies = {policy(kAllow)};
  EXPECT_TRUE(allowed());
  caller.session_policies = {policy(kOther)};
  EXPECT_EQ(why(), kNoSession);
  caller.session_policies.push_back(policy(kAllow));
  EXPECT_TRUE(allowed());
  caller.identity_policies = {policy(kOther)};
  EXPECT_EQ(why(), kNoIdentity);
}

TEST_F(Evaluate, AFederatedUserNeedsASessionPolicy) {
  caller.identity = federated();
  caller.identity_policies = {policy(kAllow)};
  EXPECT_EQ(why(), kNoSession);
  caller.session_policies = {policy(kAllow)};
  EXPECT_TRUE(allowed());
  caller.session_policies.clear();
  protect("Allow", kAlice);
  EXPECT_EQ(why(), kNoSession);
  protect("Allow", "{'AWS': 'arn:aws:sts::111122223333:federated-user/alice'}");
  EXPECT_TRUE(allowed());
  caller.identity = federated("root");
  caller.identity_policies.clear();
  resource_policy.reset();
  caller.session_policies = {policy(kAllow)};
  EXPECT_TRUE(allowed()) << "the root user who federated is allowed everything";
}

TEST_F(Evaluate, AcrossAccountsBothSidesMustAllow) {
  for (const char* principal :
       {"{'AWS': '444455556666'}", "'*'", "{'AWS': 'arn:aws:iam::444455556666:user/alice'}"}) {
    caller = {};
    caller.identity = alice(kAway);
    protect("Allow", principal);
    EXPECT_EQ(why(), kNoIdentity) << principal;
    caller.identity_policies = {policy(kAllow)};
    EXPECT_TRUE(allowed()) << principal;
    caller.boundary = policy(kOther);
    EXPECT_EQ(why(), kNoBoundary) << principal;
    caller.boundary = policy(kAllow);
    caller.service_control_levels = {{policy(kOther)}};
    EXPECT_EQ(why(), kNoControl) << principal;
  }
  caller = {};
  caller.identity = alice(kAway);
  caller.identity_policies = {policy(kAllow)};
  protect("Allow", kAccount);
  EXPECT_EQ(why(), kNoResource);
  resource_policy.reset();
  EXPECT_EQ(why(), kNoResource);
}

TEST_F(Evaluate, ASessionOfAnotherAccountNeedsAllOfItsPolicies) {
  caller.identity = session(kAway);
  protect("Allow", "{'AWS': 'arn:aws:sts::444455556666:assumed-role/app/i-1'}");
  EXPECT_EQ(why(), kNoIdentity);
  caller.identity_policies = {policy(kAllow)};
  EXPECT_TRUE(allowed());
  caller.session_policies = {policy(kOther)};
  EXPECT_EQ(why(), kNoSession);
}

TEST_F(Evaluate, ServicesProvidersAndTheAnonymousMustBeNamed) {
  caller.identity.type = CallerType::kService;
  caller.identity.name = "ec2.amazonaws.com";
  EXPECT_EQ(why(), kNoResource);
  protect("Allow", "{'Service': ['s3.amazonaws.com', 'ec2.amazonaws.com']}");
  EXPECT_TRUE(allowed());
  protect("Allow", "{'Service': 's3.amazonaws.com'}");
  EXPECT_EQ(why(), kNoResource);
  caller.identity.type = CallerType::kIdentityProvider;
  caller.identity.name = "accounts.google.com";
  protect("Allow", "{'Federated': 'accounts.google.com'}");
  EXPECT_TRUE(allowed());
  caller.identity = {};
  EXPECT_EQ(why(), kNoResource);
  protect("Allow", "'*'");
  EXPECT_TRUE(allowed());
}

TEST_F(Evaluate, NotPrincipalSparesOnlyWhoIsListedByEveryName) {
  const auto spares = [&](const std::string& list) {
    resource_policy = policy(statement("'Effect': 'Deny', 'NotPrincipal': {'AWS': [" + list +
                                       "]}, 'Action': 's3:*', 'Resource': '*'"),
                             DocumentKind::kResource);
    return allowed();
  };
  const std::string account = "'arn:aws:iam::111122223333:root'";
  caller.identity = alice();
  caller.identity_policies = {policy(kAllow)};
  EXPECT_TRUE(spares("'arn:aws:iam::111122223333:user/alice', " + account));
  EXPECT_FALSE(spares("'arn:aws:iam::111122223333:user/alice'"));
  EXPECT_FALSE(spares("'arn:aws:iam::111122223333:user/bob', " + account));
  caller.boundary = policy(kAllow);
  EXPECT_FALSE(spares("'arn:aws:iam::111122223333:user/alice', " + account))
      << "a boundary makes every such Deny apply";
  caller = {};
  caller.identity = session();
  caller.identity_policies = {policy(kAllow)};
  const std::string role = "'arn:aws:iam::111122223333:role/path/app'";
  EXPECT_TRUE(spares("'arn:aws:sts::111122223333:assumed-role/app/i-1', " + role + ", " + account));
  EXPECT_FALSE(spares(role + ", " + account));
  caller.identity = federated("root");
  caller.session_policies = {policy(kAllow)};
  EXPECT_TRUE(spares("'arn:aws:sts::111122223333:federated-user/alice', " + account))
      << "behind it stands the account itself";
  caller = {};
  caller.identity = session();
}

TEST_F(Evaluate, AStatementAppliesWithActionResourceAndCondition) {
  const auto with = [](const std::string& rest) {
    const auto policy = document(statement("'Effect': 'Allow', " + rest));
    const Caller nobody;
    const auto values = context({{"aws:username", {"alice"}}});
    return applies(policy.statements[0],
                   {nobody, "s3:GetObject", "arn:aws:s3:::bucket/alice/x", kHome, values});
  };
  EXPECT_TRUE(with("'Action': 'S3:getobject', 'Resource': '*'"));
  EXPECT_FALSE(with("'NotAction': 's3:Get*', 'Resource': '*'"));
  EXPECT_TRUE(with("'NotAction': 'iam:*', 'Resource': '*'"));
  EXPECT_TRUE(with("'Action': '*', 'Resource': 'arn:aws:s3:::bucket/${aws:username}/*'"));
  EXPECT_FALSE(with("'Action': '*', 'Resource': 'arn:aws:s3:::bucket/${aws:userid}/*'"));
  EXPECT_TRUE(with("'Action': '*', 'NotResource': 'arn:aws:s3:::bucket/${aws:userid}/*'"));
  EXPECT_FALSE(with("'Action': '*', 'NotResource': ['arn:aws:s3:::b', 'arn:aws:s3:::bucket/*']"));
  EXPECT_FALSE(
      with("'Action': '*', 'Resource': '*', 'Condition': {'StringEquals': {'aws:username': 'bob'}}"));
  EXPECT_FALSE(
      with("'Action': '*', 'Resource': '*', 'Condition': {'StringEquals': {'aws:username': 'alice'}, "
           "'Null': {'aws:username': 'true'}}"));
  EXPECT_TRUE(with("'Action': '*', 'Resource': '*', 'Condition': {}"));
}

TEST_F(Evaluate, ExplainNamesStatementsAndWhatWasMissing) {
  caller.identity = session();
  caller.identity_policies = {policy(kAllow)};
  caller.service_control_levels = {{policy(kAllow)}};
  caller.boundary = policy(kOther);
  EXPECT_THAT(explain(verdict()),
              ElementsAre("service control policy policy 2, statement 1 (Sid \"Yes\"): allows",
                          "identity-based policy policy 1, statement 1 (Sid \"Yes\"): allows",
                          "permissions boundary: no statement allows"));
}

}  // namespace
}  // namespace coffer::policy
