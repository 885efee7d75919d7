// SPDX-License-Identifier: Apache-2.0
// Does the catalog know what was written of a snapshot, in the order of its blocks, until it is told to
// forget?
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "tests/unit/catalog/temporary_folder.h"

namespace coffer::catalog {
namespace {

using ::testing::ElementsAre;

class SnapshotUploadRows : public ::testing::Test {
 protected:
  SnapshotUploadRows() : catalog_(std::move(*Catalog::open(folder_ / "catalog.db"))) {}

  void write(const std::function<Status(Transaction&)>& body) {
    const auto status = catalog_->write(body);
    ASSERT_TRUE(status) << status.error().message;
  }
  std::vector<uint32_t> blocks(const std::string& snapshot_id, uint64_t first = 0, size_t limit = 100) {
    std::vector<uint32_t> found;
    EXPECT_TRUE(catalog_->read([&](Transaction& transaction) -> Status {
      COFFER_TRY(written, transaction.written_blocks(snapshot_id, first, limit));
      for (const auto& block : written) found.push_back(block.index);
      return {};
    }));
    return found;
  }

  testing::TemporaryFolder folder_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(SnapshotUploadRows, AnUploadComesBack) {
  write([](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_snapshot_upload({"snap-1", 10, Timestamp{5}}));
    COFFER_CHECK(transaction.insert_snapshot_upload({"snap-2", 4320, Timestamp{6}}));
    return transaction.set_last_active("snap-1", Timestamp{7});
  });
  write([](Transaction& transaction) -> Status {
    COFFER_TRY(one, transaction.snapshot_upload("snap-1"));
    EXPECT_EQ(one->timeout_minutes, 10u);
    EXPECT_EQ(one->last_active, Timestamp{7});
    COFFER_TRY(all, transaction.snapshot_uploads());
    EXPECT_EQ(all.size(), 2u);
    EXPECT_FALSE(transaction.set_last_active("snap-3", Timestamp{7}));
    COFFER_CHECK(transaction.remove_snapshot_upload("snap-1"));
    COFFER_TRY(gone, transaction.snapshot_upload("snap-1"));
    EXPECT_FALSE(gone);
    return {};
  });
}

TEST_F(SnapshotUploadRows, BlocksComeInOrderAndByPages) {
  write([](Transaction& transaction) -> Status {
    for (const uint32_t index : {9u, 2u, 134217727u, 5u})
      COFFER_CHECK(transaction.put_written_block("snap-1", {index, Bytes(32, uint8_t(index))}));
    return transaction.put_written_block("snap-2", {3, Bytes(32)});
  });
  EXPECT_THAT(blocks("snap-1"), ElementsAre(2, 5, 9, 134217727));
  EXPECT_THAT(blocks("snap-1", 0, 2), ElementsAre(2, 5));
  EXPECT_THAT(blocks("snap-1", 6, 2), ElementsAre(9, 134217727));
  EXPECT_THAT(blocks("snap-2"), ElementsAre(3));
}

TEST_F(SnapshotUploadRows, TheLastChecksumOfABlockCounts) {
  write([](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.put_written_block("snap-1", {9, Bytes(32, 1)}));
    COFFER_CHECK(transaction.put_written_block("snap-1", {9, Bytes(32, 2)}));
    COFFER_TRY(block, transaction.written_block("snap-1", 9));
    EXPECT_EQ(block->checksum, Bytes(32, 2));
    COFFER_CHECK(transaction.remove_written_block("snap-1", 9));
    COFFER_TRY(gone, transaction.written_block("snap-1", 9));
    EXPECT_FALSE(gone);
    return {};
  });
}

TEST_F(SnapshotUploadRows, BlocksAreForgottenInPieces) {
  write([](Transaction& transaction) -> Status {
    for (uint32_t index = 0; index < 5; ++index)
      COFFER_CHECK(transaction.put_written_block("snap-1", {index, Bytes(32)}));
    COFFER_CHECK(transaction.put_written_block("snap-2", {3, Bytes(32)}));
    COFFER_TRY(first, transaction.remove_written_blocks("snap-1", 3));
    COFFER_TRY(second, transaction.remove_written_blocks("snap-1", 3));
    COFFER_TRY(third, transaction.remove_written_blocks("snap-1", 3));
    EXPECT_EQ(first + second, 5u);
    EXPECT_EQ(third, 0u);
    return {};
  });
  EXPECT_THAT(blocks("snap-1"), ElementsAre());
  EXPECT_THAT(blocks("snap-2"), ElementsAre(3));
}

}  // namespace
}  // namespace coffer::catalog
