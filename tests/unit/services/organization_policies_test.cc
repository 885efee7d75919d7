// SPDX-License-Identifier: Apache-2.0
// What may be in a control policy, and how what organizations have is called.
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "policy/document.h"
#include "services/organizations/managed_policies.h"
#include "services/organizations/names.h"
#include "services/organizations/policy_documents.h"

namespace coffer::services::organizations {
namespace {

std::string policy(const std::string& elements) {
  return R"({"Version":"2012-10-17","Statement":[{)" + elements + "}]}";
}

std::string code_of(const std::string& content, const char* type) {
  const auto status = check_policy_content(content, type);
  return status ? "" : status.error().code;
}

constexpr const char* kMalformed = "MalformedPolicyDocumentException";
const std::string kService = policy(R"("Effect":"Deny","Action":"ec2:*","Resource":"*")");
const std::string kResource = policy(R"("Effect":"Deny","Principal":"*","Action":"kms:*","Resource":"*")");

TEST(ControlPolicyContent, EachTypeTakesItsOwnDocuments) {
  EXPECT_EQ(code_of(kService, kServiceControlPolicy), "");
  EXPECT_EQ(code_of(kResource, kResourceControlPolicy), "");
  EXPECT_EQ(code_of(kResource, kServiceControlPolicy), kMalformed);
  EXPECT_EQ(code_of(kService, kResourceControlPolicy), kMalformed);
}

TEST(ControlPolicyContent, AResourceControlPolicyDeniesEverybody) {
  for (const char* elements :
       {R"("Effect":"Allow","Principal":"*","Action":"kms:*","Resource":"*")",
        R"("Effect":"Deny","Principal":{"AWS":["*","111122223333"]},"Action":"kms:*","Resource":"*")",
        R"("Effect":"Deny","NotPrincipal":"*","Action":"kms:*","Resource":"*")",
        R"("Effect":"Deny","Principal":"*","NotAction":"kms:*","Resource":"*")"})
    EXPECT_EQ(code_of(policy(elements), kResourceControlPolicy), kMalformed) << elements;
  EXPECT_EQ(code_of(policy(R"("Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:*","NotResource":"*")"),
                    kResourceControlPolicy),
            "");
}

TEST(ControlPolicyContent, CharactersAreCountedNotBytes) {
  const auto with_sid = [](size_t spaces, const std::string& word) {
    return R"({"Version":"2012-10-17","Id":")" + word + R"(","Statement":[)" + std::string(spaces, ' ') +
           R"({"Effect":"Deny","Action":"ec2:*","Resource":"*"}]})";
  };
  const size_t rest = with_sid(0, "ab").size();
  EXPECT_EQ(code_of(with_sid(5120 - rest, "ab"), kServiceControlPolicy), "");
  EXPECT_EQ(code_of(with_sid(5120 - rest, "\u00e9\u00e9"), kServiceControlPolicy), "");
  EXPECT_EQ(code_of(with_sid(5121 - rest, "ab"), kServiceControlPolicy), "ConstraintViolationException");
}

TEST(ManagedControlPolicies, AreDocumentsOfTheirKind) {
  for (const auto& managed : managed_policies()) {
    const auto kind = managed.type == kResourceControlPolicy ? policy::DocumentKind::kResource
                                                             : policy::DocumentKind::kIdentity;
    EXPECT_TRUE(policy::read_document(managed.content, kind)) << managed.id;
    EXPECT_EQ(find_managed_policy(managed.id), &managed);
    EXPECT_EQ(managed_policy_of(managed.type), &managed);
  }
  EXPECT_EQ(find_managed_policy("p-12345678"), nullptr);
  EXPECT_EQ(managed_policy_of("TAG_POLICY"), nullptr);
}

TEST(OrganizationNames, AreOfAwssPatterns) {
  auto& random = system_random();
  const auto matches = [](const std::string& id, const char* pattern) {
    return std::regex_match(id, std::regex(pattern));
  };
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto root = make_root_id(random), policy = make_policy_id(random);
    EXPECT_TRUE(matches(root, "r-[0-9a-z]{4,32}")) << root;
    EXPECT_TRUE(matches(make_unit_id(random, root), ("ou-" + root.substr(2) + "-[a-z0-9]{8,32}").c_str()));
    EXPECT_TRUE(matches(make_organization_id(random), "o-[a-z0-9]{10,32}"));
    EXPECT_TRUE(matches(policy, "p-[0-9a-zA-Z_]{8,128}"));
    EXPECT_TRUE(matches(make_creation_id(random), "car-[a-z0-9]{8,32}"));
    EXPECT_TRUE(matches(make_handshake_id(random), "h-[0-9a-z]{8,32}"));
    EXPECT_TRUE(seen.insert(policy).second);
  }
}

TEST(OrganizationNames, ArnsNameTheManagementAccount) {
  Organization organization;
  organization.id = "o-1";
  organization.management_account = "111122223333";
  organization.root_id = "r-1";
  const std::string prefix = "arn:aws:organizations::111122223333:";
  EXPECT_EQ(organization_arn(organization), prefix + "organization/o-1");
  EXPECT_EQ(target_arn(organization, "r-1"), prefix + "root/o-1/r-1");
  EXPECT_EQ(target_arn(organization, "ou-1-2"), prefix + "ou/o-1/ou-1-2");
  EXPECT_EQ(target_arn(organization, "444455556666"), prefix + "account/o-1/444455556666");
  EXPECT_EQ(policy_arn(organization, kResourceControlPolicy, "p-1"),
            prefix + "policy/o-1/resource_control_policy/p-1");
  EXPECT_EQ(managed_policy_arn(kServiceControlPolicy, "p-FullAWSAccess"),
            "arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess");
}

}  // namespace
}  // namespace coffer::services::organizations
