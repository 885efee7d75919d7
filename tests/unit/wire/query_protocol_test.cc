// SPDX-License-Identifier: Apache-2.0
// Is AWS's Query protocol read and written as IAM's and STS's clients expect it?
#include "wire/query_protocol.h"

#include <gtest/gtest.h>

#include "generated/iam/model.h"
#include "generated/sts/model.h"
#include "wire/shape.h"

namespace coffer::wire {
namespace {

Result<Value> parse(std::string_view operation, std::string_view form,
                    const ServiceModel& model = coffer::iam::model()) {
  const auto parameters = parse_form(form);
  EXPECT_TRUE(parameters);
  return parse_query(*model.find_operation(operation)->input, *parameters);
}

TEST(QueryProtocol, ReadsMemberLists) {
  const auto value = parse("CreateUser",
                           "Action=CreateUser&Version=2010-05-08&UserName=a&Tags.member.2.Key=k2"
                           "&Tags.member.2.Value=v%202&Tags.member.1.Key=k1&Tags.member.1.Value=");
  ASSERT_TRUE(value) << value.error().message;
  coffer::iam::CreateUserRequest request;
  from_value(*value, request);
  EXPECT_EQ(request.user_name, "a");
  ASSERT_EQ(request.tags->size(), 2u);
  EXPECT_EQ((*request.tags)[0].key, "k1");
  EXPECT_EQ((*request.tags)[1].value, "v 2");
}

TEST(QueryProtocol, AnEmptyValueIsAnEmptyList) {
  const auto value = parse("CreateUser", "UserName=a&Tags=");
  ASSERT_TRUE(value);
  ASSERT_NE(value->member("Tags"), nullptr);
  EXPECT_TRUE(value->member("Tags")->as<List>()->empty());
}

TEST(QueryProtocol, ReadsNumbersAndBooleans) {
  const auto value =
      parse("AssumeRole", "RoleArn=r&RoleSessionName=s&DurationSeconds=900", coffer::sts::model());
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->member("DurationSeconds")->as<int64_t>(), 900);
  EXPECT_TRUE(*parse("CreatePolicyVersion", "SetAsDefault=true")->member("SetAsDefault")->as<bool>());
}

TEST(QueryProtocol, PassesOverWhatItDoesNotKnow) {
  const auto value = parse("GetUser", "UserName=a&Newer.member.1=x&UserName2=y");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->as<Members>()->size(), 1u);
}

TEST(QueryProtocol, RefusesValuesOfAnotherType) {
  for (const std::string form :
       {"MaxItems=many", "MaxItems.member.1=1", "MaxItems=", "Marker.x=1", "MaxItems=99999999999999999999"})
    EXPECT_EQ(parse("ListUsers", form).error().code, "MalformedInput") << form;
  for (const std::string form :
       {"Tags=x", "Tags.member.x.Key=a", "Tags.member.01.Key=a", "Tags.member.1=a", "Tags.member.-1.Key=a"})
    EXPECT_EQ(parse("CreateUser", form).error().code, "MalformedInput") << form;
}

// No model that is served has a map in it; these shapes stand for those that will.
struct MapShapes {
  Shape text{.name = "Text", .type = ShapeType::kString};
  Shape number{.name = "Number", .type = ShapeType::kInteger};
  Shape map{.name = "Map", .type = ShapeType::kMap, .key = &text, .element = &number};
  Shape flat{.name = "Flat", .type = ShapeType::kList, .element = &text, .flattened = true};
  Member members[2] = {{.name = "Map", .location_name = "Map", .query_name = "Map", .shape = &map},
                       {.name = "Flat", .location_name = "Flat", .query_name = "Flat", .shape = &flat}};
  Shape input{.name = "Input", .type = ShapeType::kStructure, .members = members};
};

TEST(QueryProtocol, ReadsMapsAndFlattenedLists) {
  const MapShapes shapes;
  const auto value = parse_query(
      shapes.input, *parse_form("Map.entry.1.key=a&Map.entry.1.value=1&Map.entry.2.key=b&Map.entry.2.value=2"
                                "&Flat.1=x&Flat.2=y"));
  ASSERT_TRUE(value) << value.error().message;
  EXPECT_EQ(*value->member("Map")->member("b")->as<int64_t>(), 2);
  EXPECT_EQ(*value->member("Flat")->as<List>()->at(1).as<std::string>(), "y");
  for (const std::string form :
       {"Map.entry.1.key=a", "Map.entry.1.value=1", "Map.entry.1.key=a&Map.entry.1.value=x",
        "Map.entry.1.key.x=a&Map.entry.1.value=1"})
    EXPECT_FALSE(parse_query(shapes.input, *parse_form(form))) << form;
}

TEST(QueryProtocol, WrapsAnswersInAResult) {
  coffer::iam::GetUserResponse response;
  response.user = coffer::iam::User{};
  response.user->user_name = "a<b";
  response.user->create_date = Timestamp{1'000'000};
  response.user->tags = std::vector<coffer::iam::Tag>{{"k", "v"}};
  const auto& model = coffer::iam::model();
  EXPECT_EQ(serialise_query_xml(model, *model.find_operation("GetUser"), to_value(response), "r-1"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<GetUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><GetUserResult><User>"
            "<UserName>a&lt;b</UserName><CreateDate>1970-01-01T00:00:01Z</CreateDate>"
            "<Tags><member><Key>k</Key><Value>v</Value></member></Tags></User></GetUserResult>"
            "<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></GetUserResponse>");
  EXPECT_EQ(serialise_query_xml(model, *model.find_operation("DeleteUser"), Value(), "r-2"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<DeleteUserResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ResponseMetadata>"
            "<RequestId>r-2</RequestId></ResponseMetadata></DeleteUserResponse>");
}

TEST(QueryProtocol, ErrorsSayWhoseFaultTheyAre) {
  const Error error{ErrorKind::kNotFound, "no & such", "NoSuchEntity"};
  EXPECT_EQ(query_error_xml(coffer::iam::model(), 404, error, "r"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<ErrorResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><Error><Type>Sender</Type>"
            "<Code>NoSuchEntity</Code><Message>no &amp; such</Message></Error><RequestId>r</RequestId>"
            "</ErrorResponse>");
  EXPECT_NE(query_error_xml(coffer::iam::model(), 500, error, "r").find("<Type>Receiver</Type>"),
            std::string::npos);
}

TEST(QueryProtocol, SecretsAreKnownAsSuch) {
  const auto* credentials =
      coffer::sts::model().find_operation("AssumeRole")->output->find_member("Credentials");
  for (const char* name : {"SecretAccessKey", "SessionToken"})
    EXPECT_TRUE(credentials->shape->find_member(name)->shape->sensitive) << name;
  const auto* key = coffer::iam::model().find_operation("CreateAccessKey")->output->find_member("AccessKey");
  EXPECT_TRUE(key->shape->find_member("SecretAccessKey")->shape->sensitive);
}

}  // namespace
}  // namespace coffer::wire
