// SPDX-License-Identifier: Apache-2.0
// Is JSON text, and the UTF-8 in it, read and written as the standards say?
#include "wire/json_text.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <limits>

#include "wire/iso8601.h"
#include "wire/utf8.h"

namespace coffer::wire {
namespace {

std::string written(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string written(Timestamp time) {
  std::string out;
  append_json_timestamp(out, time);
  return out;
}

TEST(ReadJson, KeepsTypesOrderAndRepeatedNames) {
  const auto value =
      read_json(R"({"b":1,"a":[null,true,-2.5,"x\u00e9\ud83d\udd11"],"b":18446744073709551615})", 8);
  ASSERT_TRUE(value);
  const auto& members = *value->as<Members>();
  ASSERT_EQ(members.size(), 3u);
  EXPECT_EQ(members[0].first, "b");
  EXPECT_EQ(*members[0].second.as<int64_t>(), 1);
  const auto& list = *members[1].second.as<List>();
  EXPECT_TRUE(list[0].absent());
  EXPECT_EQ(*list[1].as<bool>(), true);
  EXPECT_EQ(*list[2].as<double>(), -2.5);
  EXPECT_EQ(*list[3].as<std::string>(), "xé\xF0\x9F\x94\x91");
  EXPECT_EQ(*members[2].second.as<double>(), 18446744073709551615.0);
}

TEST(ReadJson, WhatIsWrittenIsRead) {
  using namespace std::string_literals;
  const auto text = "\0\x1f\"\\/\b\n\r\t\x7f é \xF0\x9F\x94\x91"s;
  const auto value = read_json(written(text), 1);
  ASSERT_TRUE(value);
  EXPECT_EQ(*value->as<std::string>(), text);
}

TEST(ReadJson, ReadsEachNumberExactly) {
  const auto number = [](std::string_view text) { return read_json(text, 1).value_or(Value()); };
  EXPECT_EQ(*number("-9223372036854775808").as<int64_t>(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(*number("-9223372036854775809").as<double>(), -9223372036854775808.0);
  EXPECT_EQ(*number("123456789012345678901234567890").as<double>(), 123456789012345678901234567890.0);
  // Each of them takes all 53 bits.
  for (const char* text :
       {"1700000000.0509991", "0.1", "8.41e21", "9.5367431640625e-07", "5e-324", "-2.5E+3"})
    EXPECT_EQ(*number(text).as<double>(), std::strtod(text, nullptr)) << text;
}

TEST(ReadJson, RefusesWhatIsNotJson) {
  for (const char* text : {"",     " ",       "{",       "[1,]",        "{\"a\":1,}", "{a:1}",        "01",
                           "1.",   ".5",      "+1",      "1e",          "1e999",      "nul",          "'a'",
                           "\"a",  "\"\t\"",  "\"\\x\"", "\"\\ud800\"", "\"\xFF\"",   "\"\xC0\x80\"", "[1] 2",
                           "{}{}", "// a\n1", "NaN",     "Infinity"})
    EXPECT_FALSE(read_json(text, 8)) << text;
}

TEST(ReadJson, TakesBlanksAndAByteOrderMarkAround) {
  EXPECT_EQ(*read_json(" \t\r\n1\n ", 1)->as<int64_t>(), 1);
  EXPECT_EQ(*read_json("\xEF\xBB\xBF 1", 1)->as<int64_t>(), 1);
}

TEST(ReadJson, GoesAsDeepAsItIsTold) {
  EXPECT_TRUE(read_json("[[[]]]", 3));
  EXPECT_FALSE(read_json("[[[[]]]]", 3));
  EXPECT_FALSE(read_json(std::string(100'000, '['), 64));
}

TEST(WriteJson, KeepsSlashesAndMendsUtf8) {
  EXPECT_EQ(written("a/b"), "\"a/b\"");
  EXPECT_EQ(written("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");  // a surrogate
}

TEST(WriteJson, TimestampsAreSecondsWithAFraction) {
  EXPECT_EQ(written(Timestamp{0}), "0");
  EXPECT_EQ(written(Timestamp{1'700'000'000'000'000}), "1700000000");
  EXPECT_EQ(written(Timestamp{1'700'000'000'050'999}), "1700000000.05");
  EXPECT_EQ(written(Timestamp{-1'500'000}), "-1.5");
}

TEST(Utf8, KnowsWellFormedText) {
  EXPECT_TRUE(is_utf8("aé€\xF0\x9F\x94\x91"));
  for (const char* text :
       {"\x80", "\xC0\x80", "\xC3", "\xE2\x82", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"})
    EXPECT_FALSE(is_utf8(text));
}

TEST(Utf8, CountsUtf16Units) {
  EXPECT_EQ(utf16_length(""), 0u);
  EXPECT_EQ(utf16_length("aé€\xF0\x9F\x94\x91"), 5u);
}

TEST(Iso8601, ReadsTheFormsOfRfc3339) {
  EXPECT_EQ(parse_iso8601("1970-01-01T00:00:00Z")->microseconds, 0);
  EXPECT_EQ(parse_iso8601("2023-11-14T22:13:20.12Z")->microseconds, 1'700'000'000'120'000);
  EXPECT_EQ(parse_iso8601("2023-11-14T23:13:20.1200009+01:00")->microseconds, 1'700'000'000'120'000);
  EXPECT_EQ(parse_iso8601("2023-11-14")->microseconds, 1'699'920'000'000'000);
  EXPECT_EQ(parse_iso8601("2024-02-29T00:00:00Z")->microseconds - parse_iso8601("2024-02-28")->microseconds,
            86'400'000'000);
}

TEST(Iso8601, RefusesOtherText) {
  for (const char* text : {"", "2023", "2023-13-01", "2023-02-29", "2023-11-14T", "2023-11-14T22:13:20",
                           "2023-11-14T24:00:00Z", "2023-11-14T22:13:20.Z", "2023-11-14T22:13:20Zx",
                           "0000-01-01", "2023-11-14T22:13:20+1:00", "20231114T221320Z", "1700000000"})
    EXPECT_FALSE(parse_iso8601(text)) << text;
}

}  // namespace
}  // namespace coffer::wire
