// SPDX-License-Identifier: Apache-2.0
// Does every Value survive being stored, and is its text always the same?
#include "wire/value_json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace coffer::wire {
namespace {

TEST(ValueJson, EveryTypeHasItsTag) {
  EXPECT_EQ(encode_value(Value()), "null");
  EXPECT_EQ(encode_value(Value(true)), R"({"b":true})");
  EXPECT_EQ(encode_value(Value(int64_t{-5})), R"({"i":-5})");
  EXPECT_EQ(encode_value(Value(std::string("a\"é"))), "{\"s\":\"a\\\"é\"}");
  EXPECT_EQ(encode_value(Value(Bytes{0, 255})), R"({"y":"AP8="})");
  EXPECT_EQ(encode_value(Value(Timestamp{7})), R"({"t":7})");
  EXPECT_EQ(encode_value(Value(List{Value(), Value(false)})), R"({"l":[null,{"b":false}]})");
  EXPECT_EQ(encode_value(Value(Members{{"k", Value(int64_t{1})}})), R"({"m":[[{"s":"k"},{"i":1}]]})");
}

TEST(ValueJson, BlobAndStringOfTheSameLettersDiffer) {
  EXPECT_NE(encode_value(Value(std::string("AP8="))), encode_value(Value(Bytes{0, 255})));
}

Value random_value(std::mt19937_64& random, int depth) {
  const auto text = [&] {
    std::string bytes(random() % 12, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    return bytes;
  };
  switch (random() % (depth > 0 ? 9 : 7)) {
    case 0:
      return Value();
    case 1:
      return Value(random() % 2 == 0);
    case 2:
      return Value(static_cast<int64_t>(random()));
    case 3:
      return Value(std::bit_cast<double>(random()));
    case 4:
      return Value(text());
    case 5:
      return Value(to_bytes(text()));
    case 6:
      return Value(Timestamp{static_cast<int64_t>(random())});
    case 7: {
      List list(random() % 4);
      for (auto& element : list) element = random_value(random, depth - 1);
      return Value(std::move(list));
    }
    default: {
      Members members(random() % 4);
      for (auto& [name, value] : members) name = text(), value = random_value(random, depth - 1);
      return Value(std::move(members));
    }
  }
}

TEST(ValueJson, RandomValuesSurvive) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    const auto text = encode_value(random_value(random, 4));
    const auto back = decode_value(text);
    ASSERT_TRUE(back) << text;
    EXPECT_EQ(encode_value(*back), text);
  }
}

TEST(ValueJson, ExtremesSurvive) {
  for (const double number :
       {std::numeric_limits<double>::infinity(), -0.0, std::numeric_limits<double>::denorm_min(),
        std::numeric_limits<double>::max()}) {
    const auto back = decode_value(encode_value(Value(number)));
    ASSERT_TRUE(back);
    EXPECT_EQ(*back->as<double>(), number);
    EXPECT_EQ(std::signbit(*back->as<double>()), std::signbit(number));
  }
  const auto least = decode_value(encode_value(Value(std::numeric_limits<int64_t>::min())));
  ASSERT_TRUE(least);
  EXPECT_EQ(*least->as<int64_t>(), std::numeric_limits<int64_t>::min());
}

TEST(ValueJson, RefusesOtherText) {
  for (const char* text :
       {"", "{", "1", "[]", "\"s\"", "{}", R"({"s":1})", R"({"q":"x"})", R"({"y":"*"})",
        R"({"b":true,"i":1})", R"({"m":[[{"i":1},null]]})", R"({"m":[[null]]})", R"({"i":"1"})"}) {
    const auto value = decode_value(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().kind, ErrorKind::kCorrupt);
  }
}

}  // namespace
}  // namespace coffer::wire
