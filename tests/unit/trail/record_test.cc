// SPDX-License-Identifier: Apache-2.0
// Is the record what CloudTrail's readers expect, and valid JSON whatever comes in?
#include "trail/record.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace coffer::trail {
namespace {

using nlohmann::json;

Record a_record() {
  Record record;
  record.event_id = "11111111-0000-4000-8000-000000000000";
  record.request_id = "22222222-0000-4000-8000-000000000000";
  record.time = Timestamp{1716633000500000};
  record.event_source = "kms.amazonaws.com";
  record.event_name = "GenerateDataKeyWithoutPlaintext";
  record.region = "us-west-2";
  record.source_ip_address = "ec2.amazonaws.com";
  record.user_agent = "ec2.amazonaws.com";
  record.identity = {.type = "Root",
                     .principal_id = "123456789012",
                     .arn = "arn:aws:iam::123456789012:root",
                     .account_id = "123456789012",
                     .access_key_id = "AKIAEXAMPLE",
                     .user_name = "",
                     .invoked_by = "ec2.amazonaws.com"};
  record.request_parameters =
      R"({"keyId":"k","numberOfBytes":64,"encryptionContext":{"aws:ebs:id":"vol-1"}})";
  record.read_only = true;
  record.resource_arns = {"arn:aws:kms:us-west-2:123456789012:key/k"};
  record.recipient_account_id = "123456789012";
  return record;
}

TEST(Record, HasCloudTrailsMembers) {
  const json parsed = json::parse(to_json(a_record()));
  EXPECT_EQ(parsed["eventVersion"], "1.09");
  EXPECT_EQ(parsed["eventTime"], "2024-05-25T10:30:00Z");
  EXPECT_EQ(parsed["eventSource"], "kms.amazonaws.com");
  EXPECT_EQ(parsed["eventName"], "GenerateDataKeyWithoutPlaintext");
  EXPECT_EQ(parsed["awsRegion"], "us-west-2");
  EXPECT_EQ(parsed["userIdentity"], json({{"type", "Root"},
                                          {"principalId", "123456789012"},
                                          {"arn", "arn:aws:iam::123456789012:root"},
                                          {"accountId", "123456789012"},
                                          {"accessKeyId", "AKIAEXAMPLE"},
                                          {"invokedBy", "ec2.amazonaws.com"}}));
  EXPECT_EQ(parsed["requestParameters"]["encryptionContext"]["aws:ebs:id"], "vol-1");
  EXPECT_TRUE(parsed["responseElements"].is_null());
  EXPECT_EQ(parsed["resources"], json::array({{{"accountId", "123456789012"},
                                               {"type", "AWS::KMS::Key"},
                                               {"ARN", "arn:aws:kms:us-west-2:123456789012:key/k"}}}));
  EXPECT_EQ(parsed["readOnly"], true);
  EXPECT_EQ(parsed["eventType"], "AwsApiCall");
  EXPECT_EQ(parsed["eventCategory"], "Management");
  EXPECT_FALSE(parsed.contains("errorCode"));
}

TEST(Record, NamesTheErrorOfAFailedCall) {
  Record record = a_record();
  record.error_code = "AccessDeniedException";
  record.error_message = "not allowed";
  const json parsed = json::parse(to_json(record));
  EXPECT_EQ(parsed["errorCode"], "AccessDeniedException");
  EXPECT_EQ(parsed["errorMessage"], "not allowed");
}

TEST(Record, TellsWhoseASnapshotIs) {
  Record record = a_record();
  record.resource_arns = {"arn:aws:ec2:us-west-2::snapshot/snap-1"};
  const json parsed = json::parse(to_json(record));
  EXPECT_EQ(parsed["resources"][0], json({{"accountId", "123456789012"},
                                          {"type", "AWS::EC2::Snapshot"},
                                          {"ARN", "arn:aws:ec2:us-west-2::snapshot/snap-1"}}));
}

TEST(Record, IsValidWhateverComesIn) {
  Record record = a_record();
  record.user_agent = "\xff\xfe\"\\\n\x01";
  record.request_parameters = "{not json";
  record.resource_arns = {"nonsense", ""};
  const json parsed = json::parse(to_json(record));
  EXPECT_EQ(parsed["requestParameters"], "{not json");
  EXPECT_EQ(parsed["resources"][0], json({{"ARN", "nonsense"}}));
}

TEST(Record, IsBounded) {
  Record record = a_record();
  record.user_agent = record.error_message = record.error_code = std::string(1 << 20, 'a');
  record.request_parameters = "\"" + std::string(1 << 20, 'b') + "\"";
  record.resource_arns = std::vector<std::string>(1000, "arn:aws:kms:r:a:key/k");
  const std::string text = to_json(record);
  EXPECT_LT(text.size(), 64u << 10);
  EXPECT_EQ(json::parse(text)["requestParameters"]["omitted"], true);
}

}  // namespace
}  // namespace coffer::trail
