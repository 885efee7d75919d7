// SPDX-License-Identifier: Apache-2.0
// Do volumes whose data is mapped answer for a page that is not there, and agree with a volume that is not?
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

#include "base/disk.h"
#include "test_volume.h"

namespace coffer::volume {
namespace {

constexpr uint64_t kSize = 4 << 20;

struct Place {
  const char* folder;
  bool encrypted;
};

class MappedVolume : public ::testing::TestWithParam<Place> {
 protected:
  void SetUp() override {
    std::string name = std::string(GetParam().folder) + "/coffer-mapped-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    auto store = VolumeStore::open_store(system_disk(), root_, kHostId);
    ASSERT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
    ASSERT_TRUE(store_->create(new_volume(kSize, GetParam().encrypted)));
    open();
  }
  void TearDown() override {
    volume_.reset();
    std::filesystem::remove_all(root_);
  }
  void open() {
    volume_.reset();
    auto opened = open_volume(*store_, GetParam().encrypted);
    ASSERT_TRUE(opened) << opened.error().message;
    volume_ = std::move(*opened);
  }
  bool in_memory() const { return GetParam().folder == std::string("/dev/shm"); }
  std::string data_file() const { return root_ + "/" + kLayerId + "/data.000"; }

  std::string root_;
  std::unique_ptr<VolumeStore> store_;
  std::shared_ptr<Volume> volume_;
};

TEST_P(MappedVolume, SaysIoWhenItsFileBecameShorterAndGoesOn) {
  std::mt19937_64 random(1);
  const Bytes contents = random_contents(random, kSize);
  ASSERT_TRUE(volume_->write(0, contents, false));
  EXPECT_EQ(read_back(*volume_, 0, kSize), contents);

  ASSERT_EQ(::truncate(data_file().c_str(), 1 << 20), 0);
  Bytes out(kSize);
  const Status status = volume_->read(0, out);
  EXPECT_EQ(status.has_value(), !in_memory());  // pread sees a sparse end
  if (!status) {
    EXPECT_EQ(status.error().kind, ErrorKind::kIo) << status.error().message;
  }
  EXPECT_EQ(read_back(*volume_, 4096, 8192), Bytes(contents.begin() + 4096, contents.begin() + 3 * 4096));

  // No lock stayed behind: what was cut off can be written and read again.
  ASSERT_EQ(::truncate(data_file().c_str(), kSize), 0);
  ASSERT_TRUE(volume_->write(0, contents, true));
  EXPECT_EQ(read_back(*volume_, 0, kSize), contents);
}

// On a disk pwrite would make the file longer again; in memory what is data already is written in place.
TEST_P(MappedVolume, WritesOverDataInPlaceOnlyInMemory) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 2; ++i)  // the second one maps the file, where it does
    ASSERT_TRUE(volume_->write(0, random_contents(random, 8192), false));
  ASSERT_EQ(::truncate(data_file().c_str(), 0), 0);
  const Status over_data = volume_->write(4096, random_contents(random, 4096), false);
  EXPECT_EQ(over_data.has_value(), !in_memory());
  if (!over_data) {
    EXPECT_EQ(over_data.error().kind, ErrorKind::kIo) << over_data.error().message;
  }
  // A first write never goes there: its space may be missing.
  ASSERT_EQ(::truncate(data_file().c_str(), 0), 0);
  EXPECT_TRUE(volume_->write(1 << 20, random_contents(random, 4096), false));
}

// First writes, writes over data, over zeros, unaligned; each read back, and all of it by a new opening.
TEST_P(MappedVolume, HoldsWhatWasWrittenLast) {
  std::mt19937_64 random(2);
  Bytes expected(kSize);
  for (int i = 0; i < 300; ++i) {
    const uint64_t offset = random() % kSize;
    const uint64_t length = std::min<uint64_t>(1 + random() % (i % 3 == 0 ? 300'000 : 9'000), kSize - offset);
    const bool aligned = i % 2 == 0;
    const uint64_t from = aligned ? offset / 4096 * 4096 : offset;
    const uint64_t size = aligned ? std::max<uint64_t>(length / 4096 * 4096, 4096) : length;
    const uint64_t kind = random() % 8;
    if (kind == 0) {
      ASSERT_TRUE(volume_->write_zeroes(from, size, random() % 2 == 0, false));
      std::fill_n(expected.begin() + static_cast<ptrdiff_t>(from), size, uint8_t{0});
    } else if (kind == 1) {
      ASSERT_TRUE(volume_->flush());
    } else {
      const Bytes data = random_contents(random, size);
      ASSERT_TRUE(volume_->write(from, data, false));
      std::copy(data.begin(), data.end(), expected.begin() + static_cast<ptrdiff_t>(from));
    }
    ASSERT_EQ(read_back(*volume_, from, size), Bytes(expected.begin() + static_cast<ptrdiff_t>(from),
                                                     expected.begin() + static_cast<ptrdiff_t>(from + size)));
  }
  ASSERT_TRUE(volume_->flush());
  open();
  EXPECT_EQ(read_back(*volume_, 0, kSize), expected);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, MappedVolume,
                         ::testing::Values(Place{"/var/tmp", true}, Place{"/var/tmp", false},
                                           Place{"/dev/shm", true}, Place{"/dev/shm", false}),
                         [](const auto& test) {
                           return std::string(test.param.folder == std::string("/var/tmp") ? "Disk"
                                                                                           : "Memory") +
                                  (test.param.encrypted ? "Encrypted" : "Plain");
                         });

}  // namespace
}  // namespace coffer::volume
