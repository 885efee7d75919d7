// SPDX-License-Identifier: Apache-2.0
// Is what was read kept exactly as long as the catalog stays as it is?
#include "catalog/read_cache.h"

#include <atomic>
#include <thread>

#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::catalog {
namespace {

class ReadCacheTest : public CatalogFixture {
 protected:
  Status set(const std::string& value) {
    return catalog_->write([&](Transaction& t) { return t.set_setting("name", value); });
  }
  std::string cached() {
    const auto found = cache_.get(*catalog_, "name", [&]() -> Result<std::shared_ptr<const std::string>> {
      ++loads_;
      std::shared_ptr<const std::string> value;
      COFFER_CHECK(catalog_->read([&](Transaction& t) -> Status {
        COFFER_TRY(row, t.setting("name"));
        if (row) value = std::make_shared<const std::string>(*row);
        return {};
      }));
      return value;
    });
    EXPECT_TRUE(found) << found.error().message;
    return found && *found ? **found : "";
  }

  ReadCache<std::string> cache_{2};
  std::atomic<int> loads_ = 0;
};

TEST_F(ReadCacheTest, ReadsOnceWhileNothingChanges) {
  ASSERT_TRUE(set("one"));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(cached(), "one");
  EXPECT_EQ(loads_, 1);
}

TEST_F(ReadCacheTest, AChangeCountsForTheNextReader) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(set(std::to_string(i)));
    EXPECT_EQ(cached(), std::to_string(i));
  }
}

TEST_F(ReadCacheTest, ARecordInTheTrailForgetsNothing) {
  ASSERT_TRUE(set("one"));
  EXPECT_EQ(cached(), "one");
  TrailEvent event;
  event.event_id = "1";
  ASSERT_TRUE(catalog_->write([&](Transaction& t) { return t.append_trail(event); }));
  EXPECT_EQ(cached(), "one");
  EXPECT_EQ(loads_, 1);
}

TEST_F(ReadCacheTest, WhatIsNotThereIsAskedForAgain) {
  EXPECT_EQ(cached(), "");
  EXPECT_EQ(cached(), "");
  EXPECT_EQ(loads_, 2);
}

TEST_F(ReadCacheTest, KeepsNoMoreThanItsCapacity) {
  const auto one = [] {
    return Result<std::shared_ptr<const std::string>>(std::make_shared<std::string>("x"));
  };
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(cache_.get(*catalog_, std::to_string(i), one));
  int found = 0;
  for (int i = 0; i < 10; ++i)
    ASSERT_TRUE(cache_.get(*catalog_, std::to_string(i), [&] {
      ++found;
      return one();
    }));
  EXPECT_GE(found, 8);
}

// A value that was read before a change must not come back after it, whoever reads meanwhile.
TEST_F(ReadCacheTest, NoReaderSeesAnOldValueAfterItsWriterWasAnswered) {
  ASSERT_TRUE(set("0"));
  std::atomic<int> answered = 0;
  std::atomic<bool> stop = false;
  std::atomic<int> stale = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!stop) {
        const int before = answered;
        if (std::stoi(cached()) < before) ++stale;
      }
    });
  for (int i = 1; i <= 300; ++i) {
    ASSERT_TRUE(set(std::to_string(i)));
    answered = i;
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(stale, 0);
}

}  // namespace
}  // namespace coffer::catalog
