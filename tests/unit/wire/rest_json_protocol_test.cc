// SPDX-License-Identifier: Apache-2.0
// Does an HTTP request become the input it spells, and an output or error the answer that clients read?
#include "wire/rest_json_protocol.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "generated/ebs/model.h"
#include "wire/redact.h"
#include "wire/validate.h"

namespace coffer::wire {
namespace {

const Operation& operation(std::string_view name) {
  return *ebs::model().find_operation(name);
}

HttpRequest request(std::string method, std::string target,
                    std::vector<std::pair<std::string, std::string>> headers = {},
                    std::string_view body = "") {
  HttpRequest made;
  made.method = std::move(method);
  made.set_target(std::move(target));
  for (auto& [name, value] : headers) made.headers.add(std::move(name), std::move(value));
  made.body = to_bytes(body);
  return made;
}

template <class Input>
Input parsed(std::string_view name, const HttpRequest& http) {
  Input input;
  const auto value = parse_rest_json(operation(name), http);
  EXPECT_TRUE(value) << value.error().message;
  if (value) from_value(*value, input);
  return input;
}

TEST(ParseRestJson, ReadsPathHeadersAndPayload) {
  const auto put = parsed<ebs::PutSnapshotBlockRequest>("PutSnapshotBlock",
                                                        request("PUT", "/snapshots/snap-12/blocks/7",
                                                                {{"X-AMZ-data-length", "3"},
                                                                 {"x-amz-Checksum", "abc="},
                                                                 {"x-amz-Checksum-Algorithm", "SHA256"},
                                                                 {"x-amz-Other", "1"}},
                                                                std::string_view("\0{\xff", 3)));
  EXPECT_EQ(put.snapshot_id, "snap-12");
  EXPECT_EQ(put.block_index, 7);
  EXPECT_EQ(put.block_data, (Bytes{0, '{', 0xff}));
  EXPECT_EQ(put.data_length, 3);
  EXPECT_EQ(put.checksum, "abc=");
  EXPECT_EQ(put.checksum_algorithm, "SHA256");
  EXPECT_EQ(put.progress, std::nullopt);
}

TEST(ParseRestJson, ReadsTheQueryString) {
  const auto list = parsed<ebs::ListChangedBlocksRequest>(
      "ListChangedBlocks",
      request("GET",
              "/snapshots/snap-2/changedblocks?firstSnapshotId=snap-1&maxResults=100&pageToken=a%2B%2F%3D"
              "&maxResults=200&unknown=1&X-Amz-Date=now"));
  EXPECT_EQ(list.first_snapshot_id, "snap-1");
  EXPECT_EQ(list.second_snapshot_id, "snap-2");
  EXPECT_EQ(list.max_results, 100);
  EXPECT_EQ(list.next_token, "a+/=");
  EXPECT_EQ(list.starting_block_index, std::nullopt);
}

TEST(ParseRestJson, ReadsTheBodysDocument) {
  const auto start = parsed<ebs::StartSnapshotRequest>(
      "StartSnapshot", request("POST", "/snapshots", {},
                               R"({"VolumeSize":8,"Tags":[{"Key":"a","Value":"b"}],)"
                               R"("Encrypted":true,"Future":1,"Timeout":null})"));
  EXPECT_EQ(start.volume_size, 8);
  EXPECT_EQ(start.tags->at(0).value, "b");
  EXPECT_EQ(start.encrypted, true);
  EXPECT_EQ(start.timeout, std::nullopt);
}

// A member that stands elsewhere cannot be slipped in by the body, nor the other way round.
TEST(ParseRestJson, EachMemberHasOnePlace) {
  const auto get =
      parse_rest_json(operation("GetSnapshotBlock"),
                      request("GET", "/snapshots/snap-1/blocks/7?snapshotId=snap-2&BlockToken=x",
                              {{"BlockIndex", "8"}}, R"({"SnapshotId":"snap-3","blockToken":"y"})"));
  ASSERT_TRUE(get);
  EXPECT_EQ(*get->member("SnapshotId")->as<std::string>(), "snap-1");
  EXPECT_EQ(*get->member("BlockIndex")->as<int64_t>(), 7);
  EXPECT_EQ(get->member("BlockToken"), nullptr);
  EXPECT_EQ(
      validate(*operation("GetSnapshotBlock").input, *get).error().message,
      "1 validation error detected: Value null at 'blockToken' failed to satisfy constraint: Member must "
      "not be null");
}

TEST(ParseRestJson, AnEmptyBodyIsNoDocumentButAPayload) {
  const auto start = parse_rest_json(operation("StartSnapshot"), request("POST", "/snapshots"));
  ASSERT_TRUE(start);
  EXPECT_TRUE(start->as<Members>()->empty());
  const auto put =
      parse_rest_json(operation("PutSnapshotBlock"), request("PUT", "/snapshots/snap-1/blocks/0"));
  ASSERT_TRUE(put);
  EXPECT_EQ(*put->member("BlockData")->as<Bytes>(), Bytes());
}

TEST(ParseRestJson, RefusesWhatIsNotOfItsType) {
  const auto refused = [](const Operation& named, const HttpRequest& http) {
    const auto value = parse_rest_json(named, http);
    EXPECT_FALSE(value);
    return value ? "" : value.error().code + ": " + value.error().message;
  };
  EXPECT_EQ(
      refused(operation("GetSnapshotBlock"), request("GET", "/snapshots/snap-1/blocks/seven?blockToken=x")),
      "SerializationException: STRING_VALUE can not be converted to an Integer");
  EXPECT_EQ(refused(operation("CompleteSnapshot"),
                    request("POST", "/snapshots/completion/snap-1", {{"x-amz-ChangedBlocksCount", "many"}})),
            "SerializationException: STRING_VALUE can not be converted to an Integer");
  EXPECT_EQ(refused(operation("StartSnapshot"), request("POST", "/snapshots", {}, "{")),
            "SerializationException: ");
  EXPECT_EQ(refused(operation("StartSnapshot"), request("POST", "/snapshots", {}, R"({"VolumeSize":"x"})")),
            "SerializationException: STRING_VALUE can not be converted to a Long");
  EXPECT_EQ(refused(operation("StartSnapshot"), request("POST", "/other")), "SerializationException: ");
}

// Of another service's kind: lists and maps in the query string, a document as payload, a status.
constinit const Shape kText{.name = "Text", .type = ShapeType::kString};
constinit const Shape kNumber{.name = "Number", .type = ShapeType::kInteger};
constinit const Shape kTexts{.name = "Texts", .type = ShapeType::kList, .element = &kText};
constinit const Shape kRest{.name = "Rest", .type = ShapeType::kMap, .key = &kText, .element = &kText};
constinit const Member kDocumentMembers[] = {{.name = "A", .location_name = "a", .shape = &kText}};
constinit const Shape kDocument{.name = "Document", .members = kDocumentMembers};
constinit const Member kInputMembers[] = {
    {.name = "Keys", .location_name = "key", .shape = &kTexts, .location = Location::kQuery},
    {.name = "Rest", .location_name = "Rest", .shape = &kRest, .location = Location::kQuery},
    {.name = "Document", .location_name = "Document", .shape = &kDocument}};
constinit const Shape kInput{.name = "Input", .members = kInputMembers, .payload = "Document"};
constinit const Member kOutputMembers[] = {
    {.name = "Status", .location_name = "Status", .shape = &kNumber, .location = Location::kStatusCode},
    {.name = "Document", .location_name = "Document", .shape = &kDocument}};
constinit const Shape kOutput{.name = "Output", .members = kOutputMembers, .payload = "Document"};
constinit const Operation kOther{
    .name = "Other", .input = &kInput, .output = &kOutput, .http = {.method = "POST", .uri = "/other"}};

TEST(ParseRestJson, ReadsListsMapsAndDocumentsAsPayload) {
  const auto value =
      parse_rest_json(kOther, request("POST", "/other?key=1&x=y&key=2&x=z", {}, R"({"a":"b","Keys":"no"})"));
  ASSERT_TRUE(value);
  const auto* keys = value->member("Keys")->as<List>();
  ASSERT_EQ(keys->size(), 2u);
  EXPECT_EQ(*keys->at(1).as<std::string>(), "2");
  const auto* rest = value->member("Rest");
  EXPECT_EQ(rest->as<Members>()->size(), 1u);
  EXPECT_EQ(*rest->member("x")->as<std::string>(), "y");
  EXPECT_EQ(*value->member("Document")->member("A")->as<std::string>(), "b");
  EXPECT_TRUE(parse_rest_json(kOther, request("POST", "/other"))->as<Members>()->empty());
}

TEST(SerialiseRestJson, WritesADocumentAsPayloadAndAStatus) {
  const auto answer = serialise_rest_json(
      kOther, Value(Members{{"Status", Value(int64_t{209})},
                            {"Document", Value(Members{{"A", Value(std::string("b"))}})}}));
  EXPECT_EQ(answer.status, 209);
  EXPECT_EQ(answer.body, R"({"a":"b"})");
  EXPECT_EQ(answer.headers.value_or("content-type", ""), "application/json");
}

TEST(SerialiseRestJson, WritesAPayloadAndHeaders) {
  const auto answer = serialise_rest_json(
      operation("GetSnapshotBlock"), to_value(ebs::GetSnapshotBlockResponse{.data_length = 2,
                                                                            .block_data = Bytes{0, 255},
                                                                            .checksum = "abc=",
                                                                            .checksum_algorithm = "SHA256"}));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.value_or("x-amz-Data-Length", ""), "2");
  EXPECT_EQ(answer.headers.value_or("x-amz-Checksum", ""), "abc=");
  EXPECT_EQ(answer.headers.value_or("content-type", ""), "application/octet-stream");
  EXPECT_EQ(answer.body, std::string("\0\xff", 2));
}

TEST(SerialiseRestJson, WritesADocument) {
  const auto answer = serialise_rest_json(
      operation("ListSnapshotBlocks"),
      to_value(ebs::ListSnapshotBlocksResponse{.blocks = {{ebs::Block{.block_index = 3, .block_token = "t"}}},
                                               .expiry_time = Timestamp{1'700'000'000'500'000},
                                               .volume_size = 8}));
  EXPECT_EQ(answer.body,
            R"({"Blocks":[{"BlockIndex":3,"BlockToken":"t"}],"ExpiryTime":1700000000.5,"VolumeSize":8})");
  EXPECT_EQ(answer.headers.value_or("content-type", ""), "application/json");
  const auto put = serialise_rest_json(operation("PutSnapshotBlock"),
                                       to_value(ebs::PutSnapshotBlockResponse{.checksum = "abc="}));
  EXPECT_EQ(put.status, 201);
  EXPECT_EQ(put.body, "{}");
  EXPECT_EQ(put.headers.value_or("x-amz-checksum", ""), "abc=");
}

TEST(RestJsonError, HasTheModelledMembers) {
  Error error{ErrorKind::kInvalidArgument, "no \"such\" token", "ValidationException"};
  error.members = {{"Reason", "INVALID_BLOCK_TOKEN"}, {"Secret", "x"}};
  EXPECT_EQ(rest_json_error_body(ebs::model(), error),
            R"({"Message":"no \"such\" token","Reason":"INVALID_BLOCK_TOKEN"})");
  error.code = "ConflictException";
  EXPECT_EQ(rest_json_error_body(ebs::model(), error), R"({"Message":"no \"such\" token"})");
  error.code = "UnknownOperationException";
  EXPECT_EQ(rest_json_error_body(ebs::model(), error), R"({"message":"no \"such\" token"})");
  error.message.clear();
  EXPECT_EQ(rest_json_error_body(ebs::model(), error), "{}");
}

TEST(RestJson, ARecordHoldsNoBlock) {
  ebs::PutSnapshotBlockRequest put;
  put.snapshot_id = "snap-1";
  put.block_data = to_bytes("plaintext");
  const auto shown = redacted_json(operation("PutSnapshotBlock").input, to_value(put));
  EXPECT_NE(shown.find("snap-1"), std::string::npos);  // the positive control
  EXPECT_EQ(shown.find("plaintext"), std::string::npos);
  EXPECT_EQ(shown.find(base64(as_bytes("plaintext"))), std::string::npos);
}

}  // namespace
}  // namespace coffer::wire
