// SPDX-License-Identifier: Apache-2.0
// Is an account that has as many users, groups, roles, policies, instance profiles or providers as it may
// refused another, with AWS's code and message, and another account not?
#include <fmt/format.h>

#include "services/iam/entities.h"
#include "services/iam/quotas.h"
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

using services::iam::Quota;

constexpr const char* kAccount = "123456789012";

catalog::IamEntity entity(const char* kind, const std::string& name) {
  catalog::IamEntity made;
  made.id = "A" + std::string(kind) + name;
  made.kind = kind;
  made.account = kAccount;
  made.path = "/";
  made.name = name;
  return made;
}

Status insert_one(catalog::Transaction& transaction, const std::string& kind, const std::string& name) {
  if (kind == "policy") {
    catalog::ManagedPolicy policy;
    policy.arn = fmt::format("arn:aws:iam::{}:policy/{}", kAccount, name);
    policy.id = "ANPA" + name;
    policy.account = kAccount;
    policy.name = name;
    policy.path = "/";
    return transaction.insert_managed_policy(policy);
  }
  if (kind == "instance-profile")
    return transaction.insert_instance_profile({"AIPA" + name, kAccount, "/", name, {}, "", {}});
  if (kind == "oidc-provider") {
    catalog::IdentityProvider provider;
    provider.arn = fmt::format("arn:aws:iam::{}:oidc-provider/{}", kAccount, name);
    provider.account = kAccount;
    provider.issuer = name;
    return transaction.insert_identity_provider(provider);
  }
  return transaction.insert_iam_entity(entity(kind.c_str(), name));
}

class IamQuotas : public ApiFixture {
 protected:
  // As many as the quota has, `fewer` fewer.
  void fill(const Quota& quota, int fewer = 0) {
    ASSERT_TRUE(catalog_->write([&](catalog::Transaction& transaction) -> Status {
      for (int i = 0; i < quota.most - fewer; ++i)
        COFFER_CHECK(insert_one(transaction, quota.kind, fmt::format("it{}", i)));
      return {};
    }));
  }
  wire::HttpResponse ask(const std::string& action, const std::string& group) {
    auto request = post("application/x-www-form-urlencoded",
                        "Action=" + action + "&Version=2010-05-08&GroupName=" + group);
    sign(request, "iam", "us-east-1");
    return pipeline_->serve(std::move(request));
  }
  Status asked_for(const Quota& quota, const std::string& account = kAccount) {
    Status answer;
    EXPECT_TRUE(catalog_->read([&](catalog::Transaction& transaction) -> Status {
      answer = services::iam::check_quota(transaction, account, quota);
      return {};
    }));
    return answer;
  }
};

TEST_F(IamQuotas, EachIsReachedAndNotExceeded) {
  for (const Quota& quota : {services::iam::kUsersQuota, services::iam::kGroupsQuota,
                             services::iam::kRolesQuota, services::iam::kPoliciesQuota,
                             services::iam::kInstanceProfilesQuota, services::iam::kProvidersQuota}) {
    fill(quota);
    EXPECT_TRUE(asked_for(quota)) << quota.name;
    ASSERT_TRUE(catalog_->write(
        [&](catalog::Transaction& transaction) { return insert_one(transaction, quota.kind, "more"); }));
    const auto refused = asked_for(quota);
    ASSERT_FALSE(refused) << quota.name;
    EXPECT_EQ(refused.error().code, "LimitExceeded");
    EXPECT_EQ(refused.error().message, fmt::format("Cannot exceed quota for {}: {}", quota.name, quota.most));
    EXPECT_TRUE(asked_for(quota, "210987654321")) << quota.name;
  }
}

TEST_F(IamQuotas, TheCallThatWouldExceedOneIsRefusedAndLeavesNothing) {
  fill(services::iam::kGroupsQuota, 1);
  EXPECT_EQ(ask("CreateGroup", "last").status, 200);
  const auto refused = ask("CreateGroup", "more");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(xml_text(refused, "Code"), "LimitExceeded");
  EXPECT_EQ(xml_text(refused, "Message"), "Cannot exceed quota for GroupsPerAccount: 300");
  EXPECT_EQ(xml_text(ask("CreateGroup", "last"), "Code"), "EntityAlreadyExists");
  EXPECT_EQ(xml_text(ask("GetGroup", "more"), "Code"), "NoSuchEntity");
}

}  // namespace
}  // namespace coffer::api
