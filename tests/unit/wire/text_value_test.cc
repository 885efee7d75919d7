// SPDX-License-Identifier: Apache-2.0
// Do scalars survive as the text of header fields, query parameters and labels, and nothing else?
#include "wire/text_value.h"

#include <gtest/gtest.h>

#include <cmath>

#include "wire/value_json.h"

namespace coffer::wire {
namespace {

std::string read(ShapeType type, std::string_view text, Location location = Location::kQuery) {
  const auto value = read_text({.name = "S", .type = type}, location, text);
  return value ? encode_value(*value) : "none";
}

TEST(ReadText, ReadsEachType) {
  EXPECT_EQ(read(ShapeType::kString, "a b"), encode_value(Value(std::string("a b"))));
  EXPECT_EQ(read(ShapeType::kString, ""), encode_value(Value(std::string())));
  EXPECT_EQ(read(ShapeType::kBoolean, "true"), encode_value(Value(true)));
  EXPECT_EQ(read(ShapeType::kInteger, "-12"), encode_value(Value(int64_t{-12})));
  EXPECT_EQ(read(ShapeType::kLong, "9223372036854775807"), encode_value(Value(INT64_MAX)));
  EXPECT_EQ(read(ShapeType::kDouble, "1.5"), encode_value(Value(1.5)));
  EXPECT_EQ(read(ShapeType::kBlob, "AP8="), encode_value(Value(Bytes{0, 255})));
  const auto time = encode_value(Value(Timestamp{1'700'000'000'000'000}));
  EXPECT_EQ(read(ShapeType::kTimestamp, "2023-11-14T22:13:20Z"), time);
  EXPECT_EQ(read(ShapeType::kTimestamp, "Tue, 14 Nov 2023 22:13:20 GMT", Location::kHeader), time);
}

TEST(ReadText, RefusesWhatIsNotOfTheType) {
  for (const auto& [type, text] : std::initializer_list<std::pair<ShapeType, const char*>>{
           {ShapeType::kString, "\xff"},
           {ShapeType::kBoolean, "1"},
           {ShapeType::kBoolean, "True"},
           {ShapeType::kInteger, ""},
           {ShapeType::kInteger, "1.5"},
           {ShapeType::kInteger, " 1"},
           {ShapeType::kInteger, "+1"},
           {ShapeType::kInteger, "0x10"},
           {ShapeType::kInteger, "2147483648"},
           {ShapeType::kLong, "9223372036854775808"},
           {ShapeType::kDouble, "1e999"},
           {ShapeType::kDouble, "nan"},
           {ShapeType::kBlob, "AP8"},
           {ShapeType::kTimestamp, "Tue, 14 Nov 2023 22:13:20 GMT"},
           {ShapeType::kStructure, "{}"},
           {ShapeType::kList, "a"},
           {ShapeType::kMap, "a"}})
    EXPECT_EQ(read(type, text), "none") << text;
}

TEST(ReadText, LeavesTooLargeIntegersToTheBounds) {
  const Shape bounded{.name = "S", .type = ShapeType::kInteger, .min = 0, .max = 100};
  EXPECT_TRUE(read_text(bounded, Location::kQuery, "99999999999"));
  const Shape from_below{.name = "S", .type = ShapeType::kInteger, .min = 0};
  EXPECT_TRUE(read_text(from_below, Location::kQuery, "-99999999999"));
  EXPECT_FALSE(read_text(from_below, Location::kQuery, "99999999999"));
}

TEST(WriteText, IsReadBack) {
  const auto again = [](ShapeType type, const Value& value, Location location = Location::kHeader) {
    return read(type, write_text(location, value), location) == encode_value(value);
  };
  EXPECT_TRUE(again(ShapeType::kString, Value(std::string("x"))));
  EXPECT_TRUE(again(ShapeType::kBoolean, Value(false)));
  EXPECT_TRUE(again(ShapeType::kInteger, Value(int64_t{524288})));
  EXPECT_TRUE(again(ShapeType::kDouble, Value(0.1)));
  EXPECT_TRUE(again(ShapeType::kDouble, Value(-HUGE_VAL)));
  EXPECT_TRUE(again(ShapeType::kBlob, Value(Bytes{1, 2})));
  EXPECT_TRUE(again(ShapeType::kTimestamp, Value(Timestamp{1'700'000'000'000'000})));
  EXPECT_TRUE(again(ShapeType::kTimestamp, Value(Timestamp{1'700'000'000'123'000}), Location::kQuery));
  EXPECT_EQ(write_text(Location::kHeader, Value(List{})), "");
}

}  // namespace
}  // namespace coffer::wire
