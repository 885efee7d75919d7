// SPDX-License-Identifier: Apache-2.0
#include "format/encryption_context.h"

#include <gtest/gtest.h>

#include "format/codec.h"

namespace coffer::format {
namespace {

TEST(EncryptionContext, PairsThatReadAlikeAreFramedDifferently) {
  EXPECT_NE(frame({{"a", "bc"}}), frame({{"ab", "c"}}));
  EXPECT_NE(frame({{"a", ""}, {"b", ""}}), frame({{"a", "b"}}));
  EXPECT_NE(frame({}), frame({{"", ""}}));
  EXPECT_EQ(frame({{"a", "1"}, {"b", "2"}}), frame({{"b", "2"}, {"a", "1"}}));
}

TEST(EncryptionContext, ReadsWhatItFramed) {
  const EncryptionContext context{{"", "empty name"}, {"aws:ebs:id", "vol-0"}, {"z", ""}};
  const Bytes framed = frame(context);
  Reader reader(framed);
  EXPECT_EQ(read_framed_context(reader), context);
  EXPECT_TRUE(reader.at_end());
}

TEST(EncryptionContext, RefusesNamesThatAreUnsortedOrComeTwice) {
  for (const char* second : {"a", "b"}) {
    Writer writer;
    writer.u32(2).field("b").field("1").field(second).field("2");
    Reader reader(writer.bytes());
    EXPECT_TRUE(read_framed_context(reader).empty());
    EXPECT_FALSE(reader.ok()) << second;
  }
}

TEST(EncryptionContext, RefusesACountThatTheBytesDoNotHold) {
  Writer writer;
  writer.u32(0xffffffff).field("a").field("1");
  Reader reader(writer.bytes());
  read_framed_context(reader);
  EXPECT_FALSE(reader.ok());
}

}  // namespace
}  // namespace coffer::format
