// SPDX-License-Identifier: Apache-2.0
// Is a condition, and what is the opposite of it, told in words?
#include "policy/condition_text.h"

#include <gtest/gtest.h>

namespace coffer::policy {
namespace {

std::string lifted_by(const std::string& operator_name, std::vector<std::string> wanted) {
  return when_not_met({operator_name, "k", std::move(wanted), std::vector<std::string>{"v"}, true});
}

TEST(ConditionText, TellsWhatIsWantedAndWhatIs) {
  EXPECT_EQ(when_met({"StringEquals", "aws:RequestTag/team", {"a", "b"}, std::nullopt, false}),
            "aws:RequestTag/team met StringEquals a or b (it is absent)");
  EXPECT_EQ(when_met({"StringLike", "k", {"a*"}, std::vector<std::string>{"x", "y"}, false}),
            "k met StringLike a* (its values are x and y)");
  EXPECT_EQ(when_met({"StringLike", "k", {"a*"}, std::vector<std::string>{}, false}),
            "k met StringLike a* (it has no value)");
}

TEST(ConditionText, TellsWhatEscapesIt) {
  EXPECT_EQ(lifted_by("StringEquals", {"a", "b"}), "k were other than a or b (it is v)");
  EXPECT_EQ(lifted_by("StringNotEqualsIfExists", {"a"}), "k were a (it is v)");
  EXPECT_EQ(lifted_by("NumericLessThan", {"10"}), "k were at least 10 (it is v)");
  EXPECT_EQ(lifted_by("DateGreaterThan", {"2026-01-01"}), "k were not after 2026-01-01 (it is v)");
  EXPECT_EQ(lifted_by("NotIpAddress", {"10.0.0.0/8"}), "k were within 10.0.0.0/8 (it is v)");
  EXPECT_EQ(lifted_by("Bool", {"false"}), "k were true (it is v)");
  EXPECT_EQ(lifted_by("BoolIfExists", {"true"}), "k were false (it is v)");
  EXPECT_EQ(lifted_by("Null", {"true"}), "k were given (it is v)");
  EXPECT_EQ(lifted_by("Null", {"false"}), "k were absent (it is v)");
}

TEST(ConditionText, NamesTheOperatorWhereItHasNoSimpleOpposite) {
  EXPECT_EQ(lifted_by("ForAnyValue:StringEquals", {"a"}),
            "k did not meet ForAnyValue:StringEquals a (it is v)");
  EXPECT_EQ(lifted_by("Bool", {"true", "false"}), "k did not meet Bool true or false (it is v)");
}

}  // namespace
}  // namespace coffer::policy
