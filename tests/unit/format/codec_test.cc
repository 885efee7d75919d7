// SPDX-License-Identifier: Apache-2.0
#include "format/codec.h"

#include <gtest/gtest.h>

namespace coffer::format {
namespace {

TEST(Codec, ReadsWhatItWrote) {
  Writer writer;
  writer.u8(1).u16(0x0203).u32(0x04050607).u64(0x08090a0b0c0d0e0f).field("name").raw(as_bytes("rest"));
  Reader reader(writer.bytes());
  EXPECT_EQ(reader.u8(), 1);
  EXPECT_EQ(reader.u16(), 0x0203);
  EXPECT_EQ(reader.u32(), 0x04050607u);
  EXPECT_EQ(reader.u64(), 0x08090a0b0c0d0e0fu);
  EXPECT_EQ(reader.text_field(), "name");
  EXPECT_EQ(as_text(reader.raw(4)), "rest");
  EXPECT_TRUE(reader.at_end());
}

TEST(Codec, NothingIsReadAfterAFailure) {
  const Bytes bytes{9, 0, 0, 0, 1, 2};
  Reader reader(bytes);
  EXPECT_TRUE(reader.field().empty());  // nine bytes are promised, two are there
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0);
  EXPECT_FALSE(reader.at_end());
}

TEST(Codec, AFixedWriterAgreesWithTheOtherAndKeepsItsBounds) {
  Writer growing;
  growing.u8(1).u16(0x0203).u32(0x04050607).field("ab");
  Bytes room(growing.bytes().size() + 1, 0xee);
  FixedWriter exact(MutableByteView(room).first(room.size() - 1));
  exact.u8(1).u16(0x0203).u32(0x04050607).field("ab");
  EXPECT_TRUE(exact.full());
  EXPECT_EQ(Bytes(room.begin(), room.end() - 1), growing.bytes());
  exact.u8(7);
  EXPECT_FALSE(exact.full());
  EXPECT_EQ(room.back(), 0xee);
}

}  // namespace
}  // namespace coffer::format
