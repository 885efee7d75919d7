// SPDX-License-Identifier: Apache-2.0
// Does a record show what CloudTrail shows, and nothing secret?
#include "wire/redact.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "base/encoding.h"
#include "generated/ec2/model.h"
#include "generated/kms/model.h"

namespace coffer::wire {
namespace {

TEST(Redact, ShowsARequestInCamelCase) {
  const kms::GenerateDataKeyRequest request{.key_id = "alias/k",
                                            .encryption_context = {{{"aws:ebs:id", "vol-1"}}},
                                            .number_of_bytes = 64,
                                            .dry_run = false};
  EXPECT_EQ(
      redacted_json(kms::model().find_operation("GenerateDataKey")->input, to_value(request)),
      R"({"keyId":"alias/k","encryptionContext":{"aws:ebs:id":"vol-1"},"numberOfBytes":64,"dryRun":false})");
}

TEST(Redact, ShowsTimesAndLists) {
  const ec2::DescribeVolumesResult result{
      .volumes = {{ec2::Volume{.create_time = Timestamp{1'700'000'000'000'000}, .volume_id = "vol-1"}}}};
  EXPECT_EQ(redacted_json(ec2::model().find_operation("DescribeVolumes")->output, to_value(result)),
            R"({"volumes":[{"createTime":"2023-11-14T22:13:20Z","volumeId":"vol-1"}]})");
}

TEST(Redact, LeavesBlobsOut) {
  const std::string secret = "a secret of the customer";
  const kms::EncryptRequest request{.key_id = "k", .plaintext = to_bytes(secret)};
  const auto json = redacted_json(kms::model().find_operation("Encrypt")->input, to_value(request));
  EXPECT_THAT(json, testing::HasSubstr("\"keyId\":\"k\""));  // the positive control
  EXPECT_THAT(json, testing::Not(testing::HasSubstr("plaintext")));
  EXPECT_THAT(json, testing::Not(testing::HasSubstr(secret)));
  EXPECT_THAT(json, testing::Not(testing::HasSubstr(base64(as_bytes(secret)))));
}

TEST(Redact, HidesOtherSensitiveMembers) {
  const Shape text{.name = "Text", .type = ShapeType::kString};
  const Shape password{.name = "Password", .type = ShapeType::kString, .sensitive = true};
  const Shape passwords{.name = "Passwords", .type = ShapeType::kList, .element = &password};
  const Member members[] = {{.name = "User", .shape = &text},
                            {.name = "Password", .shape = &password},
                            {.name = "Old", .shape = &passwords}};
  const Shape shape{.name = "Login", .members = members};
  const Value value(Members{{"User", Value(std::string("me"))},
                            {"Password", Value(std::string("hunter2"))},
                            {"Old", Value(List{Value(std::string("hunter1"))})}});
  EXPECT_EQ(
      redacted_json(&shape, value),
      R"({"user":"me","password":"HIDDEN_DUE_TO_SECURITY_REASONS","old":["HIDDEN_DUE_TO_SECURITY_REASONS"]})");
}

TEST(Redact, HidesSignedUrls) {
  ec2::CopySnapshotRequest request;
  request.source_region = "us-east-1";
  request.presigned_url = "https://ec2.us-east-1.amazonaws.com/?X-Amz-Signature=abc";
  EXPECT_EQ(
      redacted_json(ec2::model().find_operation("CopySnapshot")->input, to_value(request)),
      R"({"presignedUrl":"HIDDEN_DUE_TO_SECURITY_REASONS","sourceRegion":"us-east-1","sourceSnapshotId":""})");
}

TEST(Redact, NothingIsNull) {
  EXPECT_EQ(redacted_json(nullptr, Value(Members{})), "null");
  EXPECT_EQ(redacted_json(kms::model().find_operation("ListKeys")->input, Value()), "null");
}

// The trail takes its text as it is.
TEST(Redact, IsJsonWhateverTheValuesAre) {
  std::mt19937 random(20261122);
  const auto text = [&] {
    std::string made(random() % 40, ' ');
    for (char& c : made) c = static_cast<char>(random());
    return made;
  };
  const auto* shape = kms::model().find_operation("Encrypt")->input;
  for (int i = 0; i < 3000; ++i) {
    kms::EncryptRequest request{.key_id = text()};
    request.encryption_context.emplace();
    request.encryption_context->emplace(text(), text());
    request.encryption_context->emplace(text(), "plain");
    request.grant_tokens = {{text()}};
    const auto json = redacted_json(shape, to_value(request));
    ASSERT_TRUE(nlohmann::json::accept(json)) << json;
  }
  const auto* numbers = kms::model().find_operation("ImportKeyMaterial")->input;
  for (const int64_t time : {INT64_MIN, int64_t{-1}, int64_t{0}, INT64_MAX}) {
    kms::ImportKeyMaterialRequest request;
    request.valid_to = Timestamp{time};
    ASSERT_TRUE(nlohmann::json::accept(redacted_json(numbers, to_value(request)))) << time;
  }
  const Shape number{.name = "Number", .type = ShapeType::kDouble};
  for (const double value : {0.0, -0.0, 1e300, -1e-300, 5e-324, 0.1, std::nan(""), HUGE_VAL, -HUGE_VAL})
    EXPECT_TRUE(nlohmann::json::accept(redacted_json(&number, Value(value)))) << value;
}

TEST(Redact, OmitsWhatIsTooLarge) {
  const kms::CreateKeyRequest request{.description = std::string(5000, 'x')};
  const auto* shape = kms::model().find_operation("CreateKey")->input;
  EXPECT_GT(redacted_json(shape, to_value(request)).size(), 5000u);
  const auto json = redacted_json(shape, to_value(request), 1000);
  EXPECT_THAT(json, testing::StartsWith(R"({"omitted":true,"originalSize":5)"));
}

}  // namespace
}  // namespace coffer::wire
