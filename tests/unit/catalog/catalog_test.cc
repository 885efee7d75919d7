// SPDX-License-Identifier: Apache-2.0
// Does the store commit together, undo alone, stay durable, erase what was deleted and refuse what it cannot
// read?
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <random>
#include <thread>

#include "base/disk.h"
#include "base/encoding.h"
#include "catalog/catalog.h"
#include "catalog/schema.h"
#include "tests/unit/catalog/temporary_folder.h"

namespace coffer::catalog {
namespace {

class CatalogTest : public ::testing::Test {
 protected:
  std::unique_ptr<Catalog> open() {
    auto opened = Catalog::open(path_);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  static std::optional<std::string> setting(Catalog& catalog, const std::string& name) {
    std::optional<std::string> found;
    const auto status = catalog.read([&](Transaction& t) -> Status {
      COFFER_TRY(value, t.setting(name));
      found = value;
      return {};
    });
    EXPECT_TRUE(status) << status.error().message;
    return found;
  }

  testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "catalog.db";
};

TEST_F(CatalogTest, OneFailingWriterLeavesTheOthersOfItsCommitIntact) {
  const auto catalog = open();
  constexpr int kThreads = 8, kWrites = 40;
  std::atomic<int> refused = 0;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kWrites; ++i) {
        const std::string name = std::to_string(thread) + "/" + std::to_string(i);
        const auto status = catalog->write([&](Transaction& t) -> Status {
          COFFER_CHECK(t.set_setting(name, "written"));
          if (thread == 0) return fail(ErrorKind::kInvalidArgument, "this writer fails");
          return {};
        });
        if (!status && status.error().kind == ErrorKind::kInvalidArgument) ++refused;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(refused, kWrites);
  const auto reopened = open();
  for (int thread = 0; thread < kThreads; ++thread)
    for (int i = 0; i < kWrites; ++i)
      ASSERT_EQ(setting(*reopened, std::to_string(thread) + "/" + std::to_string(i)).has_value(),
                thread != 0);
}

TEST_F(CatalogTest, AnExceptionInABodyUndoesItAndIsAnError) {
  const auto catalog = open();
  const auto status = catalog->write([](Transaction& t) -> Status {
    COFFER_CHECK(t.set_setting("name", "value"));
    throw std::runtime_error("thrown");
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::kInternal);
  EXPECT_EQ(setting(*catalog, "name"), std::nullopt);
  EXPECT_TRUE(catalog->write([](Transaction& t) { return t.set_setting("name", "later"); }));
}

TEST_F(CatalogTest, AReaderChangesNothing) {
  const auto catalog = open();
  EXPECT_FALSE(catalog->read([](Transaction& t) { return t.set_setting("name", "value"); }));
  EXPECT_EQ(setting(*catalog, "name"), std::nullopt);
}

TEST_F(CatalogTest, AReaderIsNotBlockedByAWriterAndSeesNothingOfIt) {
  const auto catalog = open();
  const auto status = catalog->write([&](Transaction& t) -> Status {
    COFFER_CHECK(t.set_setting("name", "value"));
    EXPECT_EQ(setting(*catalog, "name"), std::nullopt);
    return {};
  });
  EXPECT_TRUE(status);
  EXPECT_EQ(setting(*catalog, "name"), "value");
}

TEST_F(CatalogTest, IsReadableByItsOwnerOnly) {
  const auto catalog = open();
  ASSERT_TRUE(catalog->write([](Transaction& t) { return t.set_setting("name", "value"); }));
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
    ++files;
  }
  EXPECT_EQ(files, 4);  // the database, its log, the log's index, and the reserved space
}

// A call that only reads is recorded, and that is enough to see that there is room again.
TEST_F(CatalogTest, TheReserveIsTakenBackByWhateverIsWritten) {
  const std::filesystem::path reserve = folder_ / "catalog.db.reserve";
  std::filesystem::create_directory(reserve);  // nothing can be reserved
  const auto catalog = open();
  std::filesystem::remove(reserve);
  const auto back = [&] {
    EXPECT_TRUE(catalog->append_trail({"event-" + std::to_string(std::rand()), "123456789012", "us-west-2"}));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return std::filesystem::exists(reserve);
  };
  bool taken = false;
  for (int i = 0; i < 100 && !taken; ++i) taken = back();
  EXPECT_TRUE(taken);
}

bool occurs_in_folder(const std::string& folder, const Bytes& pattern) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string contents((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (contents.find(std::string(as_text(pattern))) != std::string::npos) return true;
  }
  return false;
}

TEST_F(CatalogTest, DeletedKeysAreGoneFromAllFiles) {
  const auto catalog = open();
  std::mt19937 random(7);
  const auto volume_with_key = [&](int i) {
    Volume volume;
    volume.id = "vol-" + std::to_string(i);
    volume.account = "123456789012";
    volume.region = "us-west-2";
    volume.state = "available";
    volume.wrapped_key.resize(i % 10 == 0 ? 9000 : 200);  // overflow pages too
    for (auto& byte : volume.wrapped_key) byte = static_cast<uint8_t>(random());
    return volume;
  };
  std::vector<Volume> volumes;
  for (int i = 0; i < 50; ++i) {
    volumes.push_back(volume_with_key(i));
    ASSERT_TRUE(catalog->write([&](Transaction& t) { return t.insert_volume(volumes.back()); }));
  }
  const auto part = [](const Volume& volume) {
    return Bytes(volume.wrapped_key.end() - 24, volume.wrapped_key.end());
  };
  for (const auto& volume : volumes) ASSERT_TRUE(occurs_in_folder(folder_.path(), part(volume)));
  for (const auto& volume : volumes)
    ASSERT_TRUE(catalog->write([&](Transaction& t) {
      Volume erased = volume;
      erased.wrapped_key.clear();
      return t.update_volume(erased);
    }));
  const auto erased = catalog->erase_deleted();
  ASSERT_TRUE(erased) << erased.error().message;
  for (const auto& volume : volumes)
    EXPECT_FALSE(occurs_in_folder(folder_.path(), part(volume))) << volume.id;
}

TEST_F(CatalogTest, RefusesAFileOfALaterReleaseInWords) {
  open().reset();
  auto connection = Connection::open(path_, Connection::Use::kWrite);
  ASSERT_TRUE(connection);
  ASSERT_TRUE((*connection)->execute("PRAGMA user_version = 9999"));
  connection->reset();
  const auto opened = Catalog::open(path_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kTooNew);
  EXPECT_NE(opened.error().message.find("later release"), std::string::npos);
  EXPECT_NE(opened.error().message.find("9999"), std::string::npos);
}

TEST_F(CatalogTest, RefusesWhatIsNoDatabase) {
  const std::string noise(8192, 'x');
  ASSERT_TRUE(replace_file(system_disk(), path_, as_bytes(noise)));
  const auto opened = Catalog::open(path_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt);
}

TEST_F(CatalogTest, AnOlderFileIsMigratedAndKeepsItsRows) {
  const std::array steps = {
      Migration{1,
                "CREATE TABLE migrations (version INTEGER PRIMARY KEY, applied INTEGER);"
                "CREATE TABLE things (name TEXT); INSERT INTO things VALUES ('old')"},
      Migration{2, "ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 4"},
      Migration{3, "UPDATE things SET size = size + 1"}};
  ASSERT_TRUE(system_disk().open(path_, {.create = true}));
  auto connection = Connection::open(path_, Connection::Use::kWrite);
  ASSERT_TRUE(connection);
  ASSERT_TRUE(migrate(**connection, std::span(steps).first(1), Timestamp{1}));
  for (int again = 0; again < 2; ++again) ASSERT_TRUE(migrate(**connection, steps, Timestamp{2}));
  {
    Query query(**connection, "SELECT name, size FROM things");
    ASSERT_EQ(query.next(), true);
    EXPECT_EQ(query.text(), "old");
    EXPECT_EQ(query.integer(), 5);
  }
  Query applied(**connection, "SELECT version, applied FROM migrations ORDER BY version");
  for (int version = 1; version <= 3; ++version) {
    ASSERT_EQ(applied.next(), true);
    EXPECT_EQ(applied.integer(), version);
    EXPECT_EQ(applied.integer(), version == 1 ? 1 : 2);
  }
}

TEST_F(CatalogTest, AFailingMigrationLeavesTheFileAsItWas) {
  const std::array steps = {
      Migration{1, "CREATE TABLE migrations (version INTEGER PRIMARY KEY, applied INTEGER)"},
      Migration{2, "CREATE TABLE half (name TEXT); this is no SQL"}};
  ASSERT_TRUE(system_disk().open(path_, {.create = true}));
  auto connection = Connection::open(path_, Connection::Use::kWrite);
  ASSERT_TRUE(connection);
  EXPECT_FALSE(migrate(**connection, steps, Timestamp{1}));
  Query version(**connection, "PRAGMA user_version");
  ASSERT_EQ(version.next(), true);
  EXPECT_EQ(version.integer(), 1);
  EXPECT_EQ((*connection)->statement("SELECT * FROM half"), nullptr);
}

TEST(MigrationList, IsConsecutive) {
  int expected = 1;
  for (const Migration& step : migrations()) EXPECT_EQ(step.version, expected++);
}

// A write that finds no space fails whole, and later ones succeed when there is space again.
TEST_F(CatalogTest, AFullDiskFailsTheWriteAndNothingElse) {
  const auto catalog = open();
  ASSERT_TRUE(catalog->write([](Transaction& t) { return t.set_setting("before", "x"); }));
  struct sigaction ignored {
  }, previous{};
  ignored.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &ignored, &previous);
  rlimit limit{};
  ::getrlimit(RLIMIT_FSIZE, &limit);
  const rlimit small{1, limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto refused =
      catalog->write([](Transaction& t) { return t.set_setting("during", std::string(100000, 'x')); });
  ::setrlimit(RLIMIT_FSIZE, &limit);
  ::sigaction(SIGXFSZ, &previous, nullptr);
  EXPECT_FALSE(refused);
  const auto after = catalog->write([](Transaction& t) { return t.set_setting("after", "x"); });
  EXPECT_TRUE(after) << after.error().message;
  EXPECT_EQ(setting(*catalog, "before"), "x");
  EXPECT_EQ(setting(*catalog, "during"), std::nullopt);
  EXPECT_EQ(setting(*catalog, "after"), "x");
}

}  // namespace
}  // namespace coffer::catalog
