// SPDX-License-Identifier: Apache-2.0
// Are requests read, replies written and bad requests refused as doc/proto.md of NBD says?
#include "format/nbd.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace coffer::format::nbd {
namespace {

constexpr uint64_t kSize = 1 << 20;

Limits limits() {
  return {.size = kSize,
          .largest_payload = 256 * 1024,
          .largest_unfragmented = 128 * 1024,
          .structured = true,
          .block_status = true};
}

Request request(uint16_t command, uint64_t offset, uint32_t length, uint16_t flags = 0) {
  return {flags, command, 7, offset, length};
}

TEST(NbdRequest, IsReadAsTheProtocolLaysItOut) {
  const auto bytes = from_hex(
      "25609513"
      "0001"
      "0006"
      "0102030405060708"
      "1112131415161718"
      "21222324");
  ASSERT_EQ(bytes->size(), kRequestSize);
  const auto parsed = parse_request(std::span(*bytes).first<kRequestSize>());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->flags, kFua);
  EXPECT_EQ(parsed->command, kWriteZeroes);
  EXPECT_EQ(parsed->cookie, 0x0102030405060708u);
  EXPECT_EQ(parsed->offset, 0x1112131415161718u);
  EXPECT_EQ(parsed->length, 0x21222324u);
  EXPECT_EQ(hex(write_request(*parsed)), hex(*bytes));
}

TEST(NbdRequest, WithAnyOtherMagicIsRefused) {
  const auto good = write_request(request(kRead, 0, 512));
  ASSERT_TRUE(parse_request(good));
  for (size_t bit = 0; bit < 32; ++bit) {
    auto bad = good;
    bad[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
    EXPECT_FALSE(parse_request(bad)) << bit;
  }
}

TEST(NbdReply, IsWrittenAsTheProtocolLaysItOut) {
  EXPECT_EQ(hex(write_simple_reply(kEnospc, 0x0102030405060708)),
            "67446698"
            "0000001c"
            "0102030405060708");
  EXPECT_EQ(hex(write_data_chunk_header(true, 3, 0x1000, 512)),
            "668e33ef"
            "0001"
            "0001"
            "0000000000000003"
            "00000208"
            "0000000000001000");
  EXPECT_EQ(hex(write_data_chunk_header(false, 3, 0, 512)).substr(8, 4), "0000");
  EXPECT_EQ(hex(write_error_chunk(3, kEio)),
            "668e33ef"
            "0001"
            "8001"
            "0000000000000003"
            "00000006"
            "00000005"
            "0000");
  EXPECT_EQ(hex(write_error_offset_chunk(3, kEio, 0x2000)),
            "668e33ef"
            "0001"
            "8002"
            "0000000000000003"
            "0000000e"
            "00000005"
            "0000"
            "0000000000002000");
  EXPECT_EQ(hex(write_status_chunk_header(true, 3, 1, 2)),
            "668e33ef"
            "0001"
            "0005"
            "0000000000000003"
            "00000014"
            "00000001");
  EXPECT_EQ(hex(write_status_descriptor(4096, kStateHole | kStateZero)),
            "00001000"
            "00000003");
}

struct Case {
  const char* name;
  Request request;
  ErrorValue expected;
};
class NbdCheck : public ::testing::TestWithParam<Case> {};

TEST_P(NbdCheck, AnswersAsTheProtocolAsks) {
  EXPECT_EQ(check_request(GetParam().request, limits()), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Requests, NbdCheck,
    ::testing::Values(Case{"ReadToTheEnd", request(kRead, kSize - 512, 512), kSuccess},
                      Case{"ReadPastTheEnd", request(kRead, kSize - 512, 513), kEinval},
                      Case{"ReadWhoseEndWrapsAround", request(kRead, ~uint64_t{0}, 2), kEinval},
                      Case{"ReadOfNothingAtTheEnd", request(kRead, kSize, 0), kSuccess},
                      Case{"ReadTooLarge", request(kRead, 0, 256 * 1024 + 1), kEinval},
                      Case{"ReadUnfragmented", request(kRead, 0, 128 * 1024, kDf), kSuccess},
                      Case{"ReadTooLargeForOneChunk", request(kRead, 0, 128 * 1024 + 1, kDf), kEoverflow},
                      Case{"ReadWithFua", request(kRead, 0, 512, kFua), kSuccess},
                      Case{"ReadWithNoHole", request(kRead, 0, 512, kNoHole), kEinval},
                      Case{"WritePastTheEnd", request(kWrite, kSize - 512, 513), kEnospc},
                      Case{"WriteWithFua", request(kWrite, 0, 512, kFua), kSuccess},
                      Case{"WriteWithUnknownFlag", request(kWrite, 0, 512, 1 << 9), kEinval},
                      Case{"WriteTooLarge", request(kWrite, 0, 256 * 1024 + 1), kEinval},
                      Case{"Flush", request(kFlush, 0, 0), kSuccess},
                      Case{"FlushOfARange", request(kFlush, 0, 512), kEinval},
                      Case{"TrimPastTheEnd", request(kTrim, kSize, 512), kEinval},
                      Case{"TrimLargerThanAnyPayload", request(kTrim, 0, kSize), kSuccess},
                      Case{"ZeroesPastTheEnd", request(kWriteZeroes, kSize - 1, 2), kEnospc},
                      Case{"ZeroesWithEveryFlag", request(kWriteZeroes, 0, 512, kFua | kNoHole | kFastZero),
                           kSuccess},
                      Case{"ZeroesWithDf", request(kWriteZeroes, 0, 512, kDf), kEinval},
                      Case{"CachePastTheEnd", request(kCache, kSize, 1), kEinval},
                      Case{"BlockStatusOfOne", request(kBlockStatus, 0, kSize, kReqOne), kSuccess},
                      Case{"BlockStatusPastTheEnd", request(kBlockStatus, 0, kSize + 1), kEinval},
                      Case{"BlockStatusOfNothing", request(kBlockStatus, 0, 0), kEinval},
                      Case{"UnknownCommand", request(9, 0, 0), kEinval}),
    [](const auto& values) { return values.param.name; });

TEST(NbdCheckMode, ReadOnlyRefusesWhatWrites) {
  Limits read_only = limits();
  read_only.read_only = true;
  for (const Command command : {kWrite, kTrim, kWriteZeroes})
    EXPECT_EQ(check_request(request(command, 0, 512), read_only), kEperm) << command;
  for (const Command command : {kRead, kCache, kBlockStatus})
    EXPECT_EQ(check_request(request(command, 0, 512), read_only), kSuccess) << command;
}

TEST(NbdCheckMode, WhatWasNotNegotiatedIsRefused) {
  Limits plain = limits();
  plain.structured = plain.block_status = false;
  EXPECT_EQ(check_request(request(kRead, 0, 512, kDf), plain), kEinval);
  EXPECT_EQ(check_request(request(kBlockStatus, 0, 512), plain), kEinval);
}

}  // namespace
}  // namespace coffer::format::nbd
