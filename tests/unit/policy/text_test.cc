// SPDX-License-Identifier: Apache-2.0
// What do policy variables become?
#include "policy/text.h"

#include <gtest/gtest.h>

#include "policy/match.h"
#include "tests/unit/policy/policy_fixture.h"

namespace coffer::policy {
namespace {

std::string expanded(const std::string& text, const Context& values, bool variables = true,
                     Wildcards wildcards = Wildcards::kNone) {
  const auto read = read_text(text, wildcards, variables);
  if (!read) return "malformed";
  std::string buffer;
  const auto result = expand(*read, values, buffer);
  return result ? std::string(*result) : "no value";
}

TEST(PolicyText, VariablesBecomeTheirValues) {
  const auto values = context({{"aws:username", {"alice"}},
                               {"aws:PrincipalTag/team", {"yellow"}},
                               {"aws:TagKeys", {"a", "b"}},
                               {"aws:Empty", {""}}});
  EXPECT_EQ(expanded("home/${aws:username}/x", values), "home/alice/x");
  EXPECT_EQ(expanded("${AWS:UserName}${aws:principaltag/TEAM}", values), "aliceyellow");
  EXPECT_EQ(expanded("b-${aws:PrincipalTag/team, 'company-wide'}", values), "b-yellow");
  EXPECT_EQ(expanded("b-${aws:PrincipalTag/other, 'company-wide'}", values), "b-company-wide");
  EXPECT_EQ(expanded("b-${aws:PrincipalTag/other,'}'}", values), "b-}");
  EXPECT_EQ(expanded("b-${aws:PrincipalTag/other}", values), "no value");
  EXPECT_EQ(expanded("${aws:TagKeys}", values), "no value") << "a key of several values is no variable";
  EXPECT_EQ(expanded("${aws:Empty}", values), "no value");
  EXPECT_EQ(expanded("${aws:Empty, 'x'}", values), "x");
  EXPECT_EQ(expanded("${*}${?}${$}{aws:username}", values), "*?${aws:username}");
}

TEST(PolicyText, OldVersionsHaveNoVariables) {
  EXPECT_EQ(expanded("${aws:username}", context({{"aws:username", {"alice"}}}), false), "${aws:username}");
}

TEST(PolicyText, MalformedVariablesAreRefused) {
  for (const char* text : {"${aws:username", "${}", "${a${b}}", "${a,b}", "${a,'b}", "${a, 'b' c}", "${a b}"})
    EXPECT_EQ(expanded(text, {}), "malformed") << text;
}

TEST(PolicyText, ValuesAreNoWildcards) {
  const auto star = context({{"aws:username", {"*"}}, {"aws:bytes", {"\xFF"}}});
  const auto text = read_text("${aws:username}/*", Wildcards::kAnywhere, true);
  std::string buffer;
  const auto pattern = expand(*text, star, buffer);
  EXPECT_TRUE(matches(*pattern, "*/x"));
  EXPECT_FALSE(matches(*pattern, "alice/x"));
  EXPECT_EQ(expanded("${aws:bytes}", star), "no value");
  EXPECT_TRUE(matches(read_text("a${*}*", Wildcards::kAnywhere, true)->pattern, "a*b"));
  EXPECT_FALSE(matches(read_text("a${*}*", Wildcards::kAnywhere, true)->pattern, "abb"));
}

TEST(PolicyText, ResourcesTakeVariablesInTheirLastSegment) {
  const auto alice = context({{"aws:username", {"alice"}}});
  const auto text = read_text("arn:aws:sqs:us-*-2:*:${aws:username}-q*", Wildcards::kResource, true);
  ASSERT_TRUE(text.has_value());
  std::string buffer;
  const auto pattern = expand(*text, alice, buffer);
  EXPECT_TRUE(matches(*pattern, "arn:aws:sqs:us-east-2:111122223333:alice-queue"));
  EXPECT_FALSE(matches(*pattern, "arn:aws:sqs:us-east-2:111122223333:bob-queue"));
  EXPECT_FALSE(read_text("arn:aws:sqs:${aws:region}:*:q", Wildcards::kResource, true));
  EXPECT_FALSE(read_text("${aws:username}", Wildcards::kResource, true));
}

TEST(PolicyText, AValueDoesNotMoveAnArnsSegments) {
  const auto colon = context({{"aws:account", {"1:2"}}});
  std::string buffer;
  const auto early = read_text("arn:aws:sns:*:${aws:account}:t", Wildcards::kAnywhere, true);
  EXPECT_FALSE(expand(*early, colon, buffer, true));
  const auto late = read_text("arn:aws:sns:*:1:${aws:account}", Wildcards::kAnywhere, true);
  EXPECT_TRUE(expand(*late, colon, buffer, true));
}

}  // namespace
}  // namespace coffer::policy
