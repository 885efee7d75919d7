// SPDX-License-Identifier: Apache-2.0
// Does a form become the request it spells, and is any other form refused with EC2's error?
#include "wire/ec2_query_protocol.h"

#include <gtest/gtest.h>

#include "generated/ec2/model.h"

namespace coffer::wire {
namespace {

Result<Value> parse(std::string_view operation, std::string_view form) {
  auto parameters = parse_form(form);
  if (!parameters) return tl::unexpected(parameters.error());
  return parse_ec2_query(*ec2::model().find_operation(operation)->input, *parameters);
}

TEST(ParseForm, DecodesNamesAndValues) {
  const auto parameters = parse_form("Action=A&Name+1=a%20b+c%26&Empty=&Bare&&Last=x%3Dy");
  ASSERT_TRUE(parameters);
  const FormParameters expected = {
      {"Action", "A"}, {"Name 1", "a b c&"}, {"Empty", ""}, {"Bare", ""}, {"Last", "x=y"}};
  EXPECT_EQ(*parameters, expected);
  EXPECT_EQ(*find_parameter(*parameters, "Action"), "A");
  EXPECT_EQ(find_parameter(*parameters, "action"), nullptr);
}

TEST(ParseForm, RefusesWhatIsMalformed) {
  for (const char* form : {"A=%", "A=%4", "A=%zz", "%=1", "=1", "A=%FF", "A=%C0%80"}) {
    const auto parameters = parse_form(form);
    ASSERT_FALSE(parameters) << form;
    EXPECT_EQ(parameters.error().code, "MalformedQueryString") << form;
  }
}

TEST(ParseForm, BoundsTheNumberOfParameters) {
  std::string form;
  for (size_t at = 0; at < kMostFormParameters; ++at) form += "a=1&";
  EXPECT_TRUE(parse_form(form));
  EXPECT_FALSE(parse_form(form + "a=1"));
}

TEST(ParseEc2Query, ReadsARequest) {
  const auto value =
      parse("CreateVolume",
            "Action=CreateVolume&Version=2016-11-15&AvailabilityZone=us-west-2a&Size=8&Encrypted=true&"
            "ClientToken=t&TagSpecification.1.ResourceType=volume&TagSpecification.1.Tag.1.Key=Name&"
            "TagSpecification.1.Tag.1.Value=a%20b&TagSpecification.1.Tag.2.Key=k&VolumeType=gp3");
  ASSERT_TRUE(value) << value.error().message;
  ec2::CreateVolumeRequest request;
  from_value(*value, request);
  EXPECT_EQ(request.availability_zone, "us-west-2a");
  EXPECT_EQ(request.size, 8);
  EXPECT_EQ(request.encrypted, true);
  EXPECT_EQ(request.client_token, "t");
  EXPECT_EQ(request.iops, std::nullopt);
  ASSERT_TRUE(request.tag_specifications);
  ASSERT_EQ(request.tag_specifications->size(), 1u);
  const auto& tags = *request.tag_specifications->front().tags;
  ASSERT_EQ(tags.size(), 2u);
  EXPECT_EQ(tags[0].value, "a b");
  EXPECT_EQ(tags[1].value, std::nullopt);
}

TEST(ParseEc2Query, ListsAreInOrderOfTheirIndices) {
  const auto value = parse("DescribeVolumes",
                           "VolumeId.10=vol-10&VolumeId.9=vol-9&VolumeId.2=vol-2&Filter.7.Name=status&"
                           "Filter.7.Value.3=in-use&Filter.7.Value.1=available");
  ASSERT_TRUE(value) << value.error().message;
  ec2::DescribeVolumesRequest request;
  from_value(*value, request);
  EXPECT_EQ(request.volume_ids, (std::vector<std::string>{"vol-2", "vol-9", "vol-10"}));
  ASSERT_EQ(request.filters->size(), 1u);
  EXPECT_EQ(request.filters->front().values, (std::vector<std::string>{"available", "in-use"}));
}

TEST(ParseEc2Query, PassesOverTheParametersOfTheCall) {
  EXPECT_TRUE(
      parse("DescribeVolumes",
            "Action=DescribeVolumes&Version=2016-11-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=0&"
            "AWSAccessKeyId=A&Signature=S&SignatureVersion=2&SignatureMethod=HmacSHA256&Timestamp=T"));
}

TEST(ParseEc2Query, ReadsBooleansAsXmlSchemaDoes) {
  for (const auto& [text, expected] :
       {std::pair{"true", true}, {"1", true}, {"false", false}, {"0", false}}) {
    const auto value = parse("DescribeVolumes", std::string("DryRun=") + text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(*value->member("DryRun")->as<bool>(), expected) << text;
  }
}

struct Ec2Refusal {
  const char* operation;
  const char* form;
  const char* code;
  const char* message;
};

class Ec2Refused : public testing::TestWithParam<Ec2Refusal> {};

TEST_P(Ec2Refused, WithEc2sError) {
  const auto value = parse(GetParam().operation, GetParam().form);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, GetParam().code);
  EXPECT_EQ(value.error().message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Ec2, Ec2Refused,
    testing::Values(Ec2Refusal{"DescribeVolumes", "Colour=red", "UnknownParameter",
                               "The parameter Colour is not recognized"},
                    Ec2Refusal{"DescribeVolumes", "volumeId.1=v", "UnknownParameter",
                               "The parameter volumeId is not recognized"},
                    Ec2Refusal{"DescribeVolumes", "Filter.1.Nom=v", "UnknownParameter",
                               "The parameter Nom is not recognized"},
                    Ec2Refusal{"DescribeVolumes", "VolumeId.x=v", "UnknownParameter",
                               "The parameter VolumeId.x is not recognized"},
                    Ec2Refusal{"DescribeVolumes", "VolumeId.01=v", "UnknownParameter",
                               "The parameter VolumeId.01 is not recognized"},
                    Ec2Refusal{"DescribeVolumes", "VolumeId.-1=v", "UnknownParameter",
                               "The parameter VolumeId.-1 is not recognized"},
                    Ec2Refusal{"DescribeVolumes", "MaxResults.1=5", "UnknownParameter",
                               "The parameter MaxResults.1 is not recognized"},
                    Ec2Refusal{"DescribeVolumes", "VolumeId=v", "InvalidParameterValue",
                               "Value (v) for parameter volumeId is invalid. Expecting a list."},
                    Ec2Refusal{"CreateVolume", "AvailabilityZone=a&Size=abc", "InvalidParameterValue",
                               "Value (abc) for parameter size is invalid. Expecting an integer."},
                    Ec2Refusal{"CreateVolume", "AvailabilityZone=a&Size=", "InvalidParameterValue",
                               "Value () for parameter size is invalid. Expecting an integer."},
                    Ec2Refusal{"CreateVolume", "AvailabilityZone=a&Size=4294967297", "InvalidParameterValue",
                               "Value (4294967297) for parameter size is invalid. Expecting an integer."},
                    Ec2Refusal{"CreateVolume", "AvailabilityZone=a&Encrypted=maybe", "InvalidParameterValue",
                               "Value (maybe) for parameter encrypted is invalid. Expecting true or false."},
                    Ec2Refusal{"CreateVolume", "AvailabilityZone=a&VolumeType=gp9", "InvalidParameterValue",
                               "Value (gp9) for parameter volumeType is invalid. Expecting one of: standard, "
                               "io1, io2, gp2, sc1, st1, "
                               "gp3."},
                    Ec2Refusal{"CreateVolume", "AvailabilityZone=a&AvailabilityZone=b",
                               "InvalidParameterCombination",
                               "The parameter AvailabilityZone may only be specified once"},
                    Ec2Refusal{"CreateVolume", "Size=8", "MissingParameter",
                               "The request must contain the parameter AvailabilityZone"},
                    Ec2Refusal{"AttachVolume", "Device=/dev/sdf&VolumeId=v", "MissingParameter",
                               "The request must contain the parameter InstanceId"}));

TEST(ParseEc2Query, BoundsDepth) {
  std::string name = "Filter";
  for (int depth = 0; depth < 100'000; ++depth) name += ".1";
  const auto value = parse("DescribeVolumes", name + "=x");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, "UnknownParameter");
  EXPECT_LT(value.error().message.size(), 200u);
}

TEST(SerialiseEc2Xml, WritesAnAnswer) {
  const ec2::Volume volume{
      .attachments = std::vector<ec2::VolumeAttachment>{},
      .create_time = Timestamp{1'700'000'000'120'000},
      .encrypted = true,
      .size = 8,
      .state = "creating",
      .volume_id = "vol-1",
      .tags = {{ec2::Tag{.key = "a<b&c>\"d\"", .value = "\x01 \r\n"}, ec2::Tag{.key = "k", .value = ""}}}};
  EXPECT_EQ(
      serialise_ec2_xml(ec2::model(), *ec2::model().find_operation("CreateVolume"), to_value(volume), "r-1"),
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<CreateVolumeResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r-1</requestId>"
      "<attachmentSet/><createTime>2023-11-14T22:13:20.120Z</createTime><encrypted>true</encrypted>"
      "<size>8</size><status>creating</status><volumeId>vol-1</volumeId>"
      "<tagSet><item><key>a&lt;b&amp;c&gt;&quot;d&quot;</key><value>\xEF\xBF\xBD &#xD;\n</value></item>"
      "<item><key>k</key><value></value></item></tagSet></CreateVolumeResponse>");
}

TEST(SerialiseEc2Xml, WritesMalformedUtf8AsReplacementCharacters) {
  const ec2::Volume volume{.volume_id = "a\xFF\xC0\x80z\xEF\xBF\xBF"};
  const auto xml =
      serialise_ec2_xml(ec2::model(), *ec2::model().find_operation("CreateVolume"), to_value(volume), "r");
  const std::string replacement = "\xEF\xBF\xBD";
  EXPECT_NE(
      xml.find("<volumeId>a" + replacement + replacement + replacement + "z" + replacement + "</volumeId>"),
      std::string::npos)
      << xml;
}

TEST(SerialiseEc2Xml, OperationWithoutOutputReturnsTrue) {
  const auto xml = serialise_ec2_xml(ec2::model(), *ec2::model().find_operation("DeleteVolume"),
                                     to_value(ec2::DeleteVolumeResponse{}), "r-1");
  EXPECT_NE(xml.find("<requestId>r-1</requestId><return>true</return></DeleteVolumeResponse>"),
            std::string::npos);
}

TEST(Ec2Error, HasCodeMessageAndRequestId) {
  EXPECT_EQ(
      ec2_error_xml({ErrorKind::kNotFound, "The volume 'vol-<1>' does not exist.", "InvalidVolume.NotFound"},
                    "r-1"),
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<Response><Errors><Error><Code>InvalidVolume.NotFound</Code>"
      "<Message>The volume 'vol-&lt;1&gt;' does not exist.</Message></Error></Errors>"
      "<RequestID>r-1</RequestID></Response>");
}

}  // namespace
}  // namespace coffer::wire
