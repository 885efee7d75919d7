// SPDX-License-Identifier: Apache-2.0
// Do the domain keys survive whatever happens to one copy, and open with their own seal only?
#include "keys/domain_key_store.h"

#include <gtest/gtest.h>

#include "crypto/mac.h"
#include "seals/key_file_seal.h"
#include "tests/support/scratch_folder.h"

namespace coffer::keys {
namespace {

using seals::create_key_file_seal;
using seals::Seal;

void put(const std::string& path, ByteView bytes) {
  auto file = system_disk().open(path, {.create = true});
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->truncate(0));
  ASSERT_TRUE((*file)->write(0, bytes));
}

struct DomainKeyStoreTest : ::testing::Test {
  void SetUp() override {
    seal = std::move(*create_key_file_seal(system_disk(), seal_file));
    auto made = store.initialise(*seal);
    ASSERT_TRUE(made) << made.error().message;
    key = made->newest().clone();
    good = *read_file(system_disk(), copies[0]);
    ASSERT_EQ(good, *read_file(system_disk(), copies[1]));
  }
  void expect_loads_and_mends(const std::string& what) {
    const auto loaded = store.load(*seal);
    ASSERT_TRUE(loaded) << what << ": " << loaded.error().message;
    EXPECT_TRUE(loaded->newest().equals(key)) << what;
    for (const auto& copy : copies) EXPECT_EQ(*read_file(system_disk(), copy), good) << what;
  }

  ScratchFolder scratch;
  const std::string seal_file = scratch / "seal.key";
  const std::string folder = scratch / "keyd";
  const std::string copies[2] = {folder + "/domain-keys.0", folder + "/domain-keys.1"};
  std::unique_ptr<Seal> seal;
  DomainKeyStore store{system_disk(), folder};
  secret::SecretBytes key;
  Bytes good;
};

TEST_F(DomainKeyStoreTest, ACopyTornAnywhereIsMendedFromItsTwin) {
  for (const auto& copy : copies) {
    for (size_t size = 0; size < good.size(); ++size) {
      put(copy, ByteView(good).first(size));
      expect_loads_and_mends(copy + " cut at " + std::to_string(size));
    }
  }
}

TEST_F(DomainKeyStoreTest, ACopyDamagedAnywhereIsMendedFromItsTwin) {
  for (const auto& copy : copies) {
    for (size_t at = 0; at < good.size(); ++at) {
      Bytes damaged = good;
      damaged[at] ^= 0x10;
      put(copy, damaged);
      expect_loads_and_mends(copy + " damaged at " + std::to_string(at));
    }
  }
}

TEST_F(DomainKeyStoreTest, AMissingCopyIsMended) {
  for (const auto& copy : copies) {
    ASSERT_TRUE(system_disk().remove(copy));
    expect_loads_and_mends(copy);
  }
}

// A handle that was opened before sees the blocks that had the old copy, whatever has its name now.
TEST_F(DomainKeyStoreTest, TheBytesOfReplacedCopiesAreOverwritten) {
  std::unique_ptr<File> old[2];
  for (int i = 0; i < 2; ++i) old[i] = std::move(*system_disk().open(copies[i], {.read_only = true}));
  const auto keys = store.load(*seal);
  ASSERT_TRUE(keys);
  ASSERT_TRUE(store.replace(*keys, *seal));
  for (const auto& file : old) {
    Bytes left(good.size(), 1);
    ASSERT_TRUE(file->read(0, left));
    EXPECT_EQ(left, Bytes(good.size()));
  }
  EXPECT_TRUE(store.both_current());
}

TEST_F(DomainKeyStoreTest, TheBytesOfAnOlderTwinAreOverwrittenWhenItIsMended) {
  ASSERT_TRUE(store.replace(*store.load(*seal), *seal));
  put(copies[1], good);  // as after a crash between the two
  const auto old = std::move(*system_disk().open(copies[1], {.read_only = true}));
  ASSERT_TRUE(store.load(*seal));
  Bytes left(good.size(), 1);
  ASSERT_TRUE(old->read(0, left));
  EXPECT_EQ(left, Bytes(good.size()));
  EXPECT_TRUE(store.both_current());
}

TEST_F(DomainKeyStoreTest, WhatAChangeThatWasCutOffLeftAsideIsOverwrittenAndRemoved) {
  for (const auto& copy : copies) put(copy + ".new", good);
  const auto aside = std::move(*system_disk().open(copies[1] + ".new", {.read_only = true}));
  ASSERT_TRUE(store.load(*seal));
  for (const auto& copy : copies) EXPECT_FALSE(*system_disk().exists(copy + ".new"));
  Bytes left(good.size(), 1);
  ASSERT_TRUE(aside->read(0, left));
  EXPECT_EQ(left, Bytes(good.size()));
}

TEST_F(DomainKeyStoreTest, WhatLiesAsideStaysWhereNeitherCopyOpens) {
  put(copies[0] + ".new", good);
  for (const auto& copy : copies) put(copy, to_bytes("damaged"));
  EXPECT_FALSE(store.load(*seal));
  EXPECT_EQ(*read_file(system_disk(), copies[0] + ".new"), good);
}

TEST_F(DomainKeyStoreTest, BothCopiesDamagedIsAnErrorThatNamesTheSeal) {
  for (const auto& copy : copies) put(copy, ByteView(good).first(good.size() / 2));
  const auto loaded = store.load(*seal);
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().kind, ErrorKind::kCorrupt);
  EXPECT_NE(loaded.error().message.find(seal_file), std::string::npos);
}

TEST_F(DomainKeyStoreTest, ALaterReleasesCopyIsNeverReplaced) {
  Bytes later = good;
  later[8] = 3;
  const auto checksum = crypto::sha256(ByteView(later).first(later.size() - sizeof(crypto::Sha256)));
  std::ranges::copy(checksum, later.end() - checksum.size());
  put(copies[1], later);
  EXPECT_EQ(store.load(*seal).error().kind, ErrorKind::kTooNew);
  EXPECT_EQ(*read_file(system_disk(), copies[1]), later);
}

TEST_F(DomainKeyStoreTest, TheSealOfAnotherInstallationIsRefused) {
  const auto other = create_key_file_seal(system_disk(), scratch / "other.key");
  EXPECT_EQ(store.load(**other).error().kind, ErrorKind::kRefusedCiphertext);
  for (const auto& copy : copies) EXPECT_EQ(*read_file(system_disk(), copy), good);
}

TEST_F(DomainKeyStoreTest, DomainKeysAreNeverMadeTwice) {
  EXPECT_EQ(store.initialise(*seal).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(DomainKeyStore(system_disk(), scratch / "nowhere").load(*seal).error().kind,
            ErrorKind::kNotFound);
}

TEST_F(DomainKeyStoreTest, NoDomainKeyLiesInTheClear) {
  const ByteView raw = key.read(secret::RawAccess::because("the test searches for it"));
  const auto holds_key = [&](const Bytes& bytes) {
    return std::search(bytes.begin(), bytes.end(), raw.begin(), raw.end()) != bytes.end();
  };
  Bytes control = good;
  control.insert(control.end(), raw.begin(), raw.end());
  EXPECT_TRUE(holds_key(control));
  EXPECT_FALSE(holds_key(good));
}

}  // namespace
}  // namespace coffer::keys
