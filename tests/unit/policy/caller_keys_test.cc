// SPDX-License-Identifier: Apache-2.0
// What do policies see of each kind of caller? The values are those of "Principal key values".
#include "policy/caller_keys.h"

#include <gmock/gmock.h>

namespace coffer::policy {
namespace {

using testing::ElementsAre;
using testing::Pair;

auto keys_of(const CallerIdentity& caller) {
  Context context;
  add_caller_keys(caller, context);
  return context.entries();
}

auto is(const char* key, const char* value) {
  return Pair(key, ElementsAre(value));
}

TEST(CallerKeys, AUserHasItsName) {
  CallerIdentity user;
  user.type = CallerType::kUser;
  user.account = "111122223333";
  user.arn = "arn:aws:iam::111122223333:user/path/alice";
  user.id = "AIDACKCEVSQ6C2EXAMPLE";
  EXPECT_THAT(
      keys_of(user),
      ElementsAre(is("aws:principalaccount", "111122223333"), is("aws:principalarn", user.arn.c_str()),
                  is("aws:principalisawsservice", "false"), is("aws:principaltype", "User"),
                  is("aws:userid", "AIDACKCEVSQ6C2EXAMPLE"), is("aws:username", "alice")));
}

TEST(CallerKeys, ASessionIsKnownByItsRolesArn) {
  CallerIdentity role;
  role.type = CallerType::kRoleSession;
  role.account = "111122223333";
  role.arn = "arn:aws:sts::111122223333:assumed-role/app/i-1";
  role.source_arn = "arn:aws:iam::111122223333:role/app";
  role.id = "AROACKCEVSQ6C2EXAMPLE:i-1";
  EXPECT_THAT(keys_of(role),
              ElementsAre(is("aws:principalaccount", "111122223333"),
                          is("aws:principalarn", "arn:aws:iam::111122223333:role/app"),
                          is("aws:principalisawsservice", "false"), is("aws:principaltype", "AssumedRole"),
                          is("aws:userid", "AROACKCEVSQ6C2EXAMPLE:i-1")));
}

TEST(CallerKeys, RootIsItsAccount) {
  CallerIdentity root;
  root.type = CallerType::kRoot;
  root.account = root.id = "111122223333";
  root.arn = "arn:aws:iam::111122223333:root";
  EXPECT_THAT(keys_of(root),
              ElementsAre(is("aws:principalaccount", "111122223333"),
                          is("aws:principalarn", root.arn.c_str()), is("aws:principalisawsservice", "false"),
                          is("aws:principaltype", "Account"), is("aws:userid", "111122223333")));
}

TEST(CallerKeys, ServicesAndTheAnonymousHaveNoArn) {
  CallerIdentity service;
  service.type = CallerType::kService;
  service.name = "cloudtrail.amazonaws.com";
  EXPECT_THAT(keys_of(service), ElementsAre(is("aws:principalisawsservice", "true"),
                                            is("aws:principalservicename", "cloudtrail.amazonaws.com")));
  EXPECT_THAT(keys_of({}), ElementsAre(is("aws:principalaccount", "anonymous"),
                                       is("aws:principaltype", "Anonymous"), is("aws:userid", "anonymous")));
}

}  // namespace
}  // namespace coffer::policy
