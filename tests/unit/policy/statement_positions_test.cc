// SPDX-License-Identifier: Apache-2.0
// Are statements found where the policy simulator says they are, and the condition keys they ask for?
#include "policy/statement_positions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/context_keys.h"

namespace coffer::policy {
namespace {

using ::testing::ElementsAre;

std::vector<int32_t> numbers(std::string_view text) {
  std::vector<int32_t> all;
  for (const auto& [start, end] : statement_positions(text))
    all.insert(all.end(), {start.line, start.column, end.line, end.column});
  return all;
}

// The example of IAM's command line reference, simulate-custom-policy, with the positions that it shows.
TEST(StatementPositions, AreThoseOfThePublishedExample) {
  EXPECT_THAT(numbers(R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*",)"
                      R"("Resource":"*","Condition":{"DateGreaterThan":{"aws:CurrentTime":)"
                      R"("2018-08-16T12:00:00Z"}}}})"),
              ElementsAre(1, 38, 1, 167));
}

// That of AdministratorAccess, as its outputs have it: line 3, column 17 to line 8, column 6.
TEST(StatementPositions, BeginAfterTheBracketOfAList) {
  EXPECT_THAT(
      numbers("{\n  \"Version\": \"2012-10-17\",\n  \"Statement\": [\n    {\n      \"Effect\": \"Allow\",\n"
              "      \"Action\": \"*\",\n      \"Resource\": \"*\"\n    }\n  ]\n}"),
      ElementsAre(3, 17, 8, 6));
}

TEST(StatementPositions, AreOneForEachStatement) {
  EXPECT_THAT(numbers("{\"Id\":\"a\\\"{[\",\n\"Statement\":[{\"Sid\":\"}]\"},{\"a\":[{}]} ,\n {}]}"),
              ElementsAre(2, 14, 2, 26, 2, 26, 2, 37, 2, 37, 3, 4));
  EXPECT_THAT(numbers("{\"\\u0053tatement\":{}}"), ElementsAre(1, 20, 1, 21));
  EXPECT_THAT(numbers("{\"Id\":\"\xC3\xA9\",\"Statement\":{}}"), ElementsAre(1, 24, 1, 25));
}

TEST(StatementPositions, OfWhatIsNoPolicyComeToAnEnd) {
  for (const char* text :
       {"", "{", "[", "{\"Statement\"", "{\"Statement\":[", "{\"Statement\":[{", "{\"a\":\"", "\"\\"})
    EXPECT_LE(statement_positions(text).size(), 1u) << text;
}

TEST(ContextKeys, AreThoseOfConditionsAndVariablesAsWritten) {
  const auto document =
      read_document(R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*",)"
                    R"("Resource":"arn:aws:s3:::b/${aws:UserName}/*","Condition":{"StringEquals":)"
                    R"({"aws:PrincipalTag/Team":"${s3:Prefix, 'x'}","AWS:username":"a"}}}})",
                    DocumentKind::kIdentity);
  ASSERT_TRUE(document) << document.error().message;
  ContextKeys keys;
  add_context_keys(document->statements[0], keys);
  EXPECT_THAT(keys.all(), ElementsAre("aws:UserName", "aws:PrincipalTag/Team", "s3:Prefix"));
}

}  // namespace
}  // namespace coffer::policy
