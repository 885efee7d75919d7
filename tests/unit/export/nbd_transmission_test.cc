// SPDX-License-Identifier: Apache-2.0
// Does every NBD command reach the device as the client meant it, and do the device's errors reach the
// client?
#include <sys/socket.h>

#include <map>
#include <random>
#include <thread>

#include "export/nbd_server.h"
#include "export/nbd_transmission.h"
#include "tests/support/memory_device.h"
#include "tests/unit/export/nbd_client.h"

namespace coffer::exporting {
namespace {
using namespace format::nbd;

constexpr uint64_t kSize = 64 << 20;

Bytes pattern(size_t size, uint32_t seed = 1) {
  std::mt19937 engine(seed);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(engine());
  return bytes;
}

class NbdTransmissionTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    server_ = FileDescriptor(ends[0]);
    client_.emplace(FileDescriptor(ends[1]));
    thread_ = std::thread([this] {
      serve_nbd_client(server_.get(), served_, {}, stopping_);
      ::shutdown(server_.get(), SHUT_RDWR);
    });
  }
  void TearDown() override {
    client_->close();
    thread_.join();
  }

  // Reads in either kind of reply; nothing on an error, which is then in read_error_.
  std::optional<Bytes> read(bool structured, uint64_t offset, uint32_t length, uint16_t flags = 0) {
    client_->request(kRead, 42, offset, length, flags);
    if (structured) return structured_answer(offset, length);
    const auto reply = client_->simple_reply();
    if (!reply || reply->cookie != 42) return std::nullopt;
    read_error_ = reply->error;
    if (reply->error != kSuccess) return std::nullopt;
    return client_->receive(length);
  }
  std::optional<Bytes> structured_answer(uint64_t offset, uint32_t length) {
    Bytes data(length);
    uint64_t covered = 0;
    chunks_ = 0;
    read_error_ = kSuccess;
    for (;;) {
      const auto chunk = client_->chunk();
      if (!chunk || chunk->cookie != 42) return std::nullopt;
      if (chunk->type == kChunkOffsetData) {
        ++chunks_;
        const uint64_t at = get_big_endian<uint64_t>(chunk->payload.data());
        std::copy(chunk->payload.begin() + 8, chunk->payload.end(),
                  data.begin() + static_cast<long>(at - offset));
        covered += chunk->payload.size() - 8;
      } else if (chunk->type & 0x8000) {
        read_error_ = get_big_endian<uint32_t>(chunk->payload.data());
        if (chunk->type == kChunkErrorOffset)
          error_offset_ = get_big_endian<uint64_t>(chunk->payload.data() + 6);
      }
      if (chunk->flags & kChunkDone) break;
    }
    if (read_error_ != kSuccess) return std::nullopt;
    EXPECT_EQ(covered, length);
    return data;
  }
  template <class T>
  static T get_big_endian(const uint8_t* in) {
    return format::get_big_endian<T>(in);
  }

  std::shared_ptr<testing::MemoryDevice> device_ = std::make_shared<testing::MemoryDevice>(kSize);
  NbdExport served_{"vol-1", "", device_};
  std::atomic<bool> stopping_ = false;
  FileDescriptor server_;
  std::optional<NbdClient> client_;
  std::thread thread_;
  uint32_t read_error_ = 0;
  uint64_t error_offset_ = 0;
  int chunks_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Replies, NbdTransmissionTest, ::testing::Bool(),
                         [](const auto& values) { return values.param ? "Structured" : "Simple"; });

TEST_P(NbdTransmissionTest, WhatWasWrittenIsRead) {
  client_->enter(GetParam());
  struct {
    uint64_t offset;
    uint32_t length;
  } const places[] = {{0, 1},
                      {4095, 2},
                      {512, 512},
                      {8192, 4096},
                      {1 << 20, 300'000},
                      {(2 << 20) + 77, (1 << 20) + 5},
                      {8 << 20, 32 << 20},
                      {kSize - 1, 1}};
  for (const auto& place : places) {
    const Bytes data = pattern(place.length, place.length);
    std::thread writer([&] { EXPECT_EQ(client_->write(place.offset, data), kSuccess); });
    writer.join();
    EXPECT_EQ(read(GetParam(), place.offset, place.length), data) << place.offset << " " << place.length;
  }
}

TEST_P(NbdTransmissionTest, ManyRequestsInOneGoAreAnsweredInOrder) {
  client_->enter(GetParam());
  Bytes requests;
  constexpr int kMany = 500;
  for (uint64_t i = 0; i < kMany; ++i) {
    const auto header = write_request({0, kWrite, i, i * 512, 512});
    requests.insert(requests.end(), header.begin(), header.end());
    requests.insert(requests.end(), 512, static_cast<uint8_t>(i));
  }
  std::thread sender([&] { client_->send(requests); });
  for (uint64_t i = 0; i < kMany; ++i) {
    const auto reply = client_->simple_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->cookie, i);
    EXPECT_EQ(reply->error, kSuccess);
  }
  sender.join();
  const auto all = read(GetParam(), 0, kMany * 512);
  ASSERT_TRUE(all);
  for (int i = 0; i < kMany; ++i)
    EXPECT_EQ((*all)[static_cast<size_t>(i) * 512 + 511], static_cast<uint8_t>(i));
}

TEST_P(NbdTransmissionTest, ReadsOfNothingSucceed) {
  client_->enter(GetParam());
  EXPECT_EQ(read(GetParam(), 4096, 0), Bytes());
  EXPECT_EQ(client_->write(4096, {}), kSuccess);
}

TEST_P(NbdTransmissionTest, AReadErrorIsToldAndTheConnectionLives) {
  client_->enter(GetParam());
  device_->fail_at(10'000, ErrorKind::kIo);
  EXPECT_FALSE(read(GetParam(), 8192, 4096));
  EXPECT_EQ(read_error_, kEio);
  EXPECT_TRUE(read(GetParam(), 0, 4096));
  device_->clear_fault();
  EXPECT_TRUE(read(GetParam(), 8192, 4096));
}

TEST_P(NbdTransmissionTest, OutOfRangeIsEinvalForReadsAndEnospcForWrites) {
  client_->enter(GetParam());
  EXPECT_FALSE(read(GetParam(), kSize - 100, 101));
  EXPECT_EQ(read_error_, kEinval);
  EXPECT_EQ(client_->write(kSize - 100, pattern(101)), kEnospc);
  EXPECT_EQ(client_->command(kTrim, kSize, 1), kEinval);
  EXPECT_EQ(client_->command(kWriteZeroes, kSize, 1), kEnospc);
  EXPECT_EQ(device_->writes, 0);
}

TEST_P(NbdTransmissionTest, AReadTooLargeIsRefused) {
  client_->enter(GetParam());
  EXPECT_FALSE(read(GetParam(), 0, kLargestPayload + 1));
  EXPECT_EQ(read_error_, kEinval);
}

class NbdCommands : public NbdTransmissionTest {};

TEST_F(NbdCommands, ASimpleReplyThatBreaksOffEndsTheConnection) {
  client_->enter(false);
  device_->fail_at(1 << 20, ErrorKind::kIo);
  client_->request(kRead, 1, 0, 2 << 20);
  // Success was promised when the first bytes went out: less than all of it may come, and then the end.
  EXPECT_LT(client_->receive(kSimpleReplySize + (2 << 20)).size(), kSimpleReplySize + (1 << 20) + 1);
  EXPECT_TRUE(client_->closed_by_server());
}

TEST_F(NbdCommands, AStructuredReplyThatBreaksOffSaysWhere) {
  client_->enter(true);
  device_->fail_at(1 << 20, ErrorKind::kIo);
  EXPECT_FALSE(read(true, 0, 2 << 20));
  EXPECT_EQ(read_error_, kEio);
  EXPECT_LE(error_offset_, uint64_t{1 << 20});
  EXPECT_GT(error_offset_, 0u);
  EXPECT_TRUE(read(true, 0, 4096));
}

TEST_F(NbdCommands, DfGetsOneChunkOrEoverflow) {
  client_->enter(true);
  EXPECT_TRUE(read(true, 1000, 65'536, kDf));
  EXPECT_EQ(chunks_, 1);
  EXPECT_TRUE(read(true, 1000, SendBatch::kLargestPiece, kDf));
  EXPECT_EQ(chunks_, 1);
  EXPECT_TRUE(read(true, 1000, SendBatch::kLargestPiece + 1));
  EXPECT_GT(chunks_, 1);
  EXPECT_FALSE(read(true, 1000, SendBatch::kLargestPiece + 1, kDf));
  EXPECT_EQ(read_error_, kEoverflow);
}

TEST_F(NbdCommands, WriteErrorsAreMappedAndThePayloadIsReadPast) {
  client_->enter(false);
  const std::pair<ErrorKind, uint32_t> cases[] = {{ErrorKind::kIo, kEio},
                                                  {ErrorKind::kNoSpace, kEnospc},
                                                  {ErrorKind::kCorrupt, kEio},
                                                  {ErrorKind::kPermissionDenied, kEperm},
                                                  {ErrorKind::kInvalidArgument, kEinval}};
  for (const auto& [kind, error] : cases) {
    device_->fail_at(1 << 20, kind);
    EXPECT_EQ(client_->write(1 << 20, pattern(4096)), error);
    EXPECT_EQ(client_->write(0, pattern(4 << 20)), error);  // midway through a large one
  }
  device_->clear_fault();
  EXPECT_EQ(client_->write(1 << 20, pattern(4096)), kSuccess);
}

TEST_F(NbdCommands, ARefusedWriteLeavesTheStreamInStep) {
  client_->enter(false);
  EXPECT_EQ(client_->write(0, pattern(kLargestPayload + 1)), kEinval);
  EXPECT_EQ(client_->write(0, pattern(512), 1 << 9), kEinval);
  EXPECT_EQ(client_->command(kFlush, 0, 0), kSuccess);
}

TEST_F(NbdCommands, AWriteFarTooLargeCloses) {
  client_->enter(false);
  client_->request(kWrite, 1, 0, 0xffffffff);
  EXPECT_TRUE(client_->closed_by_server());
}

TEST_F(NbdCommands, FuaIsDurableAlsoInPieces) {
  client_->enter(false);
  EXPECT_EQ(client_->write(0, pattern(4096), kFua), kSuccess);
  EXPECT_EQ(device_->durable_writes, 1);
  EXPECT_EQ(client_->write(0, pattern(4096)), kSuccess);
  EXPECT_EQ(device_->durable_writes, 1);
  EXPECT_EQ(device_->flushes, 0);
  EXPECT_EQ(client_->write(0, pattern(1 << 20), kFua), kSuccess);
  EXPECT_EQ(device_->flushes, 1);
  device_->fail_flush = true;
  EXPECT_EQ(client_->write(0, pattern(1 << 20), kFua), kEio);
  EXPECT_EQ(client_->command(kFlush, 0, 0), kEio);
}

TEST_F(NbdCommands, LargeWritesTouchNoSectorTwice) {
  client_->enter(false);
  EXPECT_EQ(client_->write(512, pattern(4 << 20)), kSuccess);
  const uint64_t pieces =
      ((4 << 20) + 512 + NbdTransmission::kLargestWholeWrite - 1) / NbdTransmission::kLargestWholeWrite;
  EXPECT_EQ(device_->writes, static_cast<int>(pieces));
}

TEST_F(NbdCommands, TrimAndZeroesReachTheDevice) {
  client_->enter(true);
  EXPECT_EQ(client_->write(0, pattern(16384)), kSuccess);
  EXPECT_EQ(client_->command(kTrim, 0, 4096), kSuccess);
  EXPECT_EQ(client_->command(kWriteZeroes, 5000, 100), kSuccess);
  EXPECT_EQ(client_->command(kCache, 0, 16384), kSuccess);
  EXPECT_EQ(device_->discards, 1);
  EXPECT_EQ(device_->zeroings, 1);
  Bytes expected = pattern(16384);
  std::fill_n(expected.begin(), 4096, 0);
  std::fill_n(expected.begin() + 5000, 100, 0);
  EXPECT_EQ(read(true, 0, 16384), expected);
}

TEST_F(NbdCommands, FastZeroIsRefusedWhereItWouldBeAWrite) {
  client_->enter(true);
  EXPECT_EQ(client_->command(kWriteZeroes, 4096, 8192, kFastZero), kSuccess);
  EXPECT_EQ(client_->command(kWriteZeroes, 4096, 8191, kFastZero), kEnotsup);
  EXPECT_EQ(client_->command(kWriteZeroes, 1, 8192, kFastZero), kEnotsup);
  EXPECT_EQ(client_->command(kWriteZeroes, 4096, 8192, kFastZero | kNoHole), kEnotsup);
  EXPECT_EQ(client_->command(kWriteZeroes, 1, 8192), kSuccess);
  EXPECT_EQ(device_->zeroings, 2);
}

TEST_F(NbdCommands, BlockStatusTellsDataHolesAndZeroes) {
  client_->enter(true, true);
  EXPECT_EQ(client_->write(4096, pattern(8192)), kSuccess);
  EXPECT_EQ(client_->command(kWriteZeroes, 12288, 4096, kNoHole), kSuccess);
  const auto status = [&](uint64_t offset, uint32_t length, uint16_t flags) {
    client_->request(kBlockStatus, 9, offset, length, flags);
    const auto chunk = client_->chunk();
    EXPECT_TRUE(chunk && chunk->type == kChunkBlockStatus && chunk->flags == kChunkDone &&
                chunk->cookie == 9);
    std::vector<std::pair<uint32_t, uint32_t>> runs;
    if (!chunk) return runs;
    EXPECT_EQ(get_big_endian<uint32_t>(chunk->payload.data()), kAllocationContext);
    for (size_t at = 4; at + 8 <= chunk->payload.size(); at += 8)
      runs.emplace_back(get_big_endian<uint32_t>(&chunk->payload[at]),
                        get_big_endian<uint32_t>(&chunk->payload[at + 4]));
    return runs;
  };
  using Runs = std::vector<std::pair<uint32_t, uint32_t>>;
  EXPECT_EQ(
      status(0, 20480, 0),
      (Runs{
          {4096, kStateHole | kStateZero}, {8192, 0}, {4096, kStateZero}, {4096, kStateHole | kStateZero}}));
  EXPECT_EQ(status(4096, 20480, kReqOne), (Runs{{8192, 0}}));
  EXPECT_EQ(status(5000, 100, kReqOne), (Runs{{100, 0}}));
  EXPECT_EQ(status(1 << 20, 63 << 20, 0), (Runs{{63 << 20, kStateHole | kStateZero}}));
  device_->fail_at(0, ErrorKind::kIo);
  client_->request(kBlockStatus, 9, 0, 4096);
  EXPECT_EQ(client_->chunk()->type, kChunkError);
}

TEST_F(NbdCommands, EachContextHasItsOwnRuns) {
  client_->greet();
  client_->ask(kOptionStructuredReply);
  const Bytes both = NbdClient::contexts("", {"coffer:depth", "base:allocation"});
  ASSERT_EQ(client_->ask(kOptionSetMetaContext, both).size(), 3u);
  client_->ask(kOptionGo, NbdClient::information("", {}));
  EXPECT_EQ(client_->write(4096, pattern(12288)), kSuccess);
  device_->set_depth(8192, 4096, 1000);
  using Runs = std::vector<std::pair<uint32_t, uint32_t>>;
  const auto status = [&](uint16_t flags) {
    client_->request(kBlockStatus, 9, 0, 20480, flags);
    std::map<uint32_t, Runs> found;
    for (const bool last : {false, true}) {
      const auto chunk = client_->chunk();
      EXPECT_TRUE(chunk && chunk->type == kChunkBlockStatus && chunk->flags == (last ? kChunkDone : 0));
      if (!chunk) break;
      for (size_t at = 4; at + 8 <= chunk->payload.size(); at += 8)
        found[get_big_endian<uint32_t>(chunk->payload.data())].emplace_back(
            get_big_endian<uint32_t>(&chunk->payload[at]), get_big_endian<uint32_t>(&chunk->payload[at + 4]));
    }
    return found;
  };
  constexpr uint32_t kNothing = kStateHole | kStateZero;
  EXPECT_EQ(status(0), (std::map<uint32_t, Runs>{
                           {kAllocationContext, {{4096, kNothing}, {12288, 0}, {4096, kNothing}}},
                           {kDepthContext, {{4096, 0}, {4096, 1}, {4096, 1000}, {4096, 1}, {4096, 0}}}}));
  EXPECT_TRUE(device_->discard(0, 4096, false));
  EXPECT_EQ(status(kReqOne), (std::map<uint32_t, Runs>{{kAllocationContext, {{4096, kNothing}}},
                                                       {kDepthContext, {{4096, 0}}}}));
}

TEST_F(NbdCommands, BlockStatusOfManyRunsIsCutShort) {
  client_->enter(true, true);
  for (uint64_t sector = 0; sector < 6000; sector += 2)
    EXPECT_TRUE(device_->write(sector * 4096, pattern(4096), false));
  client_->request(kBlockStatus, 9, 0, 6000 * 4096);
  const auto chunk = client_->chunk();
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->type, kChunkBlockStatus);
  EXPECT_EQ(chunk->payload.size(), 4 + 1024 * 8u);
}

TEST_F(NbdCommands, UnknownCommandsAreEinval) {
  client_->enter(true);
  EXPECT_EQ(client_->command(8, 0, 0), kEinval);
  EXPECT_EQ(client_->command(0xffff, 0, 0), kEinval);
  EXPECT_EQ(client_->command(kFlush, 0, 0), kSuccess);
}

TEST_F(NbdCommands, AWrongMagicCloses) {
  client_->enter(true);
  client_->send(Bytes(kRequestSize, 0xff));
  EXPECT_TRUE(client_->closed_by_server());
}

TEST_F(NbdCommands, DisconnectAnswersWhatCameBefore) {
  client_->enter(false);
  client_->request(kFlush, 5, 0, 0);
  client_->request(kDisconnect, 6, 0, 0);
  const auto reply = client_->simple_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->cookie, 5u);
  EXPECT_TRUE(client_->closed_by_server());
}

TEST_F(NbdCommands, AReadOnlyExportRefusesWrites) {
  served_.read_only = true;
  client_->enter(false);
  EXPECT_EQ(client_->write(0, pattern(512)), kEperm);
  EXPECT_EQ(client_->command(kTrim, 0, 4096), kEperm);
  EXPECT_EQ(client_->command(kWriteZeroes, 0, 4096), kEperm);
  EXPECT_TRUE(read(false, 0, 4096));
}

}  // namespace
}  // namespace coffer::exporting
