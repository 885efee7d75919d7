// SPDX-License-Identifier: Apache-2.0
// When does each condition operator hold? The tables follow IAM User Guide, "Condition operators" and
// "Conditions with multiple context keys or values".
#include "policy/condition.h"

#include <gmock/gmock.h>

#include <chrono>

#include "tests/unit/policy/policy_fixture.h"

namespace coffer::policy {
namespace {

// Does {"OPERATOR": {"x:key": VALUES}} hold?
bool holds_for(const std::string& operator_name, const std::string& operands, const Context& values,
               Effect effect = Effect::kAllow) {
  const auto text = json("{'" + operator_name + "': {'X:Key': " + operands + "}}");
  const auto tree = read_json(text);
  EXPECT_TRUE(tree.has_value()) << text;
  const auto conditions = read_conditions(*tree, true);
  EXPECT_TRUE(conditions.has_value()) << text << ": " << conditions.error().message;
  return conditions && holds(conditions->at(0), effect, values);
}

struct OneValue {
  const char* operator_name;
  const char* operands;
  const char* value;
  bool holds;
};

void expect_all(std::initializer_list<OneValue> cases) {
  for (const auto& test : cases)
    EXPECT_EQ(holds_for(test.operator_name, test.operands, context({{"x:key", {test.value}}})), test.holds)
        << test.operator_name << " " << test.operands << " for " << test.value;
}

TEST(Condition, Strings) {
  expect_all({
      {"StringEquals", "'a'", "a", true},
      {"StringEquals", "'a'", "A", false},
      {"StringEquals", "['b', 'a']", "a", true},
      {"StringEquals", "'a*'", "ab", false},
      {"StringEquals", "'a*'", "a*", true},
      {"StringEquals", "''", "", true},
      {"StringEquals", "[]", "a", false},
      {"StringEquals", "10", "10", true},
      {"StringEquals", "true", "true", true},
      {"StringNotEquals", "'a'", "a", false},
      {"StringNotEquals", "'a'", "b", true},
      {"StringNotEquals", "['a', 'b']", "b", false},
      {"StringNotEquals", "[]", "b", true},
      {"StringEqualsIgnoreCase", "'JohnDoe'", "johndoe", true},
      {"StringEqualsIgnoreCase", "'JohnDoe'", "john", false},
      {"StringNotEqualsIgnoreCase", "'JohnDoe'", "johndoe", false},
      {"StringLike", "['', 'home/']", "", true},
      {"StringLike", "'home/*'", "home/alice", true},
      {"StringLike", "'home/*'", "Home/alice", false},
      {"StringLike", "'t?.*'", "t2.micro", true},
      {"StringLike", "'t${*}'", "t2", false},
      {"StringNotLike", "'home/*'", "home/alice", false},
      {"StringNotLike", "'home/*'", "work", true},
  });
}

TEST(Condition, Numbers) {
  expect_all({
      {"NumericEquals", "10", "10.0", true},
      {"NumericEquals", "'1e1'", "10", true},
      {"NumericEquals", "10", "ten", false},
      {"NumericNotEquals", "10", "10", false},
      {"NumericNotEquals", "10", "ten", true},
      {"NumericLessThan", "10", "9.5", true},
      {"NumericLessThan", "10", "10", false},
      {"NumericLessThan", "-1", "-2", true},
      {"NumericLessThanEquals", "'10'", "10", true},
      {"NumericLessThanEquals", "'10'", "11", false},
      {"NumericGreaterThan", "10", "10", false},
      {"NumericGreaterThan", "[100, 10]", "11", true},
      {"NumericGreaterThanEquals", "10", "10", true},
      {"NumericGreaterThanEquals", "10", "nan", false},
  });
}

TEST(Condition, Dates) {
  expect_all({
      {"DateEquals", "'2020-01-01T00:00:01Z'", "1577836801", true},
      {"DateEquals", "'2020-01-01T00:00:01Z'", "2020-01-01T01:00:01+01:00", true},
      {"DateEquals", "'2020'", "2020-01-01T00:00Z", true},
      {"DateEquals", "'2020-01'", "2020-01-01", true},
      {"DateEquals", "1577836801", "2020-01-01T00:00:01.000Z", true},
      {"DateEquals", "'2020-01-01T00:00:01Z'", "2020-01-01T00:00:01.5Z", false},
      {"DateNotEquals", "'2020-01-01T00:00:01Z'", "1577836801", false},
      {"DateNotEquals", "'2020-01-01T00:00:01Z'", "soon", true},
      {"DateLessThan", "'2020-01-01T00:00:01Z'", "2020-01-01T00:00:00Z", true},
      {"DateLessThan", "'2020-01-01T00:00:01Z'", "2020-01-01T00:00:01Z", false},
      {"DateLessThanEquals", "'2020-01-01T00:00:01Z'", "2020-01-01T00:00:01Z", true},
      {"DateGreaterThan", "'2020-01-01T00:00:01Z'", "2020-01-01T00:00:02Z", true},
      {"DateGreaterThan", "'2020-01-01T00:00:01Z'", "2020-02-30T00:00:02Z", false},
      {"DateGreaterThanEquals", "'2020-01-01T00:00:01Z'", "2020-01-01T00:00:01Z", true},
  });
}

TEST(Condition, BooleansAndBytes) {
  expect_all({
      {"Bool", "'true'", "true", true},
      {"Bool", "true", "false", false},
      {"Bool", "'False'", "false", true},
      {"Bool", "'true'", "", false},
      {"BinaryEquals", "'QmluYXJ5VmFsdWVJbkJhc2U2NA=='", "BinaryValueInBase64", true},
      {"BinaryEquals", "'QmluYXJ5VmFsdWVJbkJhc2U2NA=='", "QmluYXJ5VmFsdWVJbkJhc2U2NA==", false},
  });
}

TEST(Condition, Addresses) {
  expect_all({
      {"IpAddress", "'203.0.113.0/24'", "203.0.113.255", true},
      {"IpAddress", "'203.0.113.0/24'", "203.0.114.0", false},
      {"IpAddress", "'203.0.113.7/24'", "203.0.113.1", true},
      {"IpAddress", "'203.0.113.0/25'", "203.0.113.128", false},
      {"IpAddress", "'203.0.113.7'", "203.0.113.7", true},
      {"IpAddress", "'203.0.113.7'", "203.0.113.8", false},
      {"IpAddress", "'0.0.0.0/0'", "8.8.8.8", true},
      {"IpAddress", "'0.0.0.0/0'", "::1", false},
      {"IpAddress", "['203.0.113.0/24', '2001:DB8:1234:5678::/64']", "2001:db8:1234:5678::9", true},
      {"IpAddress", "'2001:DB8:1234:5678::/64'", "2001:db8:1234:5679::9", false},
      {"IpAddress", "'::/0'", "2001:db8::", true},
      {"IpAddress", "'203.0.113.0/24'", "localhost", false},
      {"NotIpAddress", "'203.0.113.0/24'", "203.0.113.5", false},
      {"NotIpAddress", "['203.0.113.0/24', '10.0.0.0/8']", "192.0.2.1", true},
      {"NotIpAddress", "'203.0.113.0/24'", "vpce", true},
  });
}

TEST(Condition, Arns) {
  const char* topic = "arn:aws:sns:us-east-1:123456789012:topic";
  expect_all({
      {"ArnEquals", "'arn:aws:sns:us-east-1:123456789012:topic'", topic, true},
      {"ArnEquals", "'arn:aws:sns:*:123456789012:to*'", topic, true},
      {"ArnLike", "'arn:aws:sns:*:123456789012:to*'", topic, true},
      {"ArnLike", "'arn:aws:sns:*:999999999999:to*'", topic, false},
      {"ArnLike", "'arn:aws:sns:*'", topic, false},
      {"ArnNotEquals", "'arn:aws:sns:*:123456789012:to*'", topic, false},
      {"ArnNotLike", "'arn:aws:sns:*:999999999999:to*'", topic, true},
      {"ArnNotLike", "'arn:aws:sns:*:999999999999:to*'", "no arn", true},
  });
}

TEST(Condition, WhatHoldsOfAnAbsentKey) {
  const Context nothing;
  for (const char* name : {"StringEquals", "StringLike", "StringEqualsIgnoreCase", "ForAnyValue:StringEquals",
                           "ForAnyValue:StringNotEquals"})
    EXPECT_FALSE(holds_for(name, "'a'", nothing)) << name;
  for (const char* name : {"StringNotEquals", "StringNotLike", "StringNotEqualsIgnoreCase",
                           "StringEqualsIfExists", "StringNotEqualsIfExists", "ForAllValues:StringEquals",
                           "ForAllValues:StringNotEquals", "ForAnyValue:StringEqualsIfExists"})
    EXPECT_TRUE(holds_for(name, "'a'", nothing)) << name;
  EXPECT_FALSE(holds_for("NumericEquals", "1", nothing));
  EXPECT_TRUE(holds_for("NumericNotEquals", "1", nothing));
  EXPECT_FALSE(holds_for("DateLessThan", "2020", nothing));
  EXPECT_FALSE(holds_for("Bool", "true", nothing));
  EXPECT_TRUE(holds_for("BoolIfExists", "true", nothing));
  EXPECT_FALSE(holds_for("IpAddress", "'10.0.0.0/8'", nothing));
  EXPECT_TRUE(holds_for("NotIpAddress", "'10.0.0.0/8'", nothing));
  EXPECT_FALSE(holds_for("ArnLike", "'arn:aws:sns:*:*:*'", nothing));
  EXPECT_TRUE(holds_for("ArnNotLike", "'arn:aws:sns:*:*:*'", nothing));
  EXPECT_TRUE(holds_for("Null", "'true'", nothing));
  EXPECT_FALSE(holds_for("Null", "'false'", nothing));
}

TEST(Condition, IfExistsComparesWhatIsThere) {
  expect_all({{"StringLikeIfExists", "['t1.*', 't2.*']", "t2.micro", true},
              {"StringLikeIfExists", "['t1.*', 't2.*']", "m5.large", false},
              {"StringNotEqualsIfExists", "'a'", "a", false}});
}

TEST(Condition, NullAsksForPresence) {
  expect_all({{"Null", "'true'", "x", false},
              {"Null", "false", "x", true},
              {"Null", "[true, false]", "x", true},
              {"Null", "'true'", "", true},
              {"Null", "'false'", "", false}});
  EXPECT_TRUE(holds_for("Null", "'true'", context({{"x:key", {}}})));
}

TEST(Condition, SetsOfValues) {
  const auto id_and_name = context({{"x:key", {"ID", "UserName"}}});
  const auto id = context({{"x:key", {"ID"}}});
  const auto none = context({{"x:key", {}}});
  const auto empty = context({{"x:key", {""}}});
  const char* allowed = "['ID', 'Message', 'Tags']";
  EXPECT_TRUE(holds_for("ForAllValues:StringEquals", allowed, id));
  EXPECT_FALSE(holds_for("ForAllValues:StringEquals", allowed, id_and_name));
  EXPECT_TRUE(holds_for("ForAllValues:StringEquals", allowed, none));
  EXPECT_TRUE(holds_for("ForAllValues:StringEquals", allowed, empty));
  EXPECT_TRUE(holds_for("ForAnyValue:StringEquals", allowed, id_and_name));
  EXPECT_FALSE(holds_for("ForAnyValue:StringEquals", "['Tags']", id_and_name));
  EXPECT_FALSE(holds_for("ForAnyValue:StringEquals", allowed, none));
  EXPECT_FALSE(holds_for("ForAnyValue:StringEquals", "['']", empty));
  EXPECT_FALSE(holds_for("ForAllValues:StringNotEquals", allowed, id_and_name));
  EXPECT_TRUE(holds_for("ForAllValues:StringNotEquals", "['Tags']", id_and_name));
  EXPECT_TRUE(holds_for("ForAnyValue:StringNotEquals", allowed, id_and_name));
  EXPECT_FALSE(holds_for("ForAnyValue:StringNotEquals", allowed, id));
  EXPECT_FALSE(holds_for("ForAnyValue:StringNotEquals", allowed, none));
  EXPECT_TRUE(holds_for("ForAllValues:StringLike", "'*e*'", context({{"x:key", {"UserName", "Message"}}})));
  EXPECT_TRUE(holds_for("ForAnyValue:NumericGreaterThan", "5", context({{"x:key", {"1", "6"}}})));
}

// "Multivalued context key examples": the table of its first Deny.
TEST(Condition, TagKeysOfADeny) {
  const auto denied = [](const Context& values) {
    return holds_for("ForAllValues:StringNotLike", "'key1*'", values);
  };
  EXPECT_FALSE(denied(context({{"x:key", {"key1:legal"}}})));
  EXPECT_FALSE(denied(context({{"x:key", {"key1:hr", "key1:personnel"}}})));
  EXPECT_TRUE(denied(context({{"x:key", {"key2:audit"}}})));
  EXPECT_TRUE(denied({}));
}

TEST(Condition, VariablesInOperands) {
  auto values = context({{"x:key", {"blue"}}, {"aws:PrincipalTag/team", {"blue"}}});
  EXPECT_TRUE(holds_for("StringEquals", "'${aws:PrincipalTag/team}'", values));
  EXPECT_FALSE(holds_for("StringNotEquals", "'${aws:PrincipalTag/team}'", values));
  values.set("x:key", "arn:aws:sqs:us-east-1:123456789012:blue");
  EXPECT_TRUE(holds_for("ArnLike", "'arn:aws:sqs:*:*:${aws:PrincipalTag/team}'", values));
  // A variable without a value equals nothing, so negated operators hold.
  EXPECT_FALSE(holds_for("StringLike", "'${aws:PrincipalTag/none}*'", values));
  EXPECT_TRUE(holds_for("StringNotLike", "'${aws:PrincipalTag/none}*'", values));
}

// A further value neither opens an Allow nor evades a Deny.
TEST(Conditions, SeveralValuesUnderAnOperatorWithoutQuantifier) {
  const auto values = context({{"x:key", {"a", "b"}}});
  for (const char* name : {"StringEquals", "StringLike", "StringEqualsIfExists", "StringEqualsIgnoreCase"}) {
    EXPECT_FALSE(holds_for(name, "'a'", values, Effect::kAllow)) << name;
    EXPECT_TRUE(holds_for(name, "['a', 'b']", values, Effect::kAllow)) << name;
    EXPECT_TRUE(holds_for(name, "'a'", values, Effect::kDeny)) << name;
    EXPECT_FALSE(holds_for(name, "'c'", values, Effect::kDeny)) << name;
  }
  EXPECT_FALSE(holds_for("StringNotEquals", "'a'", values, Effect::kAllow));
  EXPECT_TRUE(holds_for("StringNotEquals", "'a'", values, Effect::kDeny));
  EXPECT_FALSE(holds_for("StringNotEquals", "['a', 'b']", values, Effect::kDeny));
}

// A caller chooses its user agent, a policy how often it is named.
TEST(Conditions, AVariableThatIsNamedOftenTakesNoTime) {
  std::string operand = "a:a:a:a:a:";
  for (int i = 0; i < 340; ++i) operand += "${aws:UserAgent}";
  const auto values = context({{"x:key", {"a:a:a:a:a:a"}}, {"aws:UserAgent", {std::string(10'000, ':')}}});
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(holds_for("ArnLike", "'" + operand + "'", values));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST(Context, KeysHaveNoCase) {
  Context values;
  values.set("aws:ResourceTag/EC2", "test1");
  EXPECT_TRUE(values.find("aws:resourcetag/ec2"));
  values.add("aws:resourceTag/ec2", "test2");
  EXPECT_THAT(values.find("aws:resourcetag/ec2")->copies(), testing::ElementsAre("test1", "test2"));
  EXPECT_EQ(values.entries().size(), 1u);
  EXPECT_FALSE(values.find("aws:resourcetag/other"));
}

}  // namespace
}  // namespace coffer::policy
