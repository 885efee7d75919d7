// SPDX-License-Identifier: Apache-2.0
// Does each kind of row come back as it was stored, and do lists go by key?
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Rows : public CatalogFixture {};

Key a_key(const std::string& id) {
  Key key;
  key.id = id;
  key.account = "123456789012";
  key.region = "us-west-2";
  key.description = "it's a \"key\"\n\xc3\xa9";
  key.policy = R"({"Version":"2012-10-17"})";
  key.state = "Enabled";
  key.manager = "CUSTOMER";
  key.usage = "ENCRYPT_DECRYPT";
  key.spec = "SYMMETRIC_DEFAULT";
  key.origin = "AWS_KMS";
  key.multi_region = true;
  key.created = Timestamp{1716633000123456};
  key.tags = {{"z", "first"}, {"a", "second"}};
  key.current_version = 3;
  return key;
}

Volume a_volume(const std::string& id) {
  Volume volume;
  volume.id = id;
  volume.account = "123456789012";
  volume.region = "us-west-2";
  volume.availability_zone = "us-west-2a";
  volume.state = "creating";
  volume.size_gib = 70000;
  volume.type = "gp3";
  volume.iops = 3000;
  volume.encrypted = true;
  volume.kms_key_arn = "arn:aws:kms:us-west-2:123456789012:key/k";
  volume.layer_id = "layer-0";
  volume.wrapped_key = {0, 1, 2, 0, 255};
  volume.created = Timestamp{5};
  volume.tags = {{"Name", "database"}};
  return volume;
}

TEST_F(Rows, SettingsAreReplaced) {
  stored([](Transaction& t) { return t.set_setting("name", "one"); });
  stored([](Transaction& t) { return t.set_setting("name", "two"); });
  using Found = std::optional<std::string>;
  EXPECT_EQ(read<Found>([](Transaction& t) { return t.setting("name"); }), "two");
  EXPECT_EQ(read<Found>([](Transaction& t) { return t.setting("other"); }), std::nullopt);
}

TEST_F(Rows, AccountsAndAccessKeys) {
  const AccessKey key{"AKIAEXAMPLE", "123456789012", "arn:aws:iam::123456789012:root",
                      {1, 0, 2},     false,          Timestamp{7}};
  stored([&](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_account({"123456789012", Timestamp{6}}));
    return t.insert_access_key(key);
  });
  const auto found =
      read<std::optional<AccessKey>>([](Transaction& t) { return t.access_key("AKIAEXAMPLE"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->account, key.account);
  EXPECT_EQ(found->principal_arn, key.principal_arn);
  EXPECT_EQ(found->wrapped_secret, key.wrapped_secret);
  EXPECT_FALSE(found->active);
  EXPECT_EQ(found->created, key.created);
  const auto again = catalog_->write([](Transaction& t) { return t.insert_account({"123456789012", {}}); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kConflict);
}

TEST_F(Rows, KeyWithTagsAndBackingKey) {
  const Key key = a_key("11111111-0000-4000-8000-000000000000");
  stored([&](Transaction& t) { return t.insert_key(key, {key.id, 3, {9, 0, 9}}); });
  const auto found = read<std::optional<Key>>([&](Transaction& t) { return t.key("us-west-2", key.id); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->description, key.description);
  EXPECT_EQ(found->policy, key.policy);
  EXPECT_EQ(found->manager, key.manager);
  EXPECT_TRUE(found->multi_region);
  EXPECT_EQ(found->created, key.created);
  EXPECT_EQ(found->tags, key.tags);
  EXPECT_EQ(found->current_version, 3u);
  EXPECT_FALSE(read<std::optional<Key>>([&](Transaction& t) { return t.key("us-east-1", key.id); }));
  const auto token =
      read<std::optional<BackingKey>>([&](Transaction& t) { return t.backing_key("us-west-2", key.id, 3); });
  ASSERT_TRUE(token);
  EXPECT_EQ(token->token, Bytes({9, 0, 9}));
  EXPECT_FALSE(
      read<std::optional<BackingKey>>([&](Transaction& t) { return t.backing_key("us-west-2", key.id, 4); }));
  Key changed = key;
  changed.state = "Disabled";
  stored([&](Transaction& t) { return t.update_key(changed); });
  EXPECT_EQ(read<std::optional<Key>>([&](Transaction& t) { return t.key("us-west-2", key.id); })->state,
            "Disabled");
  changed.id = "none";
  const auto unknown = catalog_->write([&](Transaction& t) { return t.update_key(changed); });
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().kind, ErrorKind::kNotFound);
}

TEST_F(Rows, KeyIdsGoByPage) {
  stored([](Transaction& t) -> Status {
    for (const char* id : {"c", "a", "b"}) COFFER_CHECK(t.insert_key(a_key(id), {id, 1, {1}}));
    return {};
  });
  const auto page = [&](const std::string& after) {
    return read<std::vector<std::string>>(
        [&](Transaction& t) { return t.key_ids("123456789012", "us-west-2", after, 2); });
  };
  EXPECT_THAT(page(""), ElementsAre("a", "b"));
  EXPECT_THAT(page("b"), ElementsAre("c"));
  EXPECT_THAT(page("c"), IsEmpty());
  EXPECT_EQ(read<size_t>([](Transaction& t) { return t.count_keys(); }), 3u);
}

TEST_F(Rows, AliasesByNameAndByKey) {
  const auto alias = [](const char* name, const char* key) {
    return Alias{"123456789012", "us-west-2", name, key, Timestamp{1}, Timestamp{2}};
  };
  stored([&](Transaction& t) -> Status {
    for (const char* id : {"k1", "k2"}) COFFER_CHECK(t.insert_key(a_key(id), {id, 1, {1}}));
    COFFER_CHECK(t.insert_alias(alias("alias/b", "k1")));
    COFFER_CHECK(t.insert_alias(alias("alias/a", "k2")));
    return t.insert_alias(alias("alias/c", "k1"));
  });
  const auto names = [&](const std::string& key, const std::string& after, size_t limit) {
    std::vector<std::string> found;
    for (const auto& each : read<std::vector<Alias>>(
             [&](Transaction& t) { return t.aliases("123456789012", "us-west-2", key, after, limit); }))
      found.push_back(each.name);
    return found;
  };
  EXPECT_THAT(names("", "", 2), ElementsAre("alias/a", "alias/b"));
  EXPECT_THAT(names("", "alias/b", 2), ElementsAre("alias/c"));
  EXPECT_THAT(names("k1", "", 9), ElementsAre("alias/b", "alias/c"));
  const auto again = catalog_->write([&](Transaction& t) { return t.insert_alias(alias("alias/a", "k1")); });
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::kConflict);
  const auto found = read<std::optional<Alias>>(
      [](Transaction& t) { return t.alias("123456789012", "us-west-2", "alias/a"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->target_key_id, "k2");
  EXPECT_EQ(found->updated, Timestamp{2});
}

TEST_F(Rows, VolumeFromCreationToPurge) {
  Volume volume = a_volume("vol-1");
  stored([&](Transaction& t) { return t.insert_volume(volume); });
  const auto load = [&] {
    return read<std::optional<Volume>>([](Transaction& t) { return t.volume("vol-1"); });
  };
  auto found = load();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->size_gib, volume.size_gib);
  EXPECT_EQ(found->iops, volume.iops);
  EXPECT_EQ(found->throughput, std::nullopt);
  EXPECT_TRUE(found->encrypted);
  EXPECT_EQ(found->wrapped_key, volume.wrapped_key);
  EXPECT_EQ(found->tags, volume.tags);
  EXPECT_EQ(found->deleted, std::nullopt);

  volume.state = "deleted";
  volume.wrapped_key.clear();
  volume.failure_code = "KMSKeyDisabled";
  volume.deleted = Timestamp{100};
  volume.tags = {{"b", "1"}, {"a", "2"}};
  stored([&](Transaction& t) { return t.update_volume(volume); });
  found = load();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->failure_code, "KMSKeyDisabled");
  EXPECT_TRUE(found->wrapped_key.empty());
  EXPECT_EQ(found->tags, volume.tags);
  EXPECT_EQ(found->deleted, Timestamp{100});
  EXPECT_EQ(read<size_t>([](Transaction& t) { return t.count_volumes(); }), 0u);

  stored([](Transaction& t) { return t.purge_deleted_volumes(Timestamp{100}); });
  EXPECT_TRUE(load());
  stored([](Transaction& t) { return t.purge_deleted_volumes(Timestamp{101}); });
  EXPECT_FALSE(load());
}

TEST_F(Rows, VolumesAreOneAccountsAndRegions) {
  stored([](Transaction& t) -> Status {
    Volume theirs = a_volume("vol-2");
    theirs.account = "999999999999";
    Volume elsewhere = a_volume("vol-3");
    elsewhere.region = "us-east-1";
    elsewhere.state = "available";
    COFFER_CHECK(t.insert_volume(a_volume("vol-4")));
    COFFER_CHECK(t.insert_volume(a_volume("vol-1")));
    COFFER_CHECK(t.insert_volume(theirs));
    return t.insert_volume(elsewhere);
  });
  const auto ids = [](const std::vector<Volume>& volumes) {
    std::vector<std::string> found;
    for (const auto& volume : volumes) found.push_back(volume.id);
    return found;
  };
  const auto page = [&](const std::string& after) {
    return ids(read<std::vector<Volume>>(
        [&](Transaction& t) { return t.volumes("123456789012", "us-west-2", after, 5); }));
  };
  EXPECT_THAT(page(""), ElementsAre("vol-1", "vol-4"));
  EXPECT_THAT(page("vol-1"), ElementsAre("vol-4"));
  EXPECT_THAT(ids(read<std::vector<Volume>>([](Transaction& t) { return t.volumes_in_state("creating"); })),
              ElementsAre("vol-1", "vol-2", "vol-4"));
}

TEST_F(Rows, AttachmentFromAttachingToGone) {
  Attachment attachment;
  attachment.id = "attach-1";
  attachment.volume_id = "vol-1";
  attachment.account = "123456789012";
  attachment.region = "us-west-2";
  attachment.instance_id = "i-1";
  attachment.device = "/dev/sdf";
  attachment.state = "attaching";
  attachment.principal_arn = "arn:aws:iam::123456789012:root";
  attachment.attached = Timestamp{8};
  attachment.delete_on_termination = true;
  stored([&](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_volume(a_volume("vol-1")));
    return t.insert_attachment(attachment);
  });
  const auto load = [&] {
    return read<std::optional<Attachment>>([](Transaction& t) { return t.attachment("vol-1"); });
  };
  ASSERT_TRUE(load());
  EXPECT_EQ(load()->device, "/dev/sdf");
  EXPECT_TRUE(load()->delete_on_termination);
  attachment.state = "attached";
  attachment.socket_path = "/run/vol-1.sock";
  attachment.failure = "the key is disabled";
  stored([&](Transaction& t) { return t.update_attachment(attachment); });
  EXPECT_EQ(load()->state, "attached");
  EXPECT_EQ(load()->socket_path, "/run/vol-1.sock");
  EXPECT_EQ(load()->failure, "the key is disabled");
  EXPECT_EQ(read<std::vector<Attachment>>([](Transaction& t) { return t.attachments(); }).size(), 1u);
  const auto twice = catalog_->write([&](Transaction& t) { return t.insert_attachment(attachment); });
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().kind, ErrorKind::kConflict);
  stored([](Transaction& t) { return t.remove_attachment("vol-1"); });
  EXPECT_FALSE(load());
}

TEST_F(Rows, InstancesTrailAndIdempotentAnswers) {
  stored([](Transaction& t) -> Status {
    COFFER_CHECK(t.insert_instance({"i-1", "123456789012", "this-host", Timestamp{3}}));
    for (int i = 0; i < 3; ++i)
      COFFER_CHECK(t.append_trail({"event-" + std::to_string(i), i == 1 ? "2" : "1", "us-west-2",
                                   Timestamp{i}, "kms.amazonaws.com", "Decrypt", "{}"}));
    return t.insert_idempotent_answer("1", "r", "CreateVolume", "token", {"hash", "{\"a\":1}"},
                                      Timestamp{50});
  });
  const auto instances = read<std::vector<Instance>>([](Transaction& t) { return t.instances(); });
  ASSERT_EQ(instances.size(), 1u);
  EXPECT_EQ(instances[0].name, "this-host");
  const auto events = [&](const std::string& account, size_t newest) {
    std::vector<std::string> ids;
    for (const auto& event :
         read<std::vector<TrailEvent>>([&](Transaction& t) { return t.trail(account, newest); }))
      ids.push_back(event.event_id);
    return ids;
  };
  EXPECT_THAT(events("", 2), ElementsAre("event-2", "event-1"));
  EXPECT_THAT(events("1", 9), ElementsAre("event-2", "event-0"));
  const auto answer = [&](const char* operation) {
    return read<std::optional<IdempotentAnswer>>(
        [&](Transaction& t) { return t.idempotent_answer("1", "r", operation, "token"); });
  };
  ASSERT_TRUE(answer("CreateVolume"));
  EXPECT_EQ(answer("CreateVolume")->request_hash, "hash");
  EXPECT_EQ(answer("CreateVolume")->response, "{\"a\":1}");
  EXPECT_FALSE(answer("CreateKey"));
  stored([](Transaction& t) { return t.purge_idempotent_answers(Timestamp{51}); });
  EXPECT_FALSE(answer("CreateVolume"));
}

}  // namespace
}  // namespace coffer::catalog
