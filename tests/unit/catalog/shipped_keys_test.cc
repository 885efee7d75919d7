// SPDX-License-Identifier: Apache-2.0
// Do the rows of keys survive the way out of the catalog and back, all of them or none?
#include "catalog/shipped_keys.h"

#include <gmock/gmock.h>

#include "format/backing_key_token.h"
#include "format/ciphertext_blob.h"
#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::catalog {
namespace {

const std::string kId = "mrk-1234abcd12ab84cd96ef1234567890ab";

Key a_key() {
  Key key;
  key.id = kId;
  key.account = "123456789012";
  key.region = "us-west-2";
  key.description = "d";
  key.policy = "{}";
  key.state = "Enabled";
  key.manager = "CUSTOMER";
  key.usage = "ENCRYPT_DECRYPT";
  key.spec = "SYMMETRIC_DEFAULT";
  key.origin = "EXTERNAL";
  key.multi_region = true;
  key.created = Timestamp{1};
  key.tags = {{"a", "b"}, {"c", ""}};
  key.current_version = 2;
  key.primary_region = "eu-west-1";
  key.deletion_date = Timestamp{2};
  key.deletion_window_days = 7;
  key.rotation_enabled = true;
  key.rotation_period_days = 90;
  key.next_rotation = Timestamp{3};
  key.on_demand_rotations = 4;
  key.on_demand_rotation_started = Timestamp{5};
  key.custom_key_store_id = "cks-1";
  key.store_key_id = "external";
  return key;
}
CustomKeyStore a_store() {
  CustomKeyStore store;
  store.id = "cks-1";
  store.account = "123456789012";
  store.region = "us-west-2";
  store.name = "outside";
  store.type = "EXTERNAL_KEY_STORE";
  store.connection_state = "CONNECTED";
  store.created = Timestamp{10};
  store.wrapped_secret = {5, 6};
  store.connectivity = "PUBLIC_ENDPOINT";
  store.uri_endpoint = "https://e";
  store.uri_path = "/kms/xks/v1";
  store.access_key_id = "A";
  return store;
}
BackingKey a_backing_key(uint32_t version) {
  return {kId,
          version,
          {1, 2, 3},
          "us-west-2",
          "ON_DEMAND",
          Timestamp{6},
          {4},
          std::string(64, 'a'),
          "KEY_MATERIAL_EXPIRES",
          Timestamp{7}};
}
ShippedKeys shipped() {
  return {{a_key()},
          {a_backing_key(1), a_backing_key(2)},
          {{"123456789012", "us-west-2", "alias/x", kId, Timestamp{8}, Timestamp{9}}},
          {a_store()}};
}

class ShippedKeysTest : public CatalogFixture {
 protected:
  // What the catalog has, as it would be shipped.
  Bytes contents() {
    return read<Bytes>([](Transaction& transaction) -> Result<Bytes> {
      ShippedKeys found;
      COFFER_TRY(keys, transaction.keys_of_id(kId));
      COFFER_TRY(backing_keys, transaction.backing_keys("us-west-2", kId));
      COFFER_TRY(aliases, transaction.aliases("123456789012", "us-west-2", kId, "", 10));
      COFFER_TRY(stores, transaction.custom_key_stores("123456789012", "us-west-2", "", 10));
      return encode({keys, backing_keys, aliases, stores});
    });
  }
};

TEST_F(ShippedKeysTest, EveryMemberComesBack) {
  const auto parsed = parse_shipped_keys(encode(shipped()));
  ASSERT_TRUE(parsed) << parsed.error().message;
  stored([&](Transaction& transaction) { return store(transaction, *parsed); });
  EXPECT_EQ(contents(), encode(shipped()));
}

TEST_F(ShippedKeysTest, ALaterRowTakesTheEarlierOnesPlaceAndTheSameAgainChangesNothing) {
  stored([&](Transaction& transaction) { return store(transaction, shipped()); });
  ShippedKeys later = shipped();
  later.keys.front().state = "Disabled";
  later.keys.front().current_version = 3;
  later.keys.front().tags = {{"only", "one"}};
  later.backing_keys = {a_backing_key(1), a_backing_key(2), a_backing_key(3)};
  later.backing_keys.back().token = {9};
  for (int time = 0; time < 2; ++time) {
    stored([&](Transaction& transaction) { return store(transaction, later); });
    EXPECT_EQ(contents(), encode(later));
  }
}

TEST_F(ShippedKeysTest, AStoreThatIsThereStaysAndANameIsGivenOnce) {
  CustomKeyStore there = a_store();
  there.name = "renamed";
  CustomKeyStore namesake = a_store();
  namesake.id = "cks-2";
  stored([&](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_custom_key_store(there));
    COFFER_CHECK(transaction.insert_custom_key_store(namesake));
    ShippedKeys rows = shipped();
    rows.custom_key_stores.push_back(a_store());
    rows.custom_key_stores.back().id = "cks-3";
    return store(transaction, rows);
  });
  std::vector<std::string> names;
  for (const auto& row : read<std::vector<CustomKeyStore>>(
           [](Transaction& t) { return t.custom_key_stores("123456789012", "us-west-2", "", 10); }))
    names.push_back(row.name);
  EXPECT_THAT(names, ::testing::ElementsAre("renamed", "outside", "cks-3"));
}

TEST_F(ShippedKeysTest, NothingElseIsTaken) {
  const Bytes whole = encode(shipped());
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(parse_shipped_keys(ByteView(whole).first(size))) << size;
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(parse_shipped_keys(longer));
  Bytes newer = whole;
  newer.front() = 2;
  EXPECT_EQ(parse_shipped_keys(newer).error().kind, ErrorKind::kTooNew);
}

TEST_F(ShippedKeysTest, ATokenUnderADestroyedDomainKeyIsRefused) {
  ShippedKeys rows = shipped();
  format::BackingKeyTokenHeader header;
  header.domain_key_version = 3;
  header.binding = {"123456789012", "us-west-2", kId};
  header.backing_key_version = 1;
  rows.backing_keys.resize(1);
  rows.custom_key_stores.clear();
  rows.backing_keys.front().token = format::encode(header);
  rows.backing_keys.front().token.resize(rows.backing_keys.front().token.size() + format::kBackingKeySize +
                                         format::kTagSize);
  stored([](Transaction& transaction) { return transaction.raise_oldest_domain_key(4); });
  const Status refused = catalog_->write([&](Transaction& transaction) { return store(transaction, rows); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(contents(), encode({}));
}

}  // namespace
}  // namespace coffer::catalog
