// SPDX-License-Identifier: Apache-2.0
// Do users, roles, policies and sessions come back as they were stored, and is a name taken once?
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kAccount = "123456789012";

IamEntity an_entity(const std::string& kind, const std::string& id, const std::string& name) {
  IamEntity entity;
  entity.id = id;
  entity.kind = kind;
  entity.account = kAccount;
  entity.path = "/a/";
  entity.name = name;
  entity.created = Timestamp{1716633000123456};
  entity.boundary_arn = "arn:b";
  entity.description = "it's";
  entity.trust_policy = "{}";
  entity.longest_session_seconds = 7200;
  entity.tags = {{"z", "1"}, {"a", ""}};
  return entity;
}

class IamRows : public CatalogFixture {
 protected:
  std::vector<std::string> names(const std::string& kind, const std::string& prefix, const std::string& after,
                                 size_t limit) {
    return read<std::vector<std::string>>([&](Transaction& transaction) -> Result<std::vector<std::string>> {
      COFFER_TRY(found, transaction.iam_entities(kAccount, kind, prefix, after, limit));
      std::vector<std::string> all;
      for (const auto& each : found) all.push_back(each.name);
      return all;
    });
  }
};

TEST_F(IamRows, EntitiesComeBackWithTheirTags) {
  stored([](Transaction& transaction) {
    return transaction.insert_iam_entity(an_entity("role", "AROA1", "r"));
  });
  const auto role = read<std::optional<IamEntity>>(
      [](Transaction& transaction) { return transaction.iam_entity_named(kAccount, "role", "R"); });
  ASSERT_TRUE(role);
  EXPECT_EQ(role->id, "AROA1");
  EXPECT_EQ(role->path, "/a/");
  EXPECT_EQ(role->created, Timestamp{1716633000123456});
  EXPECT_EQ(role->boundary_arn, "arn:b");
  EXPECT_EQ(role->description, "it's");
  EXPECT_EQ(role->trust_policy, "{}");
  EXPECT_EQ(role->longest_session_seconds, 7200);
  EXPECT_THAT(role->tags, ElementsAre(std::pair("z", "1"), std::pair("a", "")));
}

TEST_F(IamRows, ANameIsTakenOnceWhateverItsCase) {
  stored([](Transaction& transaction) {
    return transaction.insert_iam_entity(an_entity("user", "AIDA1", "Ann"));
  });
  const auto insert = [&](const IamEntity& entity) {
    return catalog_->write([&](Transaction& transaction) { return transaction.insert_iam_entity(entity); });
  };
  EXPECT_EQ(insert(an_entity("user", "AIDA2", "aNN")).error().kind, ErrorKind::kConflict);
  EXPECT_TRUE(insert(an_entity("role", "AROA2", "ann")));
}

TEST_F(IamRows, ListsGoByNameAndPath) {
  stored([](Transaction& transaction) -> Status {
    for (const char* name : {"b", "A", "c", "D"})
      COFFER_CHECK(transaction.insert_iam_entity(an_entity("user", std::string("AIDA") + name, name)));
    return {};
  });
  EXPECT_THAT(names("user", "/", "", 3), ElementsAre("A", "b", "c"));
  EXPECT_THAT(names("user", "/a/", "c", 3), ElementsAre("D"));
  EXPECT_THAT(names("user", "/b/", "", 3), IsEmpty());
  EXPECT_THAT(names("role", "/", "", 3), IsEmpty());
}

TEST_F(IamRows, PoliciesAndMembershipsBelongToTheirEntity) {
  stored([](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_iam_entity(an_entity("user", "AIDA1", "ann")));
    COFFER_CHECK(transaction.insert_iam_entity(an_entity("group", "AGPA1", "staff")));
    COFFER_CHECK(transaction.put_inline_policy("AIDA1", {"p", "old"}));
    COFFER_CHECK(transaction.put_inline_policy("AIDA1", {"p", "new"}));
    COFFER_CHECK(transaction.attach_policy("AIDA1", "arn:x"));
    COFFER_CHECK(transaction.attach_policy("AIDA1", "arn:x"));
    COFFER_CHECK(transaction.add_to_group("AIDA1", "AGPA1"));
    return transaction.add_to_group("AIDA1", "AGPA1");
  });
  EXPECT_TRUE(catalog_->write([](Transaction& transaction) -> Status {
    COFFER_TRY(policies, transaction.inline_policies("AIDA1"));
    EXPECT_EQ(policies.at(0).document, "new");
    COFFER_TRY(attached, transaction.attached_policies("AIDA1"));
    EXPECT_THAT(attached, ElementsAre("arn:x"));
    COFFER_TRY(groups, transaction.groups_of_user("AIDA1"));
    EXPECT_EQ(groups.at(0).name, "staff");
    COFFER_TRY(users, transaction.users_of_group("AGPA1"));
    EXPECT_EQ(users.size(), 1u);
    COFFER_TRY(boundaries, transaction.count_boundaries(kAccount, "arn:b"));
    EXPECT_EQ(boundaries, 2u);
    COFFER_TRY(elsewhere, transaction.count_boundaries("210987654321", "arn:b"));
    EXPECT_EQ(elsewhere, 0u);
    COFFER_CHECK(transaction.detach_policy("AIDA1", "arn:x"));
    EXPECT_EQ(transaction.detach_policy("AIDA1", "arn:x").error().kind, ErrorKind::kNotFound);
    COFFER_CHECK(transaction.remove_from_group("AIDA1", "AGPA1"));
    EXPECT_EQ(transaction.remove_from_group("AIDA1", "AGPA1").error().kind, ErrorKind::kNotFound);
    COFFER_CHECK(transaction.remove_iam_entity("AIDA1"));
    COFFER_TRY(left, transaction.inline_policies("AIDA1"));
    EXPECT_THAT(left, IsEmpty());
    return {};
  }));
}

TEST_F(IamRows, ManagedPoliciesComeBackWithTheirVersions) {
  ManagedPolicy policy;
  policy.arn = "arn:p";
  policy.id = "ANPA1";
  policy.account = kAccount;
  policy.path = "/";
  policy.name = "p";
  policy.description = "d";
  policy.created = policy.updated = Timestamp{7};
  policy.tags = {{"k", "v"}};
  stored([&](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_managed_policy(policy));
    for (uint32_t version : {1, 2})
      COFFER_CHECK(transaction.insert_policy_version({"arn:p", version, std::to_string(version), {}}));
    policy.default_version = policy.newest_version = 2;
    return transaction.update_managed_policy(policy);
  });
  EXPECT_TRUE(catalog_->write([](Transaction& transaction) -> Status {
    COFFER_TRY(found, transaction.managed_policy("arn:p"));
    EXPECT_EQ(found->default_version, 2u);
    EXPECT_EQ(found->description, "d");
    EXPECT_THAT(found->tags, ElementsAre(std::pair("k", "v")));
    COFFER_TRY(versions, transaction.policy_versions("arn:p"));
    EXPECT_EQ(versions.size(), 2u);
    EXPECT_EQ(versions.at(0).version, 2u);
    COFFER_CHECK(transaction.remove_policy_version("arn:p", 1));
    COFFER_CHECK(transaction.remove_managed_policy("arn:p"));
    COFFER_TRY(gone, transaction.policy_versions("arn:p"));
    EXPECT_THAT(gone, IsEmpty());
    return {};
  }));
}

TEST_F(IamRows, SessionsComeBackUntilTheyArePurged) {
  Session session;
  session.access_key_id = "ASIA1";
  session.account = kAccount;
  session.entity_id = "AROA1";
  session.name = "s";
  session.wrapped_secret = {1, 0, 2};
  session.token_digest = {3};
  session.policies = {"b", "a"};
  session.tags = {{"k", "v"}};
  session.created = Timestamp{5};
  session.expires = Timestamp{9};
  stored([&](Transaction& transaction) { return transaction.insert_session(session); });
  EXPECT_TRUE(catalog_->write([&](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.purge_sessions(Timestamp{9}));
    COFFER_TRY(found, transaction.session("ASIA1"));
    EXPECT_EQ(found->wrapped_secret, session.wrapped_secret);
    EXPECT_EQ(found->token_digest, session.token_digest);
    EXPECT_THAT(found->policies, ElementsAre("b", "a"));
    EXPECT_EQ(found->tags, session.tags);
    EXPECT_EQ(found->expires, session.expires);
    COFFER_TRY(wrapped, transaction.access_keys_after("", 10));
    EXPECT_EQ(wrapped.size(), 1u);
    EXPECT_EQ(wrapped.at(0).id, "ASIA1");
    COFFER_CHECK(transaction.replace_wrapped_secret(wrapped.at(0), {7}));
    COFFER_TRY(replaced, transaction.session("ASIA1"));
    EXPECT_EQ(replaced->wrapped_secret, Bytes{7});
    COFFER_CHECK(transaction.purge_sessions(Timestamp{10}));
    COFFER_TRY(gone, transaction.session("ASIA1"));
    EXPECT_FALSE(gone);
    COFFER_CHECK(transaction.insert_session(session));
    COFFER_CHECK(transaction.remove_sessions_of("AROA1"));
    COFFER_TRY(gone_too, transaction.session("ASIA1"));
    EXPECT_FALSE(gone_too);
    return {};
  }));
}

TEST_F(IamRows, AccessKeysBelongToAUserOrToTheRootUserOfAnAccount) {
  stored([](Transaction& transaction) -> Status {
    for (const char* account : {kAccount, "210987654321"}) {
      COFFER_CHECK(transaction.insert_account({account, {}}));
      AccessKey root{std::string("AKIAROOT") + account, account, "arn:root", {1}, true, {}};
      COFFER_CHECK(transaction.insert_access_key(root));
    }
    AccessKey users{"AKIA1", kAccount, "", {1}, true, {}, "AIDA1"};
    COFFER_CHECK(transaction.insert_access_key(users));
    COFFER_CHECK(transaction.set_access_key_active("AKIA1", false));
    return transaction.set_access_key_used("AKIA1", Timestamp{5}, "kms", "us-west-2");
  });
  EXPECT_TRUE(catalog_->write([](Transaction& transaction) -> Status {
    COFFER_TRY(roots, transaction.access_keys_of(kAccount, ""));
    EXPECT_EQ(roots.size(), 1u);
    COFFER_TRY(keys, transaction.access_keys_of(kAccount, "AIDA1"));
    EXPECT_EQ(keys.size(), 1u);
    EXPECT_FALSE(keys.at(0).active);
    EXPECT_EQ(keys.at(0).last_used, Timestamp{5});
    EXPECT_EQ(keys.at(0).last_service + " " + keys.at(0).last_region, "kms us-west-2");
    COFFER_CHECK(transaction.remove_access_key("AKIA1"));
    EXPECT_EQ(transaction.remove_access_key("AKIA1").error().kind, ErrorKind::kNotFound);
    return {};
  }));
}

TEST_F(IamRows, InstanceProfilesComeBackWithTheirRoleAndTags) {
  const InstanceProfile made{"AIPA1", kAccount, "/a/", "P", Timestamp{5}, "", {{"z", "1"}}};
  stored([&](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_instance_profile(made));
    COFFER_CHECK(transaction.insert_instance_profile({"AIPA2", kAccount, "/b/", "q", Timestamp{5}, "AROA1"}));
    return transaction.set_instance_profile_role("AIPA1", "AROA1");
  });
  const auto found = read<std::optional<InstanceProfile>>(
      [](Transaction& transaction) { return transaction.instance_profile(kAccount, "p"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->role_id, "AROA1");
  EXPECT_THAT(found->tags, ElementsAre(std::pair("z", "1")));
  const auto of_role = read<std::vector<InstanceProfile>>(
      [](Transaction& transaction) { return transaction.instance_profiles_of_role("AROA1"); });
  EXPECT_EQ(of_role.size(), 2u);
  const auto below = read<std::vector<InstanceProfile>>(
      [](Transaction& transaction) { return transaction.instance_profiles(kAccount, "/b/", "", 10); });
  ASSERT_EQ(below.size(), 1u);
  EXPECT_EQ(below[0].name, "q");
}

TEST_F(IamRows, IdentityProvidersKeepTheOrderOfTheirAudiences) {
  IdentityProvider provider{"arn:p",      kAccount,     "issuer",    {"z", "a"},
                            {"11", "22"}, Timestamp{5}, {{"t", "1"}}};
  stored([&](Transaction& transaction) { return transaction.insert_identity_provider(provider); });
  provider.client_ids = {"b", "z"};
  provider.thumbprints = {"33"};
  stored([&](Transaction& transaction) { return transaction.update_identity_provider(provider); });
  const auto found = read<std::optional<IdentityProvider>>(
      [](Transaction& transaction) { return transaction.identity_provider("arn:p"); });
  ASSERT_TRUE(found);
  EXPECT_THAT(found->client_ids, ElementsAre("b", "z"));
  EXPECT_THAT(found->thumbprints, ElementsAre("33"));
  EXPECT_THAT(found->tags, ElementsAre(std::pair("t", "1")));
  stored([&](Transaction& transaction) { return transaction.remove_identity_provider("arn:p"); });
  EXPECT_FALSE(read<std::optional<IdentityProvider>>(
      [](Transaction& transaction) { return transaction.identity_provider("arn:p"); }));
}

TEST_F(IamRows, AnAliasIsOneAccounts) {
  stored([](Transaction& transaction) { return transaction.set_account_alias(kAccount, "one"); });
  stored([](Transaction& transaction) { return transaction.set_account_alias(kAccount, "two"); });
  EXPECT_EQ(read<std::optional<std::string>>(
                [](Transaction& transaction) { return transaction.account_alias(kAccount); }),
            "two");
  const auto taken = catalog_->write(
      [](Transaction& transaction) { return transaction.set_account_alias("210987654321", "two"); });
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().kind, ErrorKind::kConflict);
}

TEST_F(IamRows, SessionsKeepTheirContext) {
  Session session;
  session.access_key_id = "ASIA1";
  session.account = kAccount;
  session.context = {{"z:aud", "1"}, {"z:amr", "a"}, {"z:amr", "b"}};
  stored([&](Transaction& transaction) { return transaction.insert_session(session); });
  const auto found =
      read<std::optional<Session>>([](Transaction& transaction) { return transaction.session("ASIA1"); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->context, session.context);
}

}  // namespace
}  // namespace coffer::catalog
