// SPDX-License-Identifier: Apache-2.0
// Where is a principal's name in a policy replaced, and where not?
#include "catalog/principal_references.h"

#include <gtest/gtest.h>

namespace coffer::catalog {
namespace {

constexpr const char* kArn = "arn:aws:iam::111122223333:user/eve";
constexpr const char* kId = "AIDACKCEVSQ6C2EXAMPLE";

std::string with(const std::string& policy) {
  std::string text = policy;
  for (char& c : text)
    if (c == '\'') c = '"';
  for (size_t at = text.find("EVE"); at != std::string::npos; at = text.find("EVE"))
    text.replace(at, 3, kArn);
  return with_principal(text, kArn, kId).value_or("none");
}

TEST(WithPrincipal, ReplacesAPrincipalInEveryForm) {
  for (const char* principal : {"{'AWS':'EVE'}", "{'AWS':['x','EVE']}"})
    for (const char* element : {"Principal", "NotPrincipal"}) {
      const std::string statement = std::string("{'") + element + "':" + principal + "}";
      for (const std::string& policy :
           {"{'Statement':" + statement + "}", "{'Statement':[{'Sid':'a'}," + statement + "]}"}) {
        const std::string changed = with(policy);
        EXPECT_NE(changed.find(kId), std::string::npos) << policy;
        EXPECT_EQ(changed.find(kArn), std::string::npos) << policy;
      }
    }
}

TEST(WithPrincipal, ReadsEscapes) {
  EXPECT_NE(
      with(R"({'Statement':{'Principal':{'AWS':'arn:aws:iam::111122223333:user\/\u0065ve'}}})").find(kId),
      std::string::npos);
}

TEST(WithPrincipal, LeavesWhatIsNoPrincipal) {
  EXPECT_EQ(with("{'Statement':{'Condition':{'ArnEquals':{'aws:PrincipalArn':'EVE'}},'Resource':'EVE'}}"),
            "none");
  EXPECT_EQ(with("{'Statement':{'Principal':{'AWS':'EVE2'}}}"), "none");
  EXPECT_EQ(with("{'Statement':{'Principal':'*'}}"), "none");
  EXPECT_EQ(with("not JSON"), "none");
}

TEST(WithPrincipal, KeepsTheOrderAndTheRest) {
  EXPECT_EQ(
      with("{'Version':'2012-10-17','Statement':[{'Sid':'b','Principal':{'AWS':'EVE'},'Action':'kms:*'}]}"),
      R"({"Version":"2012-10-17","Statement":[{"Sid":"b","Principal":{"AWS":"AIDACKCEVSQ6C2EXAMPLE"},"Action":"kms:*"}]})");
}

}  // namespace
}  // namespace coffer::catalog
