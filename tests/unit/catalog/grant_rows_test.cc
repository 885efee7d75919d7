// SPDX-License-Identifier: Apache-2.0
// Do grants come back as they were stored, and only those that were asked for?
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/catalog_fixture.h"

namespace coffer::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Grant a_grant(const std::string& id, const std::string& key_id, const std::string& grantee) {
  Grant grant;
  grant.id = id;
  grant.key_id = key_id;
  grant.region = "us-west-2";
  grant.issuing_account = "123456789012";
  grant.name = "first";
  grant.grantee_principal = grantee;
  grant.retiring_principal = "arn:aws:iam::123456789012:role/retirer";
  grant.operations = {"Decrypt", "Encrypt"};
  grant.constraint = Grant::Constraint::kContextSubset;
  grant.constraint_context = {{"aws:ebs:id", "vol-1"}, {"team", "storage and backup"}};
  grant.created = Timestamp{7};
  return grant;
}

std::vector<std::string> ids(const std::vector<Grant>& grants) {
  std::vector<std::string> found;
  for (const auto& grant : grants) found.push_back(grant.id);
  return found;
}

class GrantRows : public CatalogFixture {
 protected:
  void SetUp() override {
    CatalogFixture::SetUp();
    stored([](Transaction& transaction) -> Status {
      COFFER_CHECK(transaction.insert_grant(a_grant("g1", "k1", "alice")));
      COFFER_CHECK(transaction.insert_grant(a_grant("g2", "k1", "bob")));
      return transaction.insert_grant(a_grant("g3", "k2", "alice"));
    });
  }
  std::vector<std::string> of_key(const GrantFilter& filter, const std::string& after, size_t limit) {
    return read<std::vector<std::string>>([&](Transaction& transaction) -> Result<std::vector<std::string>> {
      COFFER_TRY(found, transaction.grants_of_key(filter, after, limit));
      return ids(found);
    });
  }
};

TEST_F(GrantRows, AllMembersComeBack) {
  const auto found = read<std::optional<Grant>>([](Transaction& t) { return t.grant("us-west-2", "g1"); });
  ASSERT_TRUE(found);
  const Grant expected = a_grant("g1", "k1", "alice");
  EXPECT_EQ(found->key_id, expected.key_id);
  EXPECT_EQ(found->issuing_account, expected.issuing_account);
  EXPECT_EQ(found->name, expected.name);
  EXPECT_EQ(found->grantee_principal, expected.grantee_principal);
  EXPECT_EQ(found->retiring_principal, expected.retiring_principal);
  EXPECT_EQ(found->operations, expected.operations);
  EXPECT_EQ(found->constraint, expected.constraint);
  EXPECT_EQ(found->constraint_context, expected.constraint_context);
  EXPECT_EQ(found->created, expected.created);
}

TEST_F(GrantRows, OfAnotherRegionAreNotThere) {
  EXPECT_FALSE(read<std::optional<Grant>>([](Transaction& t) { return t.grant("us-east-1", "g1"); }));
}

TEST_F(GrantRows, OfOneKeyByTheFilterAndPageByPage) {
  EXPECT_THAT(of_key({"us-west-2", "k1", "", ""}, "", 10), ElementsAre("g1", "g2"));
  EXPECT_THAT(of_key({"us-west-2", "k1", "", ""}, "", 1), ElementsAre("g1"));
  EXPECT_THAT(of_key({"us-west-2", "k1", "", ""}, "g1", 10), ElementsAre("g2"));
  EXPECT_THAT(of_key({"us-west-2", "k1", "", "bob"}, "", 10), ElementsAre("g2"));
  EXPECT_THAT(of_key({"us-west-2", "k1", "g1", ""}, "", 10), ElementsAre("g1"));
  EXPECT_THAT(of_key({"us-west-2", "k1", "g3", ""}, "", 10), IsEmpty());
}

TEST_F(GrantRows, ToAGranteeForOneKey) {
  const auto found =
      read<std::vector<Grant>>([](Transaction& t) { return t.grants_to("us-west-2", "k1", "alice"); });
  EXPECT_THAT(ids(found), ElementsAre("g1"));
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front().constraint_context.size(), 2u);
}

TEST_F(GrantRows, ByRetiringPrincipalOverAllKeys) {
  const auto found = read<std::vector<Grant>>([](Transaction& t) {
    return t.retirable_grants("us-west-2", "arn:aws:iam::123456789012:role/retirer", "g1", 10);
  });
  EXPECT_THAT(ids(found), ElementsAre("g2", "g3"));
}

TEST_F(GrantRows, RemovedOnesAreGoneAndNotFoundAgain) {
  stored([](Transaction& transaction) { return transaction.remove_grant("g1"); });
  EXPECT_THAT(of_key({"us-west-2", "k1", "", ""}, "", 10), ElementsAre("g2"));
  EXPECT_EQ(read<size_t>([](Transaction& t) { return t.count_grants("us-west-2", "k1"); }), 1u);
  EXPECT_FALSE(catalog_->write([](Transaction& transaction) { return transaction.remove_grant("g1"); }));
}

}  // namespace
}  // namespace coffer::catalog
