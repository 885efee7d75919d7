// SPDX-License-Identifier: Apache-2.0
// Are the control policies found that bind an account, and does a call ask for none where there is no
// organization?
#include <gmock/gmock.h>

#include "services/authorisation.h"
#include "services/organizations/managed_policies.h"
#include "tests/unit/api/api_fixture.h"

namespace coffer::api {
namespace {

using services::organizations::kServiceControlPolicy;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kManager = "123456789012";
constexpr const char* kMember = "444455556666";
constexpr const char* kStranger = "777788889999";

class AccountOrganizationTest : public ApiFixture {
 protected:
  void write(const std::function<Status(catalog::Transaction&)>& body) {
    const auto written = catalog_->write(body);
    ASSERT_TRUE(written) << written.error().message;
  }
  static catalog::MemberAccount member(const std::string& account, const std::string& parent) {
    return {account, "o-1", parent, account, account + "@example.org", "CREATED", {}};
  }
  // The member is in a unit of the root; a policy of its own is on the unit.
  void make_organization(bool enabled) {
    new_account(kMember);
    write([&](catalog::Transaction& transaction) -> Status {
      COFFER_CHECK(
          transaction.insert_organization({"o-1", kManager, "r-1", "ALL", enabled, false, Timestamp{1}}));
      COFFER_CHECK(transaction.insert_organizational_unit({"ou-1", "o-1", "r-1", "unit"}));
      COFFER_CHECK(transaction.insert_member_account(member(kManager, "r-1")));
      COFFER_CHECK(transaction.insert_member_account(member(kMember, "ou-1")));
      COFFER_CHECK(transaction.insert_organization_policy(
          {"p-1", "o-1", kServiceControlPolicy, "none", "",
           R"({"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"kms:*","Resource":"*"}})"}));
      for (const char* target : {"r-1", "ou-1", kMember, kManager})
        COFFER_CHECK(transaction.attach_organization_policy(
            {"o-1", target, kServiceControlPolicy, "p-FullAWSAccess"}));
      return transaction.attach_organization_policy({"o-1", "ou-1", kServiceControlPolicy, "p-1"});
    });
  }
  SharedAccountOrganization find(const std::string& account) {
    const auto found = installation_->organizations->find(*installation_, account);
    EXPECT_TRUE(found) << found.error().message;
    return found.value_or(nullptr);
  }
  static std::vector<std::vector<std::string>> names(const policy::ControlLevels& levels) {
    std::vector<std::vector<std::string>> all;
    for (const auto& level : levels) {
      all.emplace_back();
      for (const auto& policy : level) all.back().push_back(policy.name);
    }
    return all;
  }
};

TEST_F(AccountOrganizationTest, WithoutOrganizationsNothingIsLookedUpAgain) {
  EXPECT_TRUE(installation_->organizations->any(*catalog_)) << "it is not known yet";
  EXPECT_EQ(find(kManager), nullptr);
  EXPECT_FALSE(installation_->organizations->any(*catalog_));
  make_organization(true);
  EXPECT_TRUE(installation_->organizations->any(*catalog_));
  EXPECT_NE(find(kManager), nullptr);
}

TEST_F(AccountOrganizationTest, LevelsLeadFromTheRootToTheAccount) {
  make_organization(true);
  const auto found = find(kMember);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, "o-1");
  EXPECT_EQ(found->path, "o-1/r-1/ou-1/");
  EXPECT_THAT(names(found->service_control),
              ElementsAre(ElementsAre(R"(p-FullAWSAccess "FullAWSAccess" on r-1 "Root")"),
                          ElementsAre(R"(p-1 "none" on ou-1 "unit")",
                                      R"(p-FullAWSAccess "FullAWSAccess" on ou-1 "unit")"),
                          ElementsAre(R"(p-FullAWSAccess "FullAWSAccess" on 444455556666 "444455556666")")));
  EXPECT_THAT(found->resource_control, IsEmpty());
  EXPECT_EQ(find(kMember), found) << "it is kept";
}

TEST_F(AccountOrganizationTest, TheManagementAccountAndStrangersHaveNone) {
  make_organization(true);
  const auto manager = find(kManager);
  ASSERT_NE(manager, nullptr);
  EXPECT_EQ(manager->path, "o-1/r-1/");
  EXPECT_THAT(manager->service_control, IsEmpty());
  EXPECT_EQ(find(kStranger), nullptr);
}

TEST_F(AccountOrganizationTest, ATypeThatIsNotEnabledHasNoLevels) {
  make_organization(false);
  EXPECT_THAT(find(kMember)->service_control, IsEmpty());
}

TEST_F(AccountOrganizationTest, CallersAreBoundByTheLevelsOfTheirAccount) {
  make_organization(true);
  const auto root = policy::principal_of(kMember, "");
  const auto refused = authorise(*installation_, root, "kms", {.action = "kms:ListKeys"});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().message.ends_with("with an explicit deny in a service control policy"))
      << refused.error().message;
  EXPECT_TRUE(authorise(*installation_, root, "ec2", {.action = "ec2:DescribeVolumes"}));
  EXPECT_TRUE(
      authorise(*installation_, policy::principal_of(kManager, ""), "kms", {.action = "kms:ListKeys"}));
}

}  // namespace
}  // namespace coffer::api
