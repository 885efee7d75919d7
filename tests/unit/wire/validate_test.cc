// SPDX-License-Identifier: Apache-2.0
// Is a request that breaks the model refused with every violation, in AWS's words, without quoting secrets?
#include "wire/validate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "generated/ec2/model.h"
#include "generated/kms/model.h"
#include "wire/json_protocol.h"
#include "wire/pattern.h"

namespace coffer::wire {
namespace {

Status check(std::string_view operation, std::string_view body) {
  const auto& input = *kms::model().find_operation(operation)->input;
  auto value = parse_json(input, body);
  if (!value) return tl::unexpected(value.error());
  return validate(input, *value);
}

std::string message(std::string_view operation, std::string_view body) {
  const auto status = check(operation, body);
  if (status) return "valid";
  EXPECT_EQ(status.error().code, "ValidationException");
  return status.error().message;
}

TEST(Validate, AcceptsWhatTheModelAllows) {
  EXPECT_TRUE(check("Encrypt", R"({"KeyId":"k","Plaintext":"QQ==","EncryptionContext":{"":""}})"));
  EXPECT_TRUE(check("CreateKey", R"({"Tags":[{"TagKey":"k","TagValue":""}],"KeySpec":"SYMMETRIC_DEFAULT"})"));
  EXPECT_TRUE(check("CreateAlias", R"({"AliasName":"alias/a-b_c:d","TargetKeyId":"k"})"));
  EXPECT_TRUE(check("ListKeys", "{}"));
}

TEST(Validate, MissingMember) {
  EXPECT_EQ(message("DescribeKey", "{}"),
            "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must "
            "not be null");
}

TEST(Validate, Lengths) {
  EXPECT_EQ(message("DescribeKey", R"({"KeyId":""})"),
            "1 validation error detected: Value '' at 'keyId' failed to satisfy constraint: Member must have "
            "length "
            "greater than or equal to 1");
  const auto too_long = message("DescribeKey", R"({"KeyId":")" + std::string(2049, 'k') + "\"}");
  EXPECT_THAT(too_long,
              testing::EndsWith("kkk...' at 'keyId' failed to satisfy constraint: Member must have length "
                                "less than or equal to 2048"));
  EXPECT_LT(too_long.size(), 1300u);
}

TEST(Validate, LengthsCountUtf16Units) {
  // U+1F511 is two UTF-16 units and four bytes: 64 of them fit 128, 65 do not.
  const auto body = [](int count) {
    std::string key;
    for (int at = 0; at < count; ++at) key += "\xF0\x9F\x94\x91";
    return R"({"Tags":[{"TagKey":")" + key + R"(","TagValue":""}]})";
  };
  EXPECT_TRUE(check("CreateKey", body(64)));
  EXPECT_FALSE(check("CreateKey", body(65)));
}

TEST(Validate, Ranges) {
  EXPECT_EQ(message("ListKeys", R"({"Limit":0})"),
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must "
            "have value "
            "greater than or equal to 1");
  EXPECT_EQ(
      message("ListKeys", R"({"Limit":99999999999})"),
      "1 validation error detected: Value '99999999999' at 'limit' failed to satisfy constraint: Member must "
      "have value less than or equal to 1000");
}

TEST(Validate, Patterns) {
  EXPECT_EQ(message("CreateAlias", R"({"AliasName":"alias/a b","TargetKeyId":"k"})"),
            "1 validation error detected: Value 'alias/a b' at 'aliasName' failed to satisfy constraint: "
            "Member must "
            "satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$");
  EXPECT_FALSE(check("CreateAlias", R"({"AliasName":"alias/a\n","TargetKeyId":"k"})"));
}

TEST(Validate, PatternsOnTheLongestText) {
  EXPECT_TRUE(check("CreateKey", R"({"Policy":")" + std::string(131072, 'p') + "\"}"));
  EXPECT_FALSE(check("CreateKey", R"({"Policy":")" + std::string(131071, 'p') + "\xE2\x82\xAC\"}"));
}

TEST(Validate, Enumerations) {
  EXPECT_EQ(
      message("GenerateDataKey", R"({"KeyId":"k","KeySpec":"AES_512"})"),
      "1 validation error detected: Value 'AES_512' at 'keySpec' failed to satisfy constraint: Member must "
      "satisfy enum value set: [AES_256, AES_128]");
}

TEST(Validate, MembersOfListsAreNamedByTheirPlace) {
  EXPECT_EQ(
      message("CreateKey", R"({"Tags":[{"TagKey":"k","TagValue":"v"},{"TagKey":"","TagValue":"v"}]})"),
      "1 validation error detected: Value '' at 'tags.2.member.tagKey' failed to satisfy constraint: Member "
      "must have length greater than or equal to 1");
}

TEST(Validate, PlainElementsAreReportedAtTheirList) {
  EXPECT_EQ(
      message("DescribeKey", R"({"KeyId":"k","GrantTokens":["t",""]})"),
      "1 validation error detected: Value '[t, ]' at 'grantTokens' failed to satisfy constraint: Member must "
      "satisfy constraint: [Member must have length less than or equal to 8192, Member must have length "
      "greater "
      "than or equal to 1]");
}

TEST(Validate, ReportsAllViolations) {
  EXPECT_EQ(
      message("CreateAlias", R"({"AliasName":""})"),
      "2 validation errors detected: Value '' at 'aliasName' failed to satisfy constraint: Member must have "
      "length greater than or equal to 1; Value null at 'targetKeyId' failed to satisfy constraint: Member "
      "must "
      "not be null");
}

TEST(Validate, NeverQuotesSensitiveMembers) {
  EXPECT_EQ(message("Encrypt", R"({"KeyId":"k","Plaintext":""})"),
            "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must "
            "have length "
            "greater than or equal to 1");
}

TEST(Validate, QuotesBlobsByTheirLengthOnly) {
  EXPECT_EQ(
      message("Decrypt", R"({"CiphertextBlob":""})"),
      "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at 'ciphertextBlob' "
      "failed to satisfy constraint: Member must have length greater than or equal to 1");
}

TEST(Validate, MapsAreReportedByKeysAndValues) {
  const Shape key{.name = "Key", .type = ShapeType::kString, .max = 2};
  const Shape element{.name = "Element", .type = ShapeType::kString, .min = 1};
  const Shape map{.name = "Map", .type = ShapeType::kMap, .key = &key, .element = &element};
  const Member members[] = {
      {.name = "Labels", .location_name = "Labels", .query_name = "Labels", .shape = &map}};
  const Shape input{.name = "Input", .members = members};
  const auto status =
      validate(input, Value(Members{{"Labels", Value(Members{{"abc", Value(std::string())}})}}));
  ASSERT_FALSE(status);
  EXPECT_EQ(
      status.error().message,
      "2 validation errors detected: Value '{abc=}' at 'labels' failed to satisfy constraint: Map keys must "
      "satisfy constraint: [Member must have length less than or equal to 2]; Value '{abc=}' at 'labels' "
      "failed "
      "to satisfy constraint: Map value must satisfy constraint: [Member must have length greater than or "
      "equal "
      "to 1]");
}

TEST(Pattern, MatchesTheWholeText) {
  EXPECT_EQ(match_pattern("[a-z]+", "abc"), PatternMatch::kMatches);
  EXPECT_EQ(match_pattern("[a-z]+", "abc1"), PatternMatch::kDiffers);
  EXPECT_EQ(match_pattern("^[a-z]+$", "abc\n"), PatternMatch::kDiffers);
  EXPECT_EQ(match_pattern("a|ab", "ab"), PatternMatch::kMatches);
  EXPECT_EQ(match_pattern("\\d+", "\xD9\xA1"),
            PatternMatch::kDiffers);  // Arabic-Indic one: Java's \d is ASCII
}

TEST(Pattern, KnowsJavasSyntax) {
  EXPECT_EQ(match_pattern("[\\u0009\\u0020-\\u00FF]+", "\t \xC3\xBF"), PatternMatch::kMatches);
  EXPECT_EQ(match_pattern("[\\u0009\\u0020-\\u00FF]+", "\xC4\x80"), PatternMatch::kDiffers);
  EXPECT_EQ(match_pattern("^(?!aws:)[\\p{L}\\p{Z}]{1,2048}$", "key"), PatternMatch::kMatches);
  EXPECT_EQ(match_pattern("(", ""), PatternMatch::kBadPattern);
}

TEST(Pattern, GivesUpOnRunawayMatches) {
  EXPECT_EQ(match_pattern("(a+)+b", std::string(5000, 'a')), PatternMatch::kDiffers);
  EXPECT_EQ(match_pattern("(a|b)*", std::string(10'000, 'a')), PatternMatch::kMatches);
  EXPECT_EQ(match_pattern("a*", "\xFF"), PatternMatch::kDiffers);
}

void collect_patterns(const Shape& shape, std::set<const Shape*>& seen,
                      std::set<std::string_view>& patterns) {
  if (!seen.insert(&shape).second) return;
  if (!shape.pattern.empty()) patterns.insert(shape.pattern);
  for (const auto& member : shape.members) collect_patterns(*member.shape, seen, patterns);
  for (const auto* part : {shape.key, shape.element})
    if (part != nullptr) collect_patterns(*part, seen, patterns);
}

TEST(Pattern, EveryPatternOfTheModelsCompiles) {
  std::set<const Shape*> seen;
  std::set<std::string_view> patterns;
  for (const auto* model : {&kms::model(), &ec2::model()})
    for (const auto& operation : model->operations)
      for (const auto* shape : {operation.input, operation.output})
        if (shape != nullptr) collect_patterns(*shape, seen, patterns);
  EXPECT_GT(patterns.size(), 2u);
  for (const auto pattern : patterns)
    EXPECT_NE(match_pattern(pattern, ""), PatternMatch::kBadPattern) << pattern;
}

TEST(MissingMembers, NamesWhatAnAnswerLacks) {
  const auto& output = *kms::model().find_operation("DescribeKey")->output;
  kms::DescribeKeyResponse response{.key_metadata = kms::KeyMetadata{.arn = "a"}};
  EXPECT_THAT(missing_members(output, to_value(response)), testing::ElementsAre("keyMetadata.keyId"));
  response.key_metadata->key_id = "k";
  EXPECT_THAT(missing_members(output, to_value(response)), testing::IsEmpty());
}

}  // namespace
}  // namespace coffer::wire
