// SPDX-License-Identifier: Apache-2.0
// Does direct I/O give what the page cache gives, whatever the alignment, one by one and many at once?
#include "base/direct_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <liburing.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <thread>

#include "base/read_ring.h"

namespace coffer {
namespace {

constexpr size_t kPage = 4096, kSize = 64 * kPage;

struct Page {
  alignas(kPage) std::array<uint8_t, kPage> bytes;
};

class Counter final : public ReadListener {
 public:
  void arrived(size_t index, Status status) override {
    ++heard[index];
    if (!status) errors.push_back(status.error());
  }
  std::array<int, kMostReadsAtOnce> heard{};
  std::vector<Error> errors;
};

class DirectFileTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const Status made = ReadRing::prepare(2);
    ASSERT_TRUE(made) << made.error().message;
  }
  void SetUp() override {
    // Not in memory, where nothing is beside the page cache.
    path_ = "/var/tmp/coffer-direct-XXXXXX";
    const int descriptor = ::mkstemp(path_.data());
    ASSERT_GE(descriptor, 0);
    ::close(descriptor);
    auto opened = direct_disk().open(path_, {.bulk = true});
    ASSERT_TRUE(opened) << opened.error().message;
    file_ = std::move(*opened);
    ASSERT_TRUE(file_->direct());
    std::mt19937_64 random(5);
    for (uint8_t& byte : contents_) byte = static_cast<uint8_t>(random());
    ASSERT_TRUE(file_->write(0, contents_));
  }
  void TearDown() override { ::unlink(path_.c_str()); }

  Bytes expected(size_t offset, size_t size) const {
    Bytes bytes(size);
    for (size_t i = 0; i < size && offset + i < contents_.size(); ++i) bytes[i] = contents_[offset + i];
    return bytes;
  }

  std::string path_;
  std::unique_ptr<File> file_;
  Bytes contents_ = Bytes(kSize);
};

TEST_F(DirectFileTest, HoldsWhatWasWrittenAtAnyAlignment) {
  std::mt19937_64 random(6);
  for (int i = 0; i < 200; ++i) {
    size_t offset = random() % kSize, size = 1 + random() % std::min<size_t>(kSize - offset, 200'000);
    if (i % 2 == 0) offset = offset / kPage * kPage, size = std::max(size / kPage * kPage, kPage);
    size = std::min(size, kSize - offset);
    Bytes data(size);
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
    ASSERT_TRUE(file_->write(offset, data));
    std::copy(data.begin(), data.end(), contents_.begin() + static_cast<ptrdiff_t>(offset));
    Bytes seen(size);
    ASSERT_TRUE(file_->read(offset, seen));
    ASSERT_EQ(seen, data);
  }
  ASSERT_TRUE(file_->flush());
  EXPECT_EQ(*read_file(system_disk(), path_), contents_);
}

TEST_F(DirectFileTest, ReadsZerosPastItsEnd) {
  ASSERT_TRUE(file_->truncate(kSize - 100));
  contents_.resize(kSize - 100);
  Bytes seen(3 * kPage, 0xee);
  ASSERT_TRUE(file_->read(kSize - kPage, seen));
  EXPECT_EQ(seen, expected(kSize - kPage, 3 * kPage));
}

TEST_F(DirectFileTest, ReadsManyAtOnceAsOneByOne) {
  std::mt19937_64 random(7);
  ASSERT_TRUE(file_->truncate(kSize - 100));  // the last ones come short
  contents_.resize(kSize - 100);
  const auto pages = std::make_unique<std::array<Page, kMostReadsAtOnce>>();
  for (size_t count : {1, 2, 17, 64}) {
    std::vector<FileRead> reads;
    for (size_t i = 0; i < count; ++i) {
      (*pages)[i].bytes.fill(0xee);
      const size_t page = i == 1   ? kSize / kPage - 1
                          : i == 2 ? kSize / kPage + 3
                                   : random() % (kSize / kPage);
      reads.push_back({page * kPage, (*pages)[i].bytes});
    }
    Counter counter;
    file_->read_many(reads, counter);
    EXPECT_TRUE(counter.errors.empty());
    for (size_t i = 0; i < count; ++i) {
      EXPECT_EQ(counter.heard[i], 1) << i;
      EXPECT_EQ(Bytes(reads[i].out.begin(), reads[i].out.end()), expected(reads[i].offset, kPage)) << i;
    }
  }
}

// More threads than rings: some go by pread.
TEST_F(DirectFileTest, ManyThreadsReadAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 6; ++t)
    threads.emplace_back([&, t] {
      std::mt19937_64 random(static_cast<uint64_t>(t));
      const auto pages = std::make_unique<std::array<Page, 8>>();
      for (int round = 0; round < 100; ++round) {
        std::vector<FileRead> reads;
        for (Page& page : *pages) reads.push_back({random() % (kSize / kPage) * kPage, page.bytes});
        Counter counter;
        file_->read_many(reads, counter);
        for (const FileRead& read : reads)
          if (Bytes(read.out.begin(), read.out.end()) != expected(read.offset, kPage)) ++wrong;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST_F(DirectFileTest, TellsOfEachReadThatFails) {
  const int only_written = ::open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  ASSERT_GE(only_written, 0);
  const auto pages = std::make_unique<std::array<Page, 3>>();
  std::vector<FileRead> reads;
  for (Page& page : *pages) reads.push_back({0, page.bytes});
  Counter counter;
  ASSERT_TRUE(ReadRing::read(only_written, reads, counter));
  ::close(only_written);
  ASSERT_EQ(counter.errors.size(), 3u);
  EXPECT_EQ(counter.errors[0].kind, ErrorKind::kIo) << counter.errors[0].message;
  // The ring is as good as before.
  Counter again;
  file_->read_many(reads, again);
  EXPECT_TRUE(again.errors.empty());
}

}  // namespace
}  // namespace coffer
