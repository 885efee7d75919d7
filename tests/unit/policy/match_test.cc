// SPDX-License-Identifier: Apache-2.0
// Does a pattern match what AWS says it matches, and in bearable time?
#include "policy/match.h"

#include <gtest/gtest.h>

#include <chrono>

namespace coffer::policy {
namespace {

struct MatchCase {
  const char* pattern;
  const char* text;
  bool matches;
};

TEST(Match, WildcardsStandForAnyCharacters) {
  const MatchCase cases[] = {
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "a:b/c", true},
      {"?", "", false},
      {"?", "a", true},
      {"?", "ab", false},
      {"a*", "a", true},
      {"a*c", "abbc", true},
      {"a*c", "abcd", false},
      {"*a*b", "xaxxb", true},
      {"*a*b", "xbxa", false},
      {"a?c*", "abcd", true},
      {"**a", "a", true},
      {"*?", "", false},
      {"*?", "x", true},
      {"home/", "home", false},
      {"*aab", "aaaab", true},
      {"a*b*c*", "abcabd", true},
      {"?", "\xC3\xA9", true},
      {"??", "\xC3\xA9", false},
      {"*\xC3\xA9", "a\xC3\xA9", true},
  };
  for (const auto& test : cases)
    EXPECT_EQ(matches(wildcard_pattern(test.pattern), test.text), test.matches)
        << test.pattern << " against " << test.text;
}

TEST(Match, TextNeverActsAsAWildcard) {
  EXPECT_TRUE(matches("a*", "a*"));
  EXPECT_FALSE(matches("a*", "ab"));
  EXPECT_FALSE(matches("ab", "a\xFF"));
  EXPECT_TRUE(has_wildcard_bytes("a\xFF"));
  EXPECT_FALSE(has_wildcard_bytes("a*?\xF4\x8F\xBF\xBF"));
}

TEST(Match, CaseMattersUnlessSaid) {
  EXPECT_FALSE(matches("kms:Decrypt", "KMS:decrypt"));
  EXPECT_TRUE(matches_ignoring_case(wildcard_pattern("kms:De*"), "KMS:decrypt"));
  EXPECT_TRUE(equals_ignoring_case("aws:SourceIP", "AWS:sourceip"));
  EXPECT_FALSE(equals_ignoring_case("aws:SourceIP", "aws:SourceI"));
}

// "IAM JSON policy elements: Resource": a * at the end of a segment goes beyond colons, others do not.
TEST(Match, ResourcesBySegments) {
  const MatchCase cases[] = {
      {"*", "*", true},
      {"*", "arn:aws:kms:us-east-1:111122223333:key/a", true},
      {"arn:aws:kms:us-east-1:111122223333:key/a", "arn:aws:kms:us-east-1:111122223333:key/a", true},
      {"arn:aws:kms:us-east-1:111122223333:key/a", "arn:aws:kms:us-east-1:111122223333:key/A", false},
      {"arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:us-east-1:111122223333:key/a", true},
      {"arn:aws:kms:*:111122223333:key/*", "arn:aws:kms:us-east-1:999999999999:key/a", false},
      {"arn:aws:kms:*", "arn:aws:kms:us-east-1:111122223333:key/a", true},
      {"arn:aws:kms", "arn:aws:kms:us-east-1:111122223333:key/a", true},
      {"arn:aws:kms:us-east-1", "arn:aws:kms:us-east-1:111122223333:key/a", true},
      {"arn:aws:kms:us-east-1", "arn:aws:kms:us-east-2:111122223333:key/a", false},
      {"arn:aws:kms:us-*-1:111122223333:key/a", "arn:aws:kms:us-east-1:111122223333:key/a", true},
      {"arn:aws:kms:us-*-1:111122223333:key/a",
       "arn:aws:kms:us-east-2:999999999999:key/x-1:111122223333:key/a", false},
      {"arn:aws:kms:us-east-?:111122223333:key/a", "arn:aws:kms:us-east-1:111122223333:key/a", true},
      {"arn:aws:kms:us-east-1?111122223333:key/a", "arn:aws:kms:us-east-1:111122223333:key/a", false},
      {"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/3/test/4/object.jpg", true},
      {"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1///test///object.jpg", true},
      {"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket//test/object.jpg", true},
      {"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/test/", true},
      {"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1-test/object.jpg", false},
      {"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/test/object.jpg", false},
      {"arn:aws:s3:::bucket/*/test/*", "arn:aws:s3:::bucket/1/2/test.jpg", false},
      {"arn:aws:logs:us-east-1:111122223333:log-group:/a*b:*",
       "arn:aws:logs:us-east-1:111122223333:log-group:/a:b:stream", true},
      {"arn:aws:kms:us-east-1:111122223333:key/a", "*", false},
  };
  for (const auto& test : cases)
    EXPECT_EQ(matches(resource_pattern(test.pattern), test.text), test.matches)
        << test.pattern << " against " << test.text;
}

// "Condition operators", Amazon Resource Name: each of the six components by its own.
TEST(Match, ArnsComponentByComponent) {
  const MatchCase cases[] = {
      {"arn:aws:someservice:*:111122223333:finance/*",
       "arn:aws:someservice:us-east-2:111122223333:finance/document.txt", true},
      {"arn:aws:someservice:*:111122223333:finance/*",
       "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt", false},
      {"arn:aws:iam::*:role/?dmin", "arn:aws:iam::111122223333:role/Admin", true},
      {"arn:aws:iam::*:role/admin", "arn:aws:iam::111122223333:role/Admin", false},
      {"arn:*:*:*:*:*", "arn:aws:sns:us-east-1:111122223333:topic:subscription", true},
      {"arn:aws:sns:*", "arn:aws:sns:us-east-1:111122223333:topic", false},
      {"*", "arn:aws:sns:us-east-1:111122223333:topic", false},
      {"arn:aws:sns:*:*:*", "topic", false},
  };
  for (const auto& test : cases)
    EXPECT_EQ(matches_arn(wildcard_pattern(test.pattern), test.text), test.matches)
        << test.pattern << " against " << test.text;
}

TEST(Match, NoPatternTakesLong) {
  std::string many_stars, text(4000, 'a');
  for (int i = 0; i < 500; ++i) many_stars += "*a";
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(matches(wildcard_pattern(many_stars + "b"), text));
  EXPECT_FALSE(matches(resource_pattern("arn:aws:s3:" + many_stars + "b:c:d"), "arn:aws:s3:" + text));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
}

// What AWS lets a policy have for a resource, on the longest that is asked about.
TEST(Match, ManyWildcardsWithinASegmentTakeNoTime) {
  std::string pattern = "arn:aws:kms:us-west-2:";
  for (int i = 0; i < 2900; ++i) pattern += "a*";
  const std::string compiled = resource_pattern(pattern + "x:y");
  const std::string text = "arn:aws:kms:us-west-2:" + std::string(1'000, 'a') + ":" + std::string(1'000, 'a');
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(matches(compiled, text));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

}  // namespace
}  // namespace coffer::policy
