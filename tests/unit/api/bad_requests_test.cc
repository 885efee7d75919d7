// SPDX-License-Identifier: Apache-2.0
// Does each kind of bad request get AWS's error, in the protocol of the service it was meant for?
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

class BadRequests : public ApiFixture {};

TEST_F(BadRequests, NoSignature) {
  const auto kms = pipeline_->serve(kms_request("ListKeys", "{}"));
  EXPECT_EQ(kms.status, 400);
  EXPECT_EQ(json_code(kms), "MissingAuthenticationTokenException");
  const auto ec2 = pipeline_->serve(ec2_request("DescribeVolumes"));
  EXPECT_EQ(ec2.status, 400);
  EXPECT_EQ(xml_text(ec2, "Code"), "MissingParameter");
  EXPECT_TRUE(trail().empty());
}

TEST_F(BadRequests, WrongSignature) {
  auto kms = kms_request("ListKeys", "{}");
  sign(kms, "kms");
  kms.body = to_bytes(R"({"Limit":1})");
  EXPECT_EQ(json_code(pipeline_->serve(std::move(kms))), "InvalidSignatureException");
  auto ec2 = ec2_request("DescribeVolumes");
  sign(ec2, "ec2");
  ec2.body = to_bytes("Action=DescribeInstances&Version=2016-11-15");
  const auto response = pipeline_->serve(std::move(ec2));
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(xml_text(response, "Code"), "AuthFailure");
}

TEST_F(BadRequests, UnknownAccessKey) {
  auto stranger = make_account(*installation_, "333333333333");  // stored nowhere
  ASSERT_TRUE(stranger);
  auto kms = kms_request("ListKeys", "{}");
  sign(kms, "kms", "us-west-2", &*stranger);
  EXPECT_EQ(json_code(pipeline_->serve(std::move(kms))), "UnrecognizedClientException");
}

TEST_F(BadRequests, SkewedClock) {
  for (const int64_t skew : {-3600, 3600}) {
    auto kms = kms_request("ListKeys", "{}");
    sign(kms, "kms", "us-west-2", nullptr, skew);
    EXPECT_EQ(json_code(pipeline_->serve(std::move(kms))), "InvalidSignatureException");
  }
  auto ec2 = ec2_request("DescribeVolumes");
  sign(ec2, "ec2", "us-west-2", nullptr, -3600);
  EXPECT_EQ(xml_text(pipeline_->serve(std::move(ec2)), "Code"), "RequestExpired");
}

TEST_F(BadRequests, ARegionThatIsNotInstalledIsNamed) {
  auto kms = kms_request("ListKeys", "{}");
  sign(kms, "kms", "eu-west-1");
  const auto response = pipeline_->serve(std::move(kms));
  EXPECT_EQ(json_code(response), "InvalidSignatureException");
  EXPECT_NE(response.body.find("Credential should be scoped to a valid region"), std::string::npos);
  auto ec2 = ec2_request("DescribeVolumes");
  sign(ec2, "ec2", "eu-west-1");
  const auto xml = pipeline_->serve(std::move(ec2));
  EXPECT_EQ(xml_text(xml, "Code"), "AuthFailure");
  for (const auto& body : {response.body, xml.body}) {
    EXPECT_NE(body.find("eu-west-1"), std::string::npos) << body;
    EXPECT_NE(body.find("us-west-2, us-east-1"), std::string::npos) << body;
  }
}

TEST_F(BadRequests, ASignatureForAnotherService) {
  auto kms = kms_request("ListKeys", "{}");
  sign(kms, "ec2");
  const auto response = pipeline_->serve(std::move(kms));
  EXPECT_EQ(json_code(response), "InvalidSignatureException");
  EXPECT_NE(response.body.find("Credential should be scoped to correct service: 'kms'"), std::string::npos);
}

TEST_F(BadRequests, AServiceThatIsNotServed) {
  auto request = post("application/x-www-form-urlencoded", "Action=ListTopics&Version=2010-03-31");
  sign(request, "sns", "us-east-1");
  const auto response = pipeline_->serve(std::move(request));
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(xml_text(response, "Code"), "InvalidAction");
  auto json = post("application/x-amz-json-1.0", "{}");
  json.headers.add("X-Amz-Target", "DynamoDB_20120810.ListTables");
  EXPECT_EQ(json_code(pipeline_->serve(std::move(json))), "UnknownOperationException");
}

TEST_F(BadRequests, UnknownOperation) {
  const auto kms = serve_kms("MakeCoffee", "{}");
  EXPECT_EQ(kms.status, 400);
  EXPECT_EQ(json_code(kms), "UnknownOperationException");
  const auto ec2 = serve_ec2("MakeCoffee");
  EXPECT_EQ(ec2.status, 400);
  EXPECT_EQ(xml_text(ec2, "Code"), "InvalidAction");
  EXPECT_EQ(xml_text(ec2, "Message"), "The action MakeCoffee is not valid for this web service.");
}

TEST_F(BadRequests, MalformedBodies) {
  EXPECT_EQ(json_code(serve_kms("CreateKey", "{\"Description\":")), "SerializationException");
  EXPECT_EQ(json_code(serve_kms("CreateKey", R"({"Description":7})")), "SerializationException");
  const auto ec2 = serve_ec2("DescribeVolumes", "&MaxResults=many");
  EXPECT_EQ(xml_text(ec2, "Code"), "InvalidParameterValue");
  EXPECT_EQ(xml_text(serve_ec2("DescribeVolumes", "&VolumeId.1=%ZZ"), "Code"), "MalformedQueryString");
}

TEST_F(BadRequests, UnknownMembersAreRefusedByEc2Alone) {
  EXPECT_EQ(serve_kms("ListKeys", R"({"Newer":true})").status, 200);
  const auto ec2 = serve_ec2("DescribeVolumes", "&Newer=true");
  EXPECT_EQ(ec2.status, 400);
  EXPECT_EQ(xml_text(ec2, "Code"), "UnknownParameter");
}

TEST_F(BadRequests, MissingRequiredMembers) {
  const auto kms = serve_kms("Encrypt", "{}");
  EXPECT_EQ(json_code(kms), "ValidationException");
  EXPECT_NE(kms.body.find("2 validation errors detected"), std::string::npos) << kms.body;
  const auto ec2 = serve_ec2("AttachVolume", "&VolumeId=vol-0123456789abcdef0");
  EXPECT_EQ(xml_text(ec2, "Code"), "MissingParameter");
}

TEST_F(BadRequests, WhatHttpRefusesIsAnsweredInTheServicesProtocol) {
  const auto kms = pipeline_->refuse_http(413, "too large", kms_request("Encrypt", ""));
  EXPECT_EQ(kms.status, 413);
  EXPECT_EQ(json_code(kms), "RequestEntityTooLargeException");
  const auto ec2 = pipeline_->refuse_http(413, "too large", ec2_request("DescribeVolumes"));
  EXPECT_EQ(xml_text(ec2, "Code"), "RequestEntityTooLarge");
  EXPECT_EQ(pipeline_->refuse_http(400, "bad", {}).status, 400);
}

}  // namespace
}  // namespace coffer::api
