// SPDX-License-Identifier: Apache-2.0
// Does a JSON body become the request it spells, and is any other body refused in AWS's words?
#include "wire/json_protocol.h"

#include <gtest/gtest.h>

#include "generated/kms/model.h"

namespace coffer::wire {
namespace {

const Shape& input_of(std::string_view operation) {
  return *kms::model().find_operation(operation)->input;
}

Result<Value> parse(std::string_view operation, std::string_view body) {
  return parse_json(input_of(operation), body);
}

TEST(ParseJson, ReadsARequest) {
  const auto value =
      parse("Encrypt", R"({"KeyId":"alias/k","Plaintext":"AP8=","EncryptionContext":{"b":"2","a":"é"},)"
                       R"("GrantTokens":["t1","t2"],"DryRun":true})");
  ASSERT_TRUE(value) << value.error().message;
  kms::EncryptRequest request;
  from_value(*value, request);
  EXPECT_EQ(request.key_id, "alias/k");
  EXPECT_EQ(request.plaintext, (Bytes{0, 255}));
  EXPECT_EQ(request.encryption_context, (std::map<std::string, std::string>{{"a", "é"}, {"b", "2"}}));
  EXPECT_EQ(request.grant_tokens, (std::vector<std::string>{"t1", "t2"}));
  EXPECT_EQ(request.dry_run, true);
  EXPECT_EQ(request.encryption_algorithm, std::nullopt);
}

TEST(ParseJson, LeavesOutUnknownMembersAndNulls) {
  const auto value = parse("ListKeys", R"({"Future":{"a":[1]},"Limit":5,"Marker":null})");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->as<Members>()->size(), 1u);
  EXPECT_EQ(*value->member("Limit")->as<int64_t>(), 5);
}

TEST(ParseJson, LastOfARepeatedNameCounts) {
  const auto value = parse("ListKeys", R"({"Limit":5,"Limit":7})");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->as<Members>()->size(), 1u);
  EXPECT_EQ(*value->member("Limit")->as<int64_t>(), 7);
}

TEST(ParseJson, OrderOfNamesOnTheWireDoesNotCount) {
  const auto one = parse("CreateAlias", R"({"AliasName":"alias/a","TargetKeyId":"k"})");
  const auto other = parse("CreateAlias", R"({"TargetKeyId":"k","AliasName":"alias/a"})");
  ASSERT_TRUE(one && other);
  EXPECT_EQ(one->as<Members>()->front().first, other->as<Members>()->front().first);
}

TEST(ParseJson, CutsFractionsOffIntegers) {
  const auto value = parse("ListKeys", R"({"Limit":5.9})");
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->member("Limit")->as<int64_t>(), 5);
}

TEST(ParseJson, LeavesTooLargeIntegersToTheBounds) {
  EXPECT_TRUE(parse("ListKeys", R"({"Limit":99999999999})"));
  EXPECT_FALSE(parse("ListKeys", R"({"Limit":1e300})"));
}

struct JsonRefusal {
  const char* operation;
  const char* body;
  const char* message;
};

class JsonRefused : public testing::TestWithParam<JsonRefusal> {};

TEST_P(JsonRefused, InAwsWords) {
  const auto value = parse(GetParam().operation, GetParam().body);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, "SerializationException");
  EXPECT_EQ(value.error().kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(value.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    WrongTypes, JsonRefused,
    testing::Values(
        JsonRefusal{"ListKeys", R"({"Limit":"1"})", "STRING_VALUE can not be converted to an Integer"},
        JsonRefusal{"ListKeys", R"({"Limit":true})", "TRUE_VALUE can not be converted to an Integer"},
        JsonRefusal{"ListKeys", R"({"Limit":[1]})", "Start of list found where not expected"},
        JsonRefusal{"ListKeys", R"({"Limit":{}})", "Start of structure or map found where not expected."},
        JsonRefusal{"DescribeKey", R"({"KeyId":1})", "NUMBER_VALUE can not be converted to a String"},
        JsonRefusal{"DescribeKey", R"({"KeyId":false})", "FALSE_VALUE can not be converted to a String"},
        JsonRefusal{"DescribeKey", R"({"KeyId":"k","GrantTokens":"t"})", "Expected list or null"},
        JsonRefusal{"DescribeKey", R"({"KeyId":"k","GrantTokens":{}})",
                    "Start of structure or map found where not expected."},
        JsonRefusal{"DescribeKey", R"({"KeyId":"k","GrantTokens":[1]})",
                    "NUMBER_VALUE can not be converted to a String"},
        JsonRefusal{"CreateKey", R"({"MultiRegion":"yes"})",
                    "STRING_VALUE can not be converted to an Boolean"},
        JsonRefusal{"CreateKey", R"({"Tags":["t"]})", "Expected null"},
        JsonRefusal{"Encrypt", R"({"EncryptionContext":[]})", "Start of list found where not expected"},
        JsonRefusal{"Encrypt", R"({"EncryptionContext":{"a":1}})",
                    "NUMBER_VALUE can not be converted to a String"},
        JsonRefusal{"Encrypt", R"({"Plaintext":"not base64"})", "Blob is not valid base64"},
        JsonRefusal{"Encrypt", R"({"Plaintext":"QQ"})", "Blob is not valid base64"},
        JsonRefusal{"ListKeys", "[]", "Start of list found where not expected"}));

INSTANTIATE_TEST_SUITE_P(
    Malformed, JsonRefused,
    testing::Values(JsonRefusal{"ListKeys", "", ""}, JsonRefusal{"ListKeys", "{", ""},
                    JsonRefusal{"ListKeys", "null", ""}, JsonRefusal{"ListKeys", "\"x\"", ""},
                    JsonRefusal{"ListKeys", "1", ""}, JsonRefusal{"ListKeys", "{\"Limit\":1,}", ""},
                    JsonRefusal{"ListKeys", "{} {}", ""}, JsonRefusal{"ListKeys", "{'Limit':1}", ""},
                    JsonRefusal{"ListKeys", "{\"Marker\":\"\xff\"}", ""},
                    JsonRefusal{"ListKeys", "{\"Limit\":1e999}", ""}));

TEST(ParseJson, BoundsDepth) {
  const auto nested = [](int depth) {
    return R"({"Future":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_TRUE(parse("ListKeys", nested(kDeepestJson - 1)));
  EXPECT_FALSE(parse("ListKeys", nested(kDeepestJson)));
  EXPECT_FALSE(parse("ListKeys", std::string(1'000'000, '[')));
}

TEST(ParseJson, BoundsSize) {
  const auto padded = [](size_t size) { return "{}" + std::string(size - 2, ' '); };
  EXPECT_TRUE(parse("ListKeys", padded(kLargestJsonBody)));
  EXPECT_FALSE(parse("ListKeys", padded(kLargestJsonBody + 1)));
}

TEST(SerialiseJson, WritesAnAnswer) {
  kms::DescribeKeyResponse response;
  response.key_metadata =
      kms::KeyMetadata{.aws_account_id = "123456789012",
                       .key_id = "a/b \"q\" \\ \n \x01 é",
                       .creation_date = Timestamp{1'700'000'000'120'000},
                       .enabled = true,
                       .encryption_algorithms = std::vector<std::string>{"SYMMETRIC_DEFAULT"},
                       .pending_deletion_window_in_days = 7};
  EXPECT_EQ(serialise_json(kms::model().find_operation("DescribeKey")->output, to_value(response)),
            R"({"KeyMetadata":{"AWSAccountId":"123456789012","KeyId":"a/b \"q\" \\ \n \u0001 é",)"
            R"("CreationDate":1700000000.12,"Enabled":true,"EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],)"
            R"("PendingDeletionWindowInDays":7}})");
}

TEST(SerialiseJson, BlobsAreBase64) {
  const kms::EncryptResponse response{.ciphertext_blob = Bytes{0, 255}};
  EXPECT_EQ(serialise_json(kms::model().find_operation("Encrypt")->output, to_value(response)),
            R"({"CiphertextBlob":"AP8="})");
}

TEST(SerialiseJson, NoOutputIsAnEmptyBody) {
  EXPECT_EQ(serialise_json(nullptr, Value(Members{})), "");
  EXPECT_EQ(serialise_json(&input_of("ListKeys"), Value(Members{})), "{}");
}

TEST(SerialiseJson, WhatItWritesItReads) {
  const std::string text =
      R"({"KeyId":"k","Plaintext":"AP8=","EncryptionContext":{"a":"1"},"GrantTokens":["t"]})";
  const auto value = parse("Encrypt", text);
  ASSERT_TRUE(value);
  EXPECT_EQ(serialise_json(&input_of("Encrypt"), *value), text);
}

TEST(JsonError, HasTypeAndMessage) {
  EXPECT_EQ(json_error_body({ErrorKind::kNotFound, "Key 'a\"b' does not exist", "NotFoundException"}),
            R"({"__type":"NotFoundException","message":"Key 'a\"b' does not exist"})");
  EXPECT_EQ(json_error_body({ErrorKind::kRefusedCiphertext, "", "InvalidCiphertextException"}),
            R"({"__type":"InvalidCiphertextException"})");
}

}  // namespace
}  // namespace coffer::wire
