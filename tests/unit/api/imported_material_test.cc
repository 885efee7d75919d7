// SPDX-License-Identifier: Apache-2.0
// Is imported material erased, and its key pending import, once its time is over?
#include "services/kms/imported_material.h"

#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

class ImportedMaterial : public ApiFixture {
 protected:
  // A key whose material is good for so many seconds from now.
  catalog::Key key_with_material(int64_t seconds, const std::string& state) {
    catalog::Key key;
    key.id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    key.account = "123456789012";
    key.region = "us-west-2";
    key.policy = "{}";
    key.state = state;
    key.manager = "CUSTOMER";
    key.usage = "ENCRYPT_DECRYPT";
    key.spec = "SYMMETRIC_DEFAULT";
    key.origin = "EXTERNAL";
    catalog::BackingKey material;
    material.key_id = key.id;
    material.token = to_bytes("a token");
    material.material_id = "its id";
    material.expiration_model = "KEY_MATERIAL_EXPIRES";
    material.valid_to = Timestamp{system_clock().now().microseconds + seconds * 1'000'000};
    EXPECT_TRUE(catalog_->write(
        [&](catalog::Transaction& transaction) { return transaction.insert_key(key, material); }));
    return key;
  }

  std::pair<catalog::Key, catalog::BackingKey> stored(const catalog::Key& key) {
    std::pair<catalog::Key, catalog::BackingKey> rows;
    EXPECT_TRUE(catalog_->read([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(key_row, transaction.key(key.region, key.id));
      COFFER_TRY(material, transaction.backing_key(key.region, key.id, 1));
      rows = {*key_row, *material};
      return {};
    }));
    return rows;
  }

  size_t records() {
    size_t count = 0;
    EXPECT_TRUE(catalog_->read([&](catalog::Transaction& transaction) -> Status {
      COFFER_TRY(events, transaction.trail("123456789012", 100));
      for (const auto& event : events) count += event.event_name == "DeleteExpiredKeyMaterial" ? 1 : 0;
      return {};
    }));
    return count;
  }
};

TEST_F(ImportedMaterial, IsErasedAtItsTimeAndRecordedOnce) {
  const auto key = key_with_material(-1, "Enabled");
  for (int round = 0; round < 2; ++round)
    ASSERT_TRUE(services::kms::expire_imported_material(*installation_));
  const auto [row, material] = stored(key);
  EXPECT_EQ(row.state, "PendingImport");
  EXPECT_TRUE(material.token.empty());
  EXPECT_EQ(material.material_id, "its id");
  EXPECT_FALSE(material.valid_to);
  EXPECT_EQ(records(), 1u);
}

TEST_F(ImportedMaterial, StaysUntilThen) {
  const auto key = key_with_material(60, "Enabled");
  ASSERT_TRUE(services::kms::expire_imported_material(*installation_));
  EXPECT_EQ(stored(key).first.state, "Enabled");
  EXPECT_FALSE(stored(key).second.token.empty());
  EXPECT_EQ(records(), 0u);
}

TEST_F(ImportedMaterial, OfAKeyPendingDeletionIsErasedAndTheKeyStaysSo) {
  const auto key = key_with_material(-1, "PendingDeletion");
  ASSERT_TRUE(services::kms::expire_imported_material(*installation_));
  EXPECT_EQ(stored(key).first.state, "PendingDeletion");
  EXPECT_TRUE(stored(key).second.token.empty());
}

TEST_F(ImportedMaterial, IsOverForWhoeverReadsTheKeyBeforeItIsErased) {
  auto key = key_with_material(-1, "Enabled");
  ASSERT_TRUE(catalog_->read([&](catalog::Transaction& transaction) {
    return services::kms::note_expiry(transaction, key, system_clock().now());
  }));
  EXPECT_EQ(key.state, "PendingImport");
}

}  // namespace
}  // namespace coffer::api
