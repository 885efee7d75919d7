// SPDX-License-Identifier: Apache-2.0
// Does the catalog keep the life of a KMS key: its regions, rotations, aliases, use and end?
#include <gmock/gmock.h>

#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kId = "mrk-1234abcd12ab84cd96ef1234567890ab";

class KeyRows : public CatalogFixture {
 protected:
  static Key a_key(const std::string& region, const std::string& id = kId) {
    Key key;
    key.id = id;
    key.account = "123456789012";
    key.region = region;
    key.state = "Enabled";
    key.created = Timestamp{1};
    key.tags = {{"where", region}};
    return key;
  }
  void insert(const Key& key) {
    stored([&](Transaction& t) { return t.insert_key(key, {key.id, 1, {1}}); });
  }
  std::vector<std::string> to_rotate(int64_t now) {
    std::vector<std::string> regions;
    for (const Key& key :
         read<std::vector<Key>>([&](Transaction& t) { return t.keys_to_rotate(Timestamp{now}); }))
      regions.push_back(key.region);
    return regions;
  }
};

TEST_F(KeyRows, OneIdInSeveralRegions) {
  for (const char* region : {"us-west-2", "eu-west-1"}) insert(a_key(region));
  const auto keys = read<std::vector<Key>>([](Transaction& t) { return t.keys_of_id(kId); });
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].region, "eu-west-1");
  EXPECT_THAT(keys[0].tags, ElementsAre(std::pair("where", "eu-west-1")));
  EXPECT_THAT(keys[1].tags, ElementsAre(std::pair("where", "us-west-2")));
}

TEST_F(KeyRows, WhatAKeyMayBecomeIsKept) {
  insert(a_key("us-west-2"));
  Key key = a_key("us-west-2");
  key.description = "d";
  key.policy = "p";
  key.state = "PendingDeletion";
  key.current_version = 2;
  key.primary_region = "eu-west-1";
  key.deletion_date = Timestamp{9};
  key.deletion_window_days = 7;
  key.rotation_enabled = true;
  key.rotation_period_days = 90;
  key.next_rotation = Timestamp{8};
  key.on_demand_rotations = 3;
  key.on_demand_rotation_started = Timestamp{7};
  stored([&](Transaction& t) { return t.update_key(key); });
  const auto found = read<std::optional<Key>>([](Transaction& t) { return t.key("us-west-2", kId); });
  ASSERT_TRUE(found);
  EXPECT_EQ(std::tie(found->description, found->policy, found->state, found->current_version,
                     found->primary_region, found->deletion_date, found->deletion_window_days),
            std::tie(key.description, key.policy, key.state, key.current_version, key.primary_region,
                     key.deletion_date, key.deletion_window_days));
  EXPECT_EQ(std::tie(found->rotation_enabled, found->rotation_period_days, found->next_rotation,
                     found->on_demand_rotations, found->on_demand_rotation_started),
            std::tie(key.rotation_enabled, key.rotation_period_days, key.next_rotation,
                     key.on_demand_rotations, key.on_demand_rotation_started));
  EXPECT_EQ(read<std::vector<Key>>([](Transaction& t) { return t.keys_in_state("PendingDeletion"); }).size(),
            1u);
}

TEST_F(KeyRows, EnabledKeysAreDueByTheirDate) {
  Key due = a_key("a"), disabled = a_key("b"), on_demand = a_key("c"), never = a_key("d");
  due.next_rotation = disabled.next_rotation = Timestamp{100};
  disabled.state = "Disabled";
  on_demand.on_demand_rotation_started = Timestamp{50};
  for (const Key& key : {due, disabled, on_demand, never}) insert(key);
  EXPECT_THAT(to_rotate(99), ElementsAre("c"));
  EXPECT_THAT(to_rotate(100), ElementsAre("a", "c"));
}

TEST_F(KeyRows, BackingKeysAreTheirRegions) {
  insert(a_key("us-west-2"));
  insert(a_key("eu-west-1"));
  BackingKey second{kId, 2, {2, 2}, "us-west-2", "AUTOMATIC", Timestamp{5}};
  stored([&](Transaction& t) { return t.insert_backing_key(second); });
  const auto here =
      read<std::vector<BackingKey>>([](Transaction& t) { return t.backing_keys("us-west-2", kId); });
  ASSERT_EQ(here.size(), 2u);
  EXPECT_EQ(here[0].rotation_type, "");
  EXPECT_EQ(here[0].rotated, std::nullopt);
  EXPECT_EQ(here[1].token, second.token);
  EXPECT_EQ(here[1].rotation_type, "AUTOMATIC");
  EXPECT_EQ(here[1].rotated, Timestamp{5});
  EXPECT_EQ(
      read<std::vector<BackingKey>>([](Transaction& t) { return t.backing_keys("eu-west-1", kId); }).size(),
      1u);
}

TEST_F(KeyRows, ARemovedKeyTakesEverythingOfItsRegionAlong) {
  for (const char* region : {"us-west-2", "eu-west-1"}) {
    insert(a_key(region));
    stored([&](Transaction& t) -> Status {
      COFFER_CHECK(t.put_key_usage({kId, region, "Encrypt", "e", "r", Timestamp{3}}));
      Grant grant;
      grant.id = std::string("grant of ") + region;
      grant.key_id = kId;
      grant.region = region;
      grant.constraint = Grant::Constraint::kContextEquals;
      grant.constraint_context = {{"a", "b"}};
      COFFER_CHECK(t.insert_grant(grant));
      return t.insert_alias({"123456789012", region, "alias/a", kId, {}, {}});
    });
  }
  stored([](Transaction& t) -> Status {
    COFFER_CHECK(t.remove_key("us-west-2", kId));
    return t.insert_destroyed_key({kId, "123456789012", "us-west-2", Timestamp{4}, 2});
  });
  const auto left = read<std::vector<Key>>([](Transaction& t) { return t.keys_of_id(kId); });
  ASSERT_EQ(left.size(), 1u);
  EXPECT_THAT(left[0].tags, ElementsAre(std::pair("where", "eu-west-1")));
  EXPECT_EQ(read<size_t>([](Transaction& t) { return t.count_aliases("us-west-2", kId); }), 0u);
  EXPECT_EQ(read<size_t>([](Transaction& t) { return t.count_aliases("eu-west-1", kId); }), 1u);
  EXPECT_FALSE(
      read<std::optional<BackingKey>>([](Transaction& t) { return t.backing_key("us-west-2", kId, 1); }));
  EXPECT_FALSE(read<std::optional<KeyUsage>>([](Transaction& t) { return t.key_usage("us-west-2", kId); }));
  EXPECT_EQ(
      read<std::optional<KeyUsage>>([](Transaction& t) { return t.key_usage("eu-west-1", kId); })->event_id,
      "e");
  const auto destroyed = read<std::vector<DestroyedKey>>([](Transaction& t) { return t.destroyed_keys(); });
  ASSERT_EQ(destroyed.size(), 1u);
  EXPECT_EQ(destroyed[0].region, "us-west-2");
  EXPECT_EQ(destroyed[0].domain_key_version, 2u);
}

TEST_F(KeyRows, TheUseOfAKeyThatIsGoneIsNotKept) {
  stored([](Transaction& t) {
    return t.put_key_usage({kId, "us-west-2", "Encrypt", "e", "r", Timestamp{3}});
  });
  EXPECT_FALSE(read<std::optional<KeyUsage>>([](Transaction& t) { return t.key_usage("us-west-2", kId); }));
}

TEST_F(KeyRows, AnAliasMovesAndGoes) {
  insert(a_key("us-west-2"));
  insert(a_key("us-west-2", "other"));
  Alias alias{"123456789012", "us-west-2", "alias/a", kId, Timestamp{1}, Timestamp{1}};
  stored([&](Transaction& t) { return t.insert_alias(alias); });
  alias.target_key_id = "other";
  alias.updated = Timestamp{2};
  stored([&](Transaction& t) { return t.update_alias(alias); });
  const auto found = read<std::optional<Alias>>(
      [](Transaction& t) { return t.alias("123456789012", "us-west-2", "alias/a"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(std::tie(found->target_key_id, found->created, found->updated),
            std::tuple("other", Timestamp{1}, Timestamp{2}));
  stored([](Transaction& t) { return t.remove_alias("123456789012", "us-west-2", "alias/a"); });
  const auto again =
      catalog_->write([](Transaction& t) { return t.remove_alias("123456789012", "us-west-2", "alias/a"); });
  EXPECT_EQ(again.error().kind, ErrorKind::kNotFound);
}

}  // namespace
}  // namespace coffer::catalog
