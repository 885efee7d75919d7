// SPDX-License-Identifier: Apache-2.0
// Are NBD's options read within their bounds, and answered in the protocol's layout?
#include "format/nbd_handshake.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "format/big_endian.h"

namespace coffer::format::nbd {
namespace {

Bytes integer(uint64_t value, size_t size) {
  uint8_t bytes[8];
  put_big_endian(bytes, value);
  return Bytes(bytes + 8 - size, bytes + 8);
}
Bytes join(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}
Bytes string(std::string_view text) {
  return join({integer(text.size(), 4), to_bytes(text)});
}

// Every proper prefix of a well-formed message, and the message with a byte more, must be refused.
template <class Parse>
void expect_exact_length(const Bytes& good, Parse parse) {
  ASSERT_TRUE(parse(good));
  for (size_t size = 0; size < good.size(); ++size) EXPECT_FALSE(parse(ByteView(good).first(size))) << size;
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(parse(longer));
}

TEST(NbdGreeting, OffersFixedNewstyleAndNoZeroes) {
  EXPECT_EQ(hex(write_greeting()), hex(as_bytes("NBDMAGICIHAVEOPT")) + "0003");
}

TEST(NbdClientFlags, RefusesWhatWasNotOffered) {
  const auto parse = [](uint32_t flags) {
    uint8_t bytes[4];
    put_big_endian(bytes, flags);
    return parse_client_flags(bytes);
  };
  EXPECT_FALSE(parse(1)->no_zeroes);
  EXPECT_TRUE(parse(3)->no_zeroes);
  for (int bit = 2; bit < 32; ++bit) EXPECT_FALSE(parse(3 | 1u << bit)) << bit;
}

TEST(NbdOptionHeader, BoundsTheLength) {
  const auto parse = [](uint64_t magic, uint32_t length) {
    const Bytes bytes = join({integer(magic, 8), integer(kOptionGo, 4), integer(length, 4)});
    return parse_option_header(std::span(bytes).first<kOptionHeaderSize>());
  };
  ASSERT_TRUE(parse(kOptionMagic, kLongestOption));
  EXPECT_EQ(parse(kOptionMagic, kLongestOption)->length, kLongestOption);
  EXPECT_EQ(parse(kOptionMagic, 5)->option, uint32_t{kOptionGo});
  EXPECT_FALSE(parse(kOptionMagic, kLongestOption + 1));
  EXPECT_FALSE(parse(kOptionMagic + 1, 0));
}

TEST(NbdInformationRequest, IsReadWhole) {
  const Bytes good = join({string("vol-1"), integer(3, 2), integer(kInformationBlockSize, 2), integer(99, 2),
                           integer(kInformationName, 2)});
  const auto request = parse_information_request(good);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->export_name, "vol-1");
  EXPECT_TRUE(request->wants_block_size);
  EXPECT_TRUE(request->wants_name);
  EXPECT_FALSE(request->wants_description);
  expect_exact_length(good, parse_information_request);
}

TEST(NbdInformationRequest, RefusesANameLongerThanTheProtocolAllows) {
  const auto with_name = [](size_t size) { return join({string(std::string(size, 'n')), integer(0, 2)}); };
  EXPECT_TRUE(parse_information_request(with_name(kLongestString)));
  EXPECT_FALSE(parse_information_request(with_name(kLongestString + 1)));
}

TEST(NbdMetaContextRequest, IsReadWhole) {
  const Bytes good = join({string(""), integer(2, 4), string("base:"), string("base:allocation")});
  const auto request = parse_meta_context_request(good);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->export_name, "");
  EXPECT_EQ(request->queries, (std::vector<std::string_view>{"base:", "base:allocation"}));
  expect_exact_length(good, parse_meta_context_request);
}

TEST(NbdMetaContextRequest, BoundsTheQueries) {
  const auto with_queries = [](uint32_t count) {
    Bytes bytes = join({string(""), integer(count, 4)});
    for (uint32_t i = 0; i < count; ++i) bytes = join({bytes, string("x:y")});
    return parse_meta_context_request(bytes);
  };
  EXPECT_EQ(with_queries(kMostQueries)->queries.size(), kMostQueries);
  EXPECT_TRUE(with_queries(kMostQueries + 1)->too_many);
  // A count that the data cannot hold ends at the data's end, not at the count.
  EXPECT_FALSE(parse_meta_context_request(join({string(""), integer(0xffffffff, 4), string("x:y")})));
}

TEST(NbdOptionReply, IsWrittenAsTheProtocolLaysItOut) {
  EXPECT_EQ(hex(write_option_reply(kOptionGo, kReplyInfo, write_export_information(4096, 0x0d))),
            "0003e889045565a9"
            "00000007"
            "00000003"
            "0000000c"
            "0000"
            "0000000000001000"
            "000d");
  EXPECT_EQ(hex(write_block_size_information(1, 4096, 32 << 20)),
            "0003"
            "00000001"
            "00001000"
            "02000000");
  EXPECT_EQ(hex(write_meta_context(1, "a:b")), "00000001" + hex(as_bytes("a:b")));
  EXPECT_EQ(hex(write_export_entry("v")), "0000000176");
  EXPECT_EQ(hex(write_text_information(kInformationName, "v")), "000176");
  EXPECT_EQ(write_export_name_answer(4096, 1, false).size(), 134u);
  EXPECT_EQ(hex(write_export_name_answer(4096, 1, true)),
            "0000000000001000"
            "0001");
}

}  // namespace
}  // namespace coffer::format::nbd
