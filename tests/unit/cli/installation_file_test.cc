// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/data_folder.h"

namespace coffer::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

InstallationFile made(const InstallationWishes& wishes = {}) {
  return *new_installation(wishes, system_clock(), system_random());
}

TEST(InstallationFile, ReadsBackWhatItWrote) {
  InstallationFile installation =
      made({.account = "210987654321", .regions = {"eu-west-1"}, .development = true});
  installation.seal_file = "/media/usb/seal.key";
  installation.initialised = true;
  auto read = parse_installation(to_json(installation));
  ASSERT_TRUE(read);
  EXPECT_EQ(to_json(*read), to_json(installation));
  EXPECT_EQ(read->account, "210987654321");
  EXPECT_EQ(read->seal_file, "/media/usb/seal.key");
  EXPECT_TRUE(read->development && read->initialised);
}

TEST(InstallationFile, IsDamagedWhenAnyMemberIsMissing) {
  const std::string whole = to_json(made());
  ASSERT_TRUE(parse_installation(whole));
  for (const char* member :
       {"\"format_version\"", "\"installation_id\"", "\"account\"", "\"regions\"", "\"host_id\""}) {
    std::string damaged = whole;
    damaged.replace(damaged.find(member) + 1, 1, "X");
    EXPECT_EQ(parse_installation(damaged).error().kind, ErrorKind::kCorrupt) << member;
  }
  for (size_t length = 0; length + 2 < whole.size(); ++length)
    EXPECT_FALSE(parse_installation(whole.substr(0, length))) << length;
}

TEST(InstallationFile, OfALaterVersionIsRefusedInWords) {
  std::string later = to_json(made());
  later.replace(later.find(": 1"), 3, ": 2");
  const Error error = parse_installation(later).error();
  EXPECT_EQ(error.kind, ErrorKind::kTooNew);
  EXPECT_THAT(error.message, HasSubstr("version 2"));
}

TEST(InstallationWishes, AddRegionsOnceAndKeepTheDefault) {
  auto wished = with_wishes(made(), {.regions = {"eu-west-1", "us-east-1", "eu-west-1"}});
  ASSERT_TRUE(wished);
  EXPECT_THAT(wished->regions, ElementsAre("us-west-2", "us-east-1", "eu-west-1"));
}

TEST(InstallationWishes, MayRepeatWhatIsSo) {
  const InstallationFile installation = made({.account = "210987654321", .development = true});
  EXPECT_TRUE(with_wishes(installation, {.account = "210987654321", .development = true}));
  EXPECT_TRUE(with_wishes(installation, {})->development);
}

TEST(InstallationWishes, MayNotContradict) {
  EXPECT_EQ(with_wishes(made(), {.account = "210987654321"}).error().kind, ErrorKind::kConflict);
  EXPECT_EQ(with_wishes(made(), {.development = true}).error().kind, ErrorKind::kConflict);
}

TEST(RegionName, HasTheFormOfAws) {
  for (const char* name : {"us-west-2", "us-gov-east-1", "ap-southeast-4", "eu-isoe-west-1"})
    EXPECT_TRUE(is_region_name(name)) << name;
  for (const char* name : {"", "mars", "us-west", "us-west-2a", "us-west-", "-us-west-2", "US-west-2",
                           "us--west-2", "us-west-2/..", "us-west-222", "2-2-2"})
    EXPECT_FALSE(is_region_name(name)) << name;
}

}  // namespace
}  // namespace coffer::cli
