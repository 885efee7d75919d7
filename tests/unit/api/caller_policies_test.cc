// SPDX-License-Identifier: Apache-2.0
// Are the policies that count for a caller found in the catalog, all of them and no others; and does nobody
// gain by what is missing there?
#include <algorithm>

#include "services/authorisation.h"
#include "services/iam_names.h"
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

constexpr const char* kAccount = "123456789012";
constexpr const char* kAllowAll =
    R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}})";

std::string allow(const std::string& action) {
  return R"({"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*","Action":")" + action +
         "\"}}";
}

class CallerPoliciesTest : public ApiFixture {
 protected:
  using Body = std::function<Status(catalog::Transaction&)>;
  void write(const Body& body) {
    const auto written = catalog_->write(body);
    ASSERT_TRUE(written) << written.error().message;
  }
  static catalog::IamEntity entity(const std::string& kind, const std::string& id, const std::string& name) {
    catalog::IamEntity made;
    made.id = id;
    made.kind = kind;
    made.account = kAccount;
    made.path = "/p/";
    made.name = name;
    return made;
  }
  static policy::Principal user(const std::string& id, const std::string& name) {
    auto principal = policy::principal_of(kAccount, "arn:aws:iam::123456789012:user/p/" + name);
    principal.id = id;
    return principal;
  }
  SharedCallerPolicies load(const policy::Principal& principal) {
    auto loaded = load_caller(*installation_, principal);
    EXPECT_TRUE(loaded) << loaded.error().message;
    return loaded.value_or(nullptr);
  }
  // The names of a list of policies.
  static std::vector<std::string> names(const std::vector<policy::AttachedPolicy>& policies) {
    std::vector<std::string> all;
    for (const auto& each : policies) all.push_back(each.name);
    return all;
  }
  // As the command line's background work is asked for.
  std::string refused(const policy::Principal& principal, const AccessQuestion& question) {
    const auto status = authorise(*installation_, principal, "kms", question);
    return status ? "" : status.error().message;
  }
  static Status put_managed(catalog::Transaction& transaction, const std::string& arn,
                            const std::string& document) {
    catalog::ManagedPolicy policy;
    policy.arn = arn;
    policy.id = "ANPA" + arn.substr(arn.rfind('/') + 1);
    policy.account = kAccount;
    policy.path = "/";
    policy.name = arn.substr(arn.rfind('/') + 1);
    COFFER_CHECK(transaction.insert_managed_policy(policy));
    return transaction.insert_policy_version({arn, 1, document, {}});
  }
};

TEST_F(CallerPoliciesTest, AUserHasItsOwnPoliciesAndThoseOfItsGroups) {
  const std::string managed = "arn:aws:iam::123456789012:policy/m";
  write([&](catalog::Transaction& transaction) -> Status {
    auto alice = entity("user", "AIDA1", "alice");
    alice.boundary_arn = managed;
    alice.tags = {{"team", "blue"}};
    COFFER_CHECK(transaction.insert_iam_entity(alice));
    COFFER_CHECK(transaction.insert_iam_entity(entity("user", "AIDA2", "bob")));
    COFFER_CHECK(transaction.insert_iam_entity(entity("group", "AGPA1", "staff")));
    COFFER_CHECK(transaction.insert_iam_entity(entity("group", "AGPA2", "others")));
    COFFER_CHECK(put_managed(transaction, managed, allow("kms:*")));
    COFFER_CHECK(transaction.put_inline_policy("AIDA1", {"own", allow("kms:Encrypt")}));
    COFFER_CHECK(transaction.put_inline_policy("AIDA2", {"bobs", kAllowAll}));
    COFFER_CHECK(transaction.put_inline_policy("AGPA1", {"shared", allow("kms:Decrypt")}));
    COFFER_CHECK(transaction.put_inline_policy("AGPA2", {"not-shared", kAllowAll}));
    COFFER_CHECK(transaction.attach_policy("AIDA1", managed));
    COFFER_CHECK(transaction.attach_policy("AGPA1", "arn:aws:iam::aws:policy/IAMFullAccess"));
    return transaction.add_to_group("AIDA1", "AGPA1");
  });
  const auto loaded = load(user("AIDA1", "alice"));
  EXPECT_EQ(names(loaded->caller.identity_policies),
            (std::vector<std::string>{"user/alice/own", managed, "group/staff/shared",
                                      "arn:aws:iam::aws:policy/IAMFullAccess"}));
  ASSERT_TRUE(loaded->caller.boundary);
  EXPECT_EQ(loaded->caller.boundary->name, managed);
  EXPECT_EQ(loaded->tags, (std::vector<std::pair<std::string, std::string>>{{"team", "blue"}}));
  EXPECT_EQ(loaded->caller.identity.id, "AIDA1");
}

TEST_F(CallerPoliciesTest, AStoredSessionIsKnownByItsRole) {
  write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_iam_entity(entity("role", "AROA1", "admin")));
    return transaction.put_inline_policy("AROA1", {"all", allow("kms:Decrypt")});
  });
  const auto session = policy::principal_of(kAccount, "arn:aws:sts::123456789012:assumed-role/admin/s");
  const auto loaded = load(session);
  EXPECT_EQ(loaded->caller.identity.type, policy::CallerType::kRoleSession);
  EXPECT_EQ(loaded->caller.identity.source_arn, "arn:aws:iam::123456789012:role/p/admin");
  EXPECT_EQ(loaded->caller.identity.id, "AROA1:s");
  EXPECT_EQ(refused(session, {.action = "kms:Decrypt"}), "");
  EXPECT_NE(refused(session, {.action = "kms:Encrypt"}), "");
}

TEST_F(CallerPoliciesTest, ADeletedUserHasNothingEvenWhereAPolicyNamesIt) {
  const auto gone = policy::principal_of(kAccount, "arn:aws:iam::123456789012:user/gone");
  const auto document = installation_->documents->read(
      R"({"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}})",
      policy::DocumentKind::kKey);
  ASSERT_TRUE(document);
  const policy::AttachedPolicy key_policy{"key policy", document->get()};
  EXPECT_EQ(
      refused(gone, {.action = "kms:Decrypt",
                     .resource = "arn:aws:kms:us-west-2:123456789012:key/k",
                     .resource_policy = &key_policy,
                     .rule = policy::ResourcePolicyRule::kMustAllow}),
      "User: arn:aws:iam::123456789012:user/gone is not authorized to perform: kms:Decrypt on resource: "
      "arn:aws:kms:us-west-2:123456789012:key/k because it does not exist any more");
}

TEST_F(CallerPoliciesTest, ARecreatedUserIsNotTheOneOfOlderCredentials) {
  write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_iam_entity(entity("user", "AIDA2", "alice")));
    return transaction.put_inline_policy("AIDA2", {"all", kAllowAll});
  });
  EXPECT_NE(refused(user("AIDA1", "alice"), {.action = "kms:Decrypt"}), "");
  EXPECT_EQ(refused(user("AIDA2", "alice"), {.action = "kms:Decrypt"}), "");
}

TEST_F(CallerPoliciesTest, BoundsThatAreMissingBindWholly) {
  write([&](catalog::Transaction& transaction) -> Status {
    auto bounded = entity("user", "AIDA1", "bounded");
    bounded.boundary_arn = "arn:aws:iam::123456789012:policy/absent";
    COFFER_CHECK(transaction.insert_iam_entity(bounded));
    COFFER_CHECK(transaction.put_inline_policy("AIDA1", {"all", kAllowAll}));
    COFFER_CHECK(transaction.insert_iam_entity(entity("user", "AIDA2", "free")));
    return transaction.put_inline_policy("AIDA2", {"all", kAllowAll});
  });
  EXPECT_NE(refused(user("AIDA1", "bounded"), {.action = "kms:Decrypt"}), "");
  auto session = user("AIDA2", "free");
  EXPECT_EQ(refused(session, {.action = "kms:Decrypt"}), "");
  session.session.policies = {"arn:aws:iam::123456789012:policy/absent"};
  EXPECT_NE(refused(session, {.action = "kms:Decrypt"}), "");
  session.session.policies = {allow("kms:Encrypt")};
  EXPECT_NE(refused(session, {.action = "kms:Decrypt"}), "");
}

TEST_F(CallerPoliciesTest, APolicyThatCannotBeReadIsAnError) {
  write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_iam_entity(entity("user", "AIDA1", "alice")));
    return transaction.put_inline_policy("AIDA1", {"torn", "{"});
  });
  EXPECT_EQ(load_caller(*installation_, user("AIDA1", "alice")).error().kind, ErrorKind::kCorrupt);
}

TEST_F(CallerPoliciesTest, AUnixUserIsTheOwnerOrNobody) {
  policy::Principal unix_user;
  unix_user.type = policy::PrincipalType::kUnixUser;
  unix_user.account = kAccount;
  unix_user.id = "uid:1000";
  EXPECT_EQ(refused(unix_user, {.action = "coffer:CreateAccount"}),
            "User: uid:1000 is not authorized to perform: coffer:CreateAccount on resource: * because the "
            "user does "
            "not own this installation");
  unix_user.owner = true;
  EXPECT_EQ(refused(unix_user, {.action = "coffer:CreateAccount"}), "");
}

TEST_F(CallerPoliciesTest, RootHasItsAccountAndNoOther) {
  const auto root = policy::principal_of(kAccount, "");
  EXPECT_EQ(refused(root, {.action = "kms:Decrypt", .resource = "arn:aws:kms:us-west-2:123456789012:key/k"}),
            "");
  for (const std::string resource :
       {"arn:aws:kms:us-west-2:222222222222:key/k", "arn:aws:kms:us-west-2::key/k", "key/k", "arn:aws:kms"})
    EXPECT_NE(refused(root, {.action = "kms:Decrypt", .resource = resource}), "") << resource;
  EXPECT_EQ(refused(root, {.action = "kms:Decrypt",
                           .resource = "arn:aws:kms:us-west-2:222222222222:key/k",
                           .resource_account = kAccount}),
            "");
}

// A service that asks for its caller has another address than the caller.
TEST_F(CallerPoliciesTest, AServiceInBetweenIsAConditionKey) {
  write([&](catalog::Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_iam_entity(entity("user", "AIDA1", "alice")));
    return transaction.put_inline_policy(
        "AIDA1",
        {"via", R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Decrypt",)"
                R"("Resource":"*","Condition":{"StringEquals":{"aws:CalledViaFirst":"ec2.amazonaws.com"},)"
                R"("Bool":{"aws:ViaAWSService":"true"},"Null":{"aws:SourceIp":"true"}}}]})"});
  });
  EXPECT_NE(refused(user("AIDA1", "alice"), {.action = "kms:Decrypt"}), "");
  EXPECT_EQ(refused(user("AIDA1", "alice"), {.action = "kms:Decrypt", .via_service = "ec2"}), "");
}

}  // namespace
}  // namespace coffer::api
