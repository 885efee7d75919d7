// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/filters.h"

#include <gtest/gtest.h>

namespace coffer::services::ec2 {
namespace {

TEST(Filters, WildcardsMatchAsEc2Documents) {
  EXPECT_TRUE(matches_wildcard("vol-*", "vol-0123"));
  EXPECT_TRUE(matches_wildcard("*", ""));
  EXPECT_TRUE(matches_wildcard("a?c", "abc"));
  EXPECT_TRUE(matches_wildcard("*b*d", "aabbccd"));
  EXPECT_FALSE(matches_wildcard("a?c", "ac"));
  EXPECT_FALSE(matches_wildcard("", "a"));
  EXPECT_FALSE(matches_wildcard("*b", "abc"));
}

TEST(Filters, ABackslashQuotesAWildcard) {
  EXPECT_TRUE(matches_wildcard("a\\*b", "a*b"));
  EXPECT_FALSE(matches_wildcard("a\\*b", "axb"));
  EXPECT_TRUE(matches_wildcard("\\?", "?"));
  EXPECT_FALSE(matches_wildcard("\\?", "x"));
}

TEST(Filters, APatternMadeToBeSlowIsNot) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(matches_wildcard(pattern + "b", std::string(2000, 'a')));
}

std::vector<coffer::ec2::Filter> filter(const std::string& name, std::vector<std::string> values) {
  coffer::ec2::Filter one;
  one.name = name;
  one.values = std::move(values);
  return {one};
}

const FilterValues kRed = [](const std::string& name) -> std::optional<std::vector<std::string>> {
  if (name == "colour") return std::vector<std::string>{"red"};
  return std::nullopt;
};

TEST(Filters, ValuesAreAlternativesAndFiltersAllApply) {
  EXPECT_TRUE(passes(filter("colour", {"blue", "r*"}), kRed).value());
  EXPECT_FALSE(passes(filter("colour", {"blue"}), kRed).value());
  auto both = filter("colour", {"red"});
  both.push_back(filter("colour", {"green"}).front());
  EXPECT_FALSE(passes(both, kRed).value());
  EXPECT_TRUE(passes(std::nullopt, kRed).value());
}

TEST(Filters, AnUnknownNameIsRefused) {
  const auto refused = passes(filter("taste", {"sweet"}), kRed);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "InvalidParameterValue");
  EXPECT_EQ(refused.error().message, "The filter 'taste' is invalid");
}

}  // namespace
}  // namespace coffer::services::ec2
