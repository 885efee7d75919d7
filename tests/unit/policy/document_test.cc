// SPDX-License-Identifier: Apache-2.0
// Which texts are policies, of which kind, and what is said of those that are not?
#include "policy/document.h"

#include <gmock/gmock.h>

#include "tests/unit/policy/policy_fixture.h"

namespace coffer::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kAllowAll = "'Effect': 'Allow', 'Action': '*', 'Resource': '*'";

TEST(ReadDocument, ReadsEveryElement) {
  const auto policy = document(
      "{'Version': '2012-10-17', 'Id': 'key-policy', 'Statement': [{'Sid': 'Allow use of the key', "
      "'Effect': 'Deny', 'Principal': {'AWS': ['arn:aws:iam::111122223333:user/Alice', '444455556666', "
      "'arn:aws:iam::999999999999:root'], 'Service': 'ec2.amazonaws.com'}, 'NotAction': ['kms:Encrypt', "
      "'kms:De*'], "
      "'NotResource': 'arn:aws:kms:us-east-1:111122223333:key/*', "
      "'Condition': {'Bool': {'aws:SecureTransport': false}, 'NumericLessThan': {'a:b': [1, '2.5']}}}]}",
      DocumentKind::kKey);
  ASSERT_EQ(policy.statements.size(), 1u);
  const auto& read = policy.statements[0];
  EXPECT_TRUE(policy.has_variables);
  EXPECT_EQ(policy.id, "key-policy");
  EXPECT_EQ(read.sid, "Allow use of the key");
  EXPECT_EQ(read.effect, Effect::kDeny);
  EXPECT_THAT(read.principal->aws, ElementsAre("arn:aws:iam::111122223333:user/Alice"));
  EXPECT_THAT(read.principal->accounts, ElementsAre("444455556666", "999999999999"));
  EXPECT_THAT(read.principal->services, ElementsAre("ec2.amazonaws.com"));
  EXPECT_TRUE(read.not_action);
  EXPECT_EQ(read.actions.size(), 2u);
  EXPECT_EQ(read.resource_rule, Statement::Resources::kNotListed);
  ASSERT_EQ(read.conditions.size(), 2u);
  EXPECT_EQ(read.conditions[1].operands.size(), 2u);
}

TEST(ReadDocument, OneStatementNeedsNoListAndNoVersion) {
  const auto policy = document("{'Statement': {" + kAllowAll + "}}");
  EXPECT_EQ(policy.statements.size(), 1u);
  EXPECT_FALSE(policy.has_variables);
}

struct Refusal {
  std::string text;
  const char* why;
};

TEST(ReadDocument, RefusesWhatIsNoPolicyAndSaysWhy) {
  const Refusal cases[] = {
      {"", "it is not JSON"},
      {"{'Statement': ", "it is not JSON at byte"},
      {"[]", "it is not an object"},
      {"{}", "it has no Statement"},
      {"{'Statement': []}", "it has no Statement"},
      {"{'Statement': ['x']}", "Statement 1: it is not an object."},
      {"{'Version': '2012-10-18', 'Statement': {" + kAllowAll + "}}", "Version must be"},
      {"{'Version': 2012, 'Statement': {" + kAllowAll + "}}", "Version must be"},
      {"{'version': '2012-10-17', 'Statement': {" + kAllowAll + "}}", "there is no element version."},
      {"{'Statement': {" + kAllowAll + "}, 'Statement': {" + kAllowAll + "}}",
       "the key \"Statement\" appears twice in one object"},
      {statement(kAllowAll + ", 'Effect': 'Deny'"), "the key \"Effect\" appears twice"},
      {statement(kAllowAll + ", 'Conditions': {}"), "there is no element Conditions."},
      {statement("'Action': '*', 'Resource': '*'"), "Effect must be Allow or Deny."},
      {statement("'Effect': 'allow', 'Action': '*', 'Resource': '*'"), "Effect must be Allow or Deny."},
      {statement("'Effect': 'Allow', 'Resource': '*'"), "Policy statement must contain actions."},
      {statement("'Effect': 'Allow', 'Action': [], 'Resource': '*'"),
       "Policy statement must contain actions."},
      {statement("'Effect': 'Allow', 'Action': [1], 'Resource': '*'"),
       "Action has an entry that is no text."},
      {statement("'Effect': 'Allow', 'Action': {}, 'Resource': '*'"), "Action is neither a text nor a list"},
      {statement(kAllowAll + ", 'NotAction': '*'"), "must not contain both Action and NotAction."},
      {statement("'Effect': 'Allow', 'Action': 'Decrypt', 'Resource': '*'"),
       "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
      {statement("'Effect': 'Allow', 'Action': 'a:b:c', 'Resource': '*'"),
       "Actions/Condition can contain only one colon."},
      {statement("'Effect': 'Allow', 'Action': 'k*s:b', 'Resource': '*'"), "Vendor k*s is not valid"},
      {statement("'Effect': 'Allow', 'Action': 'kms:', 'Resource': '*'"), "a name that is not valid"},
      {statement("'Effect': 'Allow', 'Action': '*'"), "Policy statement must contain resources."},
      {statement("'Effect': 'Allow', 'Action': '*', 'Resource': []"),
       "Policy statement must contain resources."},
      {statement("'Effect': 'Allow', 'Action': '*', 'Resource': 'key/a'"),
       "Resource key/a must be in ARN format or \"*\"."},
      {statement("'Effect': 'Allow', 'Action': '*', 'Resource': 'arn:*:kms:::x'"),
       "Partition \"*\" is not valid for resource \"arn:*:kms:::x\"."},
      {statement("'Effect': 'Allow', 'Action': '*', 'Resource': 'arn:aws:k*:::x'"),
       "Resource vendor must be fully qualified and cannot contain regexes."},
      {statement("'Effect': 'Allow', 'Action': '*', 'Resource': 'arn:aws'"),
       "Resource vendor must be fully qualified and cannot contain regexes."},
      {statement("'Effect': 'Allow', 'Action': '*', 'Resource': 'arn:aws:kms:us-east-1:${aws:username}:x'"),
       "has a policy variable before its fifth colon"},
      {statement("'Effect': 'Allow', 'Action': '*', 'Resource': 'arn:aws:s3:::${aws:username'"),
       "is malformed"},
      {statement(kAllowAll + ", 'Principal': '*'"), "Policy document should not specify a principal."},
      {statement(kAllowAll + ", 'Sid': 'with space'"), "must be alpha-numeric"},
      {statement(kAllowAll + ", 'Sid': 1"), "Sid is no text."},
      {"{'Statement': [{'Sid': 'a', " + kAllowAll + "}, {'Sid': 'a', " + kAllowAll + "}]}",
       "Statement IDs (SID) in a single policy must be unique."},
      {"{'Statement': [{" + kAllowAll + "}, {'Sid': 'b', 'Effect': 'Deny'}]}",
       "Statement 2 (Sid \"b\"): Policy statement must contain actions."},
      {statement(kAllowAll + ", 'Condition': []"), "Condition is not an object"},
      {statement(kAllowAll + ", 'Condition': {'StringIs': {'a:b': 'c'}}"),
       "there is no condition operator StringIs"},
      {statement(kAllowAll + ", 'Condition': {'NullIfExists': {'a:b': 'true'}}"), "no condition operator"},
      {statement(kAllowAll + ", 'Condition': {'ForAnyValue:Null': {'a:b': 'true'}}"),
       "no condition operator"},
      {statement(kAllowAll + ", 'Condition': {'Bool': 'a:b'}"), "Bool is not an object"},
      {statement(kAllowAll + ", 'Condition': {'Bool': {'a:b': 'yes'}}"),
       "the value \"yes\" of Bool for a:b: is neither true nor false"},
      {statement(kAllowAll + ", 'Condition': {'Bool': {'a:b': null}}"), "no text, number or Boolean"},
      {statement(kAllowAll + ", 'Condition': {'Null': {'a:b': 'x'}}"), "is not true or false"},
      {statement(kAllowAll + ", 'Condition': {'NumericEquals': {'a:b': 'ten'}}"), "is not a number"},
      {statement(kAllowAll + ", 'Condition': {'DateEquals': {'a:b': '2020-13-01'}}"), "is not a date"},
      {statement(kAllowAll + ", 'Condition': {'IpAddress': {'a:b': '10.0.0.0/33'}}"), "is not an IP address"},
      {statement(kAllowAll + ", 'Condition': {'BinaryEquals': {'a:b': '%'}}"), "is not base64"},
      {statement(kAllowAll + ", 'Condition': {'StringEquals': {'a:b': [['c']]}}"),
       "no text, number or Boolean"},
  };
  for (const auto& test : cases) EXPECT_THAT(refusal(test.text), HasSubstr(test.why)) << test.text;
}

TEST(ReadDocument, KindsDifferInPrincipalAndResource) {
  const std::string nobody = statement(kAllowAll);
  const std::string everyone = statement("'Principal': '*', " + kAllowAll);
  const std::string no_resource =
      statement("'Principal': '*', 'Effect': 'Allow', 'Action': 'sts:AssumeRole'");
  const std::string not_principal =
      statement("'NotPrincipal': {'AWS': '111122223333'}, 'Effect': 'Deny', 'Action': 'sts:AssumeRole'");
  EXPECT_EQ(refusal(everyone, DocumentKind::kResource), "");
  EXPECT_THAT(refusal(nobody, DocumentKind::kResource), HasSubstr("must contain a principal"));
  EXPECT_THAT(refusal(no_resource, DocumentKind::kResource), HasSubstr("must contain resources"));
  EXPECT_EQ(refusal(no_resource, DocumentKind::kTrust), "");
  EXPECT_THAT(refusal(everyone, DocumentKind::kTrust), HasSubstr("Has prohibited field Resource"));
  EXPECT_THAT(refusal(not_principal, DocumentKind::kTrust), HasSubstr("Has prohibited field NotPrincipal"));
  EXPECT_THAT(refusal(statement("'NotPrincipal': {'AWS': '111122223333'}, " + kAllowAll), DocumentKind::kKey),
              HasSubstr("NotPrincipal must be used with Effect Deny."));
  EXPECT_EQ(document(no_resource, DocumentKind::kKey).statements[0].resource_rule,
            Statement::Resources::kNone);
}

TEST(ReadDocument, PrincipalsAreNamedInFull) {
  const auto with = [](const std::string& principal) {
    return refusal(statement("'Principal': " + principal + ", " + kAllowAll), DocumentKind::kResource);
  };
  for (const char* fine :
       {"'*'", "{'AWS': '*'}", "{'AWS': '111122223333'}", "{'AWS': 'arn:aws:iam::111122223333:root'}",
        "{'AWS': 'arn:aws:iam::111122223333:role/path/name'}", "{'AWS': 'AIDACKCEVSQ6C2EXAMPLE'}",
        "{'AWS': 'arn:aws:sts::111122223333:assumed-role/role/session'}",
        "{'AWS': ['arn:aws:sts::111122223333:federated-user/bob']}", "{'Service': ['ec2.amazonaws.com']}",
        "{'Federated': 'accounts.google.com', 'CanonicalUser': '79a5'}"})
    EXPECT_EQ(with(fine), "") << fine;
  for (const char* wrong :
       {"'111122223333'", "{}", "[]", "{'AWS': 'bob'}", "{'AWS': 'arn:aws:iam::111122223333:user/*'}",
        "{'AWS': 'arn:aws:iam::11112222:root'}", "{'AWS': 'arn:aws:iam::111122223333:group/g'}",
        "{'AWS': 'arn:aws:sts::111122223333:assumed-role/role'}", "{'Service': '*'}", "{'User': 'bob'}",
        "{'AWS': [1]}", "{'AWS': {}}", "{'AWS': 'arn:aws:x:iam::111122223333:root'}",
        "{'AWS': 'arn:aws*:iam::111122223333:root'}"})
    EXPECT_NE(with(wrong), "") << wrong;
}

TEST(ReadDocument, SizeAndDepthAreBounded) {
  std::string deep(1000, '[');
  EXPECT_THAT(refusal(deep), HasSubstr("nested deeper than"));
  EXPECT_THAT(refusal(std::string(kLargestDocument + 1, ' ')), HasSubstr("larger than"));
  EXPECT_THAT(refusal("{'Statement': '\xFF'}"), HasSubstr("not JSON"));
}

}  // namespace
}  // namespace coffer::policy
