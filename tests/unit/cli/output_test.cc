// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cli/document.h"

namespace coffer::cli {
namespace {

// Clears the line, goes up, and writes a verdict of its own.
constexpr const char* kForged =
    "x\x1b[2K\x1b[1A\r\nMAY do\x7f\xc2\x9b"
    "2K";
constexpr const char* kShown = "x\\u001b[2K\\u001b[1A\\u000d\\u000aMAY do\\u007f\\u009b2K";

TEST(Printable, IsOnlyShownByATerminal) {
  EXPECT_EQ(printable(kForged), kShown);
  EXPECT_EQ(printable(std::string("\0\t\x1f", 3)), "\\u0000\\u0009\\u001f");
  EXPECT_EQ(printable("\xc2\x80\xc2\x9f"), "\\u0080\\u009f");
  EXPECT_EQ(printable("\xe2\x80\xa8\xe2\x80\xae\xe2\x81\xa6"), "\\u2028\\u202e\\u2066");
}

TEST(Printable, IsWhatItWasInAnyWriting) {
  for (const char* text : {"", "alice", "a b\\n", "Zürich", "└─ 鍵 €", "🔑", "\xc2\xa0"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("a\x9b"
                      "2K\xff"),
            "a\\x9b2K\\xff");
  EXPECT_EQ(printable("\xc2"), "\\xc2");
  EXPECT_EQ(printable("\xc0\x9b\xe0\x82\x9b"), "\\xc0\\x9b\\xe0\\x82\\x9b");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
}

TEST(Output, OfTablesAndErrorsIsPrintable) {
  EXPECT_EQ(table({{"WHO"}, {kForged}}), fmt::format("WHO\n{}\n", kShown));
  testing::internal::CaptureStderr();
  (void)complain_about(Error{ErrorKind::kInternal, kForged});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), fmt::format("coffer: {}\n", kShown));
}

TEST(Output, OfDocumentsIsPrintable) {
  Document document;
  document.set("a.b", std::vector<std::string>{kForged});
  document.set("c", kForged);
  document.set("n", int64_t{7});
  EXPECT_EQ(document.printable().texts("a.b"), std::vector<std::string>{kShown});
  EXPECT_EQ(document.printable().text("c"), kShown);
  EXPECT_EQ(document.printable().number("n"), 7);
}

// Escaped too, and still the same JSON.
TEST(Output, OfJsonIsPrintable) {
  Document document;
  document.set("a", std::vector<std::string>{kForged, "Zürich"});
  const std::string shown = document.pretty();
  EXPECT_EQ(shown.find_first_of("\x1b\x7f\x9b\r"), std::string::npos);
  EXPECT_EQ(shown.substr(0, 11), "{\n  \"a\": [\n");
  EXPECT_EQ(shown.back(), '\n');
  const auto read = Document::parse(shown);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->texts("a"), document.texts("a"));
}

}  // namespace
}  // namespace coffer::cli
