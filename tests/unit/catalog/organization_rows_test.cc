// SPDX-License-Identifier: Apache-2.0
// Do organizations, their units, accounts, policies and invitations come back as they were stored, and does
// nothing of them stay when they go?
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kOrganization = "o-1";
constexpr const char* kManager = "111122223333";
constexpr const char* kMember = "444455556666";
constexpr const char* kType = "SERVICE_CONTROL_POLICY";

Organization an_organization() {
  Organization organization;
  organization.id = kOrganization;
  organization.management_account = kManager;
  organization.root_id = "r-1";
  organization.feature_set = "ALL";
  organization.created = Timestamp{5};
  return organization;
}

MemberAccount a_member(const std::string& account, const std::string& parent) {
  MemberAccount member;
  member.account = account;
  member.organization_id = kOrganization;
  member.parent_id = parent;
  member.name = "it's " + account;
  member.email = account + "@example.org";
  member.joined_method = "CREATED";
  member.joined = Timestamp{7};
  return member;
}

class OrganizationRows : public CatalogFixture {
 protected:
  void SetUp() override {
    CatalogFixture::SetUp();
    stored([](Transaction& transaction) -> Status {
      for (const char* account : {kManager, kMember})
        COFFER_CHECK(transaction.insert_account({account, Timestamp{1}}));
      COFFER_CHECK(transaction.insert_organization(an_organization()));
      COFFER_CHECK(transaction.insert_organizational_unit({"ou-1", kOrganization, "r-1", "one"}));
      COFFER_CHECK(transaction.insert_organizational_unit({"ou-2", kOrganization, "ou-1", "two"}));
      COFFER_CHECK(transaction.insert_member_account(a_member(kManager, "r-1")));
      COFFER_CHECK(transaction.insert_member_account(a_member(kMember, "ou-2")));
      return transaction.insert_organization_policy({"p-1", kOrganization, kType, "n", "d", "{}"});
    });
  }
  std::vector<std::string> units(const std::string& parent, const std::string& after = "") {
    return read<std::vector<std::string>>([&](Transaction& transaction) -> Result<std::vector<std::string>> {
      COFFER_TRY(found, transaction.organizational_units(kOrganization, parent, after, 10));
      std::vector<std::string> ids;
      for (const auto& each : found) ids.push_back(each.id);
      return ids;
    });
  }
  std::vector<std::string> attached(const std::string& target) {
    return read<std::vector<std::string>>(
        [&](Transaction& transaction) { return transaction.organization_policies_on(target, kType); });
  }
  ErrorKind failure(const std::function<Status(Transaction&)>& body) {
    const auto status = catalog_->write(body);
    EXPECT_FALSE(status);
    return status ? ErrorKind::kInternal : status.error().kind;
  }
};

TEST_F(OrganizationRows, AMemberLeadsToItsOrganization) {
  const auto found = read<std::optional<Organization>>(
      [](Transaction& transaction) { return transaction.organization_of(kMember); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, kOrganization);
  EXPECT_EQ(found->management_account, kManager);
  EXPECT_EQ(found->root_id, "r-1");
  EXPECT_EQ(found->feature_set, "ALL");
  EXPECT_EQ(found->created, Timestamp{5});
  EXPECT_FALSE(found->service_control_policies || found->resource_control_policies);
  EXPECT_FALSE(read<std::optional<Organization>>(
      [](Transaction& transaction) { return transaction.organization_of("777788889999"); }));
}

TEST_F(OrganizationRows, EachTypeOfPolicyIsEnabledByItself) {
  stored([](Transaction& transaction) {
    auto organization = an_organization();
    organization.resource_control_policies = true;
    return transaction.update_organization(organization);
  });
  const auto found = read<std::optional<Organization>>(
      [](Transaction& transaction) { return transaction.organization(kOrganization); });
  EXPECT_TRUE(found->resource_control_policies && !found->service_control_policies);
}

TEST_F(OrganizationRows, UnitsAreListedByParentAndPage) {
  EXPECT_THAT(units(""), ElementsAre("ou-1", "ou-2"));
  EXPECT_THAT(units("r-1"), ElementsAre("ou-1"));
  EXPECT_THAT(units("", "ou-1"), ElementsAre("ou-2"));
  EXPECT_EQ(read<size_t>([](Transaction& transaction) {
              return transaction.count_organizational_units(kOrganization);
            }),
            2u);
}

TEST_F(OrganizationRows, ANameIsTakenOnceInItsParent) {
  EXPECT_EQ(failure([](Transaction& transaction) {
              return transaction.insert_organizational_unit({"ou-3", kOrganization, "ou-1", "two"});
            }),
            ErrorKind::kConflict);
  stored([](Transaction& transaction) {
    return transaction.insert_organizational_unit({"ou-3", kOrganization, "ou-2", "two"});
  });
  EXPECT_EQ(failure([](Transaction& transaction) {
              return transaction.insert_organization_policy({"p-2", kOrganization, kType, "n", "", ""});
            }),
            ErrorKind::kConflict);
}

TEST_F(OrganizationRows, AnAccountIsInOneOrganization) {
  EXPECT_EQ(failure([](Transaction& transaction) {
              return transaction.insert_member_account(a_member(kMember, "r-1"));
            }),
            ErrorKind::kConflict);
  stored([](Transaction& transaction) { return transaction.move_member_account(kMember, "ou-1"); });
  const auto member = read<std::optional<MemberAccount>>(
      [](Transaction& transaction) { return transaction.member_account(kMember); });
  EXPECT_EQ(member->parent_id, "ou-1");
  EXPECT_EQ(member->name, std::string("it's ") + kMember);
  EXPECT_EQ(member->joined, Timestamp{7});
  EXPECT_TRUE(read<bool>([](Transaction& transaction) {
    return transaction.is_email_of_account(std::string(kMember) + "@EXAMPLE.org");
  }));
  EXPECT_FALSE(read<bool>([](Transaction& transaction) { return transaction.is_email_of_account(""); }));
}

TEST_F(OrganizationRows, APolicyIsAttachedOnceAndGoesWithItsTarget) {
  const PolicyAttachment attachment{kOrganization, "ou-2", kType, "p-1"};
  stored([&](Transaction& transaction) { return transaction.attach_organization_policy(attachment); });
  EXPECT_THAT(attached("ou-2"), ElementsAre("p-1"));
  EXPECT_EQ(
      failure([&](Transaction& transaction) { return transaction.attach_organization_policy(attachment); }),
      ErrorKind::kConflict);
  stored([&](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.detach_organization_policy(attachment));
    return transaction.attach_organization_policy({kOrganization, kMember, kType, "p-1"});
  });
  EXPECT_EQ(
      failure([&](Transaction& transaction) { return transaction.detach_organization_policy(attachment); }),
      ErrorKind::kNotFound);
  stored([](Transaction& transaction) { return transaction.remove_member_account(kMember); });
  EXPECT_THAT(attached(kMember), IsEmpty());
}

TEST_F(OrganizationRows, AnOrganizationGoesWithAllItHas) {
  stored([](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.attach_organization_policy({kOrganization, "r-1", kType, "p-1"}));
    COFFER_CHECK(transaction.insert_handshake(
        {"h-1", kOrganization, "777788889999", "", "OPEN", Timestamp{1}, Timestamp{2}}));
    COFFER_CHECK(transaction.insert_account_creation(
        {"car-1", kOrganization, "n", "SUCCEEDED", "", kMember, Timestamp{1}, Timestamp{1}}));
    for (const char* id : {"r-1", "ou-1", "p-1", kMember})
      COFFER_CHECK(transaction.replace_organization_tags(id, {{"k", "v"}}));
    COFFER_CHECK(transaction.remove_member_account(kMember));
    return transaction.remove_organization(kOrganization);
  });
  EXPECT_THAT(units(""), IsEmpty());
  EXPECT_THAT(attached("r-1"), IsEmpty());
  EXPECT_FALSE(
      read<std::optional<Handshake>>([](Transaction& transaction) { return transaction.handshake("h-1"); }));
  for (const char* id : {"r-1", "ou-1", "p-1", kMember})
    EXPECT_THAT((read<std::vector<std::pair<std::string, std::string>>>(
                    [&](Transaction& transaction) { return transaction.organization_tags(id); })),
                IsEmpty())
        << id;
  EXPECT_EQ(read<size_t>([](Transaction& transaction) { return transaction.count_organizations(); }), 0u);
}

TEST_F(OrganizationRows, InvitationsAreFoundFromBothSides) {
  stored([](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.insert_handshake(
        {"h-1", kOrganization, "777788889999", "come", "OPEN", Timestamp{1}, Timestamp{2}}));
    return transaction.set_handshake_state("h-1", "ACCEPTED");
  });
  const auto of = [&](const std::string& organization, const std::string& account) {
    return read<std::vector<Handshake>>(
        [&](Transaction& transaction) { return transaction.handshakes(organization, account, "", 10); });
  };
  ASSERT_EQ(of(kOrganization, "").size(), 1u);
  ASSERT_EQ(of("", "777788889999").size(), 1u);
  EXPECT_THAT(of("", kMember), IsEmpty());
  EXPECT_EQ(of(kOrganization, "")[0].state, "ACCEPTED");
  EXPECT_EQ(of(kOrganization, "")[0].notes, "come");
}

TEST_F(OrganizationRows, AClosedAccountShowsItInItsMembership) {
  const auto member = [&] {
    return *read<std::optional<MemberAccount>>(
        [](Transaction& transaction) { return transaction.member_account(kMember); });
  };
  EXPECT_FALSE(member().closed);
  stored([](Transaction& transaction) { return transaction.set_account_closed(kMember, Timestamp{9}); });
  EXPECT_EQ(member().closed, Timestamp{9});
  EXPECT_EQ(read<size_t>([](Transaction& transaction) { return transaction.count_closed_accounts(); }), 1u);
  stored([](Transaction& transaction) { return transaction.set_account_closed(kMember, std::nullopt); });
  EXPECT_FALSE(member().closed);
  EXPECT_EQ(read<size_t>([](Transaction& transaction) { return transaction.count_closed_accounts(); }), 0u);
}

TEST_F(OrganizationRows, WhatIsDelegatedGoesWithTheAccountOrTheOrganization) {
  const auto delegated = [&] {
    return read<std::vector<DelegatedAdministrator>>(
        [](Transaction& transaction) { return transaction.delegated_administrators(kOrganization); });
  };
  stored([](Transaction& transaction) -> Status {
    COFFER_CHECK(transaction.put_trusted_service({kOrganization, "b.amazonaws.com", Timestamp{3}}));
    COFFER_CHECK(transaction.put_trusted_service({kOrganization, "b.amazonaws.com", Timestamp{4}}));
    COFFER_CHECK(transaction.put_organization_resource_policy({"rp-1", kOrganization, "{}"}));
    return transaction.insert_delegated_administrator(
        {kOrganization, kMember, "b.amazonaws.com", Timestamp{5}});
  });
  ASSERT_EQ(delegated().size(), 1u);
  EXPECT_EQ(delegated()[0].since, Timestamp{5});
  const auto trusted = read<std::vector<TrustedService>>(
      [](Transaction& transaction) { return transaction.trusted_services(kOrganization); });
  ASSERT_EQ(trusted.size(), 1u);
  EXPECT_EQ(trusted[0].since, Timestamp{3});
  stored([](Transaction& transaction) { return transaction.remove_member_account(kMember); });
  EXPECT_THAT(delegated(), IsEmpty());
  stored([](Transaction& transaction) { return transaction.remove_organization(kOrganization); });
  EXPECT_FALSE(read<std::optional<OrganizationResourcePolicy>>(
      [](Transaction& transaction) { return transaction.organization_resource_policy(kOrganization); }));
}

}  // namespace
}  // namespace coffer::catalog
