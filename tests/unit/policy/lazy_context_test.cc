// SPDX-License-Identifier: Apache-2.0
// Is a request's context filled only when a policy asks for it, and is every decision the one that a filled
// context gives?
#include <gtest/gtest.h>

#include <array>

#include "tests/unit/policy/policy_fixture.h"

namespace coffer::policy {
namespace {

constexpr const char* kAccount = "111122223333";
constexpr const char* kObject = "arn:aws:s3:::bucket/alice/object";

Context known() {
  return context({{"aws:username", {"alice"}},
                  {"aws:PrincipalTag/team", {"blue"}},
                  {"aws:CurrentTime", {"2026-11-22T10:00:00Z"}},
                  {"aws:SourceIp", {"10.1.2.3"}},
                  {"s3:several", {"a", "b"}},
                  {"s3:empty", {}}});
}

Caller alice() {
  Caller caller;
  caller.identity.type = CallerType::kUser;
  caller.identity.account = kAccount;
  caller.identity.arn = "arn:aws:iam::111122223333:user/alice";
  caller.identity.id = "AIDACKCEVSQ6C2EXAMPLE";
  return caller;
}

// How often the context was filled, and what was decided.
struct Outcomes {
  int fills = 0;
  Verdict lazy, filled;
};

Outcomes decide(const Caller& caller, const AttachedPolicy* resource_policy) {
  Outcomes outcomes;
  const auto fill = [&](Context& into) {
    ++outcomes.fills;
    into = known();
  };
  outcomes.lazy = evaluate({caller, "s3:GetObject", kObject, kAccount,
                            LazyContext(std::function<void(Context&)>(fill)), resource_policy});
  const Context context = known();
  outcomes.filled = evaluate({caller, "s3:GetObject", kObject, kAccount, context, resource_policy});
  return outcomes;
}

void expect_same(const Outcomes& outcomes, const std::string& text) {
  EXPECT_EQ(outcomes.lazy.outcome, outcomes.filled.outcome) << text;
  EXPECT_EQ(explain(outcomes.lazy), explain(outcomes.filled)) << text;
}

// All that a statement may ask of the context, with what holds of known() and what does not.
const std::array kAsking = {
    "'Condition': {'StringEquals': {'aws:username': 'alice'}}, 'Resource': '*'",
    "'Condition': {'StringEquals': {'aws:username': 'bob'}}, 'Resource': '*'",
    "'Condition': {'StringNotEquals': {'aws:username': 'bob'}}, 'Resource': '*'",
    "'Condition': {'StringLike': {'aws:PrincipalTag/team': 'b*'}}, 'Resource': '*'",
    "'Condition': {'StringEquals': {'aws:PrincipalTag/team': '${aws:PrincipalTag/team}'}}, 'Resource': '*'",
    "'Condition': {'DateLessThan': {'aws:CurrentTime': '2026-11-22T09:00:00Z'}}, 'Resource': '*'",
    "'Condition': {'IpAddress': {'aws:SourceIp': '10.0.0.0/8'}}, 'Resource': '*'",
    "'Condition': {'Null': {'aws:username': 'true'}}, 'Resource': '*'",
    "'Condition': {'Null': {'aws:absent': 'true'}}, 'Resource': '*'",
    "'Condition': {'StringEqualsIfExists': {'aws:absent': 'x'}}, 'Resource': '*'",
    "'Condition': {'ForAllValues:StringEquals': {'s3:several': ['a', 'b']}}, 'Resource': '*'",
    "'Condition': {'ForAnyValue:StringEquals': {'s3:empty': 'a'}}, 'Resource': '*'",
    "'Resource': 'arn:aws:s3:::bucket/${aws:username}/*'",
    "'Resource': 'arn:aws:s3:::bucket/${aws:userid}/*'",
    "'Resource': ['arn:aws:s3:::other', 'arn:aws:s3:::bucket/${aws:absent, \\u0027alice\\u0027}/*']",
    "'NotResource': 'arn:aws:s3:::bucket/${aws:username}/*'",
};

TEST(LazyContextTest, IsNotFilledForPoliciesThatDoNotAsk) {
  Caller caller = alice();
  const Document plain = document(
      "{'Version': '2012-10-17', 'Statement': ["
      "{'Effect': 'Allow', 'Action': 's3:Get*', 'Resource': 'arn:aws:s3:::bucket/*'},"
      "{'Effect': 'Deny', 'Action': 's3:PutObject', 'Resource': '*',"
      " 'Condition': {'Bool': {'aws:SecureTransport': 'false'}}}]}");
  caller.identity_policies = {{"plain", &plain}};
  const auto outcomes = decide(caller, nullptr);
  EXPECT_EQ(outcomes.fills, 0);
  EXPECT_TRUE(outcomes.lazy.allowed());
  expect_same(outcomes, "a condition on another action");
}

TEST(LazyContextTest, IsFilledOnceForAllPoliciesThatAsk) {
  Caller caller = alice();
  const Document asking = document(statement(std::string("'Effect': 'Allow', 'Action': '*', ") + kAsking[0]));
  caller.identity_policies = {{"first", &asking}, {"second", &asking}};
  caller.boundary = {"boundary", &asking};
  caller.session_policies = {{"session", &asking}};
  const auto outcomes = decide(caller, nullptr);
  EXPECT_EQ(outcomes.fills, 1);
  EXPECT_TRUE(outcomes.lazy.allowed());
}

TEST(LazyContextTest, DecidesAsAFilledOneInEveryKindOfPolicy) {
  const Document all = document(statement("'Effect': 'Allow', 'Action': '*', 'Resource': '*'"));
  int allowed = 0, denied = 0;
  for (const std::string effect : {"Allow", "Deny"}) {
    for (const std::string rest : kAsking) {
      const std::string text = "'Effect': '" + effect + "', 'Action': 's3:*', " + rest;
      const Document own = document(statement(text));
      const Document resource =
          document(statement("'Principal': {'AWS': '111122223333'}, " + text), DocumentKind::kResource);
      const AttachedPolicy attached{"resource", &resource};
      for (const int where : {0, 1, 2, 3, 4}) {
        Caller caller = alice();
        caller.identity_policies = {{"all", &all}};
        if (where == 0) caller.identity_policies = {{"own", &own}, {"all", &all}};
        if (where == 1) caller.identity_policies = {{"own", &own}};
        if (where == 2) caller.boundary = {"boundary", &own};
        if (where == 3) caller.session_policies = {{"session", &own}};
        const auto outcomes = decide(caller, where == 4 ? &attached : nullptr);
        expect_same(outcomes, text);
        EXPECT_EQ(outcomes.fills, 1) << text;
        ++(outcomes.lazy.allowed() ? allowed : denied);
      }
    }
  }
  EXPECT_GT(allowed, 30);
  EXPECT_GT(denied, 30);
}

}  // namespace
}  // namespace coffer::policy
