// SPDX-License-Identifier: Apache-2.0
// Does a catalog of each earlier version open, with what is in it?
#include <gtest/gtest.h>

#include "base/disk.h"
#include "catalog/catalog.h"
#include "catalog/schema.h"
#include "tests/unit/catalog/temporary_folder.h"

namespace coffer::catalog {
namespace {

class OlderFile : public ::testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    const auto sql = read_file(system_disk(), COFFER_SOURCE_DIR "/tests/unit/catalog/fixtures/version-" +
                                                  std::to_string(GetParam()) + ".sql");
    ASSERT_TRUE(sql) << sql.error().message;
    ASSERT_TRUE(system_disk().open(path_, {.create = true}));
    auto connection = Connection::open(path_, Connection::Use::kWrite);
    ASSERT_TRUE(connection);
    const auto filled = (*connection)->execute(std::string(as_text(*sql)).c_str());
    ASSERT_TRUE(filled) << filled.error().message;
  }

  static std::vector<std::string> tables(Connection& connection) {
    Query query(connection, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name");
    auto all = rows(query, [](Query& row) { return row.text(); });
    return all ? *all : std::vector<std::string>();
  }

  testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "catalog.db";
};

TEST_P(OlderFile, OpensWithItsRows) {
  auto catalog = Catalog::open(path_);
  ASSERT_TRUE(catalog) << catalog.error().message;
  const auto status = (*catalog)->read([](Transaction& transaction) -> Status {
    COFFER_TRY(alias, transaction.alias("123456789012", "us-west-2", "alias/fixture"));
    if (!alias) return fail(ErrorKind::kNotFound, "alias");
    COFFER_TRY(key, transaction.key("us-west-2", alias->target_key_id));
    if (!key) return fail(ErrorKind::kNotFound, "key");
    EXPECT_EQ(key->description, "fixture");
    EXPECT_EQ(key->tags.size(), 1u);
    COFFER_TRY(token, transaction.backing_key("us-west-2", key->id, key->current_version));
    EXPECT_TRUE(token && !token->token.empty());
    COFFER_TRY(volumes, transaction.volumes("123456789012", "us-west-2", "", 10));
    if (volumes.size() != 1) return fail(ErrorKind::kNotFound, "volume");
    EXPECT_EQ(volumes[0].state, "in-use");
    EXPECT_TRUE(volumes[0].encrypted);
    COFFER_TRY(attachment, transaction.attachment(volumes[0].id));
    EXPECT_TRUE(attachment && attachment->device == "/dev/sdf");
    COFFER_TRY(answer,
               transaction.idempotent_answer("123456789012", "us-west-2", "CreateVolume", "fixture-token"));
    EXPECT_TRUE(answer);
    COFFER_TRY(events, transaction.trail("123456789012", 100));
    EXPECT_EQ(events.size(), 7u);
    return {};
  });
  EXPECT_TRUE(status) << status.error().message;
}

// Since version 6 what accounts are called is their own; earlier it was kept with their membership.
TEST_P(OlderFile, KeepsWhatAccountsAreCalled) {
  auto catalog = Catalog::open(path_);
  ASSERT_TRUE(catalog) << catalog.error().message;
  const auto status = (*catalog)->write([](Transaction& transaction) -> Status {
    COFFER_TRY(manager, transaction.member_account("123456789012"));
    EXPECT_EQ(manager.has_value(), GetParam() >= 4);
    if (manager) EXPECT_EQ(manager->email, "fixture@example.com");
    if (GetParam() < 5) return {};
    COFFER_TRY(member, transaction.member_account("210987654321"));
    EXPECT_TRUE(member && member->name == "Fixture's member" && member->closed);
    COFFER_CHECK(transaction.remove_member_account("210987654321"));
    COFFER_TRY(account, transaction.account("210987654321"));
    EXPECT_TRUE(account && account->name == "Fixture's member" && account->email == "Member@example.com");
    COFFER_TRY(taken, transaction.is_email_of_account("member@EXAMPLE.com"));
    EXPECT_TRUE(taken);
    return {};
  });
  EXPECT_TRUE(status) << status.error().message;
}

// A step that was released is never changed: the file has the tables that the steps up to its version make.
TEST_P(OlderFile, HasTheTablesOfItsVersion) {
  const std::string fresh_path = folder_ / "fresh.db";
  ASSERT_TRUE(system_disk().open(fresh_path, {.create = true}));
  auto fresh = Connection::open(fresh_path, Connection::Use::kWrite);
  ASSERT_TRUE(fresh);
  ASSERT_TRUE(migrate(**fresh, migrations().first(static_cast<size_t>(GetParam())), Timestamp{1}));
  auto older = Connection::open(path_, Connection::Use::kRead);
  ASSERT_TRUE(older);
  const auto expected = tables(**fresh);
  EXPECT_FALSE(expected.empty());
  EXPECT_EQ(tables(**older), expected);
}

INSTANTIATE_TEST_SUITE_P(Versions, OlderFile, ::testing::Values(1, 2, 3, 4, 5));

}  // namespace
}  // namespace coffer::catalog
