// SPDX-License-Identifier: Apache-2.0
// Does a key allow in each state what AWS's table of key states says? The expected answers are the table's
// footnotes, written here a second time, cell by cell.
#include "services/kms/key_states.h"

#include <gtest/gtest.h>

#include <map>
#include <sstream>

namespace coffer::services::kms {
namespace {

const std::string kArn = "arn:aws:kms:us-west-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

// [1] to [15] of "Key states of AWS KMS keys", as far as a state alone decides.
std::string footnote(const Status& status) {
  if (status) return "ok";
  const Error& error = status.error();
  if (error.code == "DisabledException" && error.message == kArn + " is disabled.") return "1";
  if (error.code != "KMSInvalidStateException") return error.code + ": " + error.message;
  const std::map<std::string, std::string> kTexts = {
      {" is pending deletion.", "3"}, {" is not pending deletion.", "4"},
      {" is pending import.", "5"},   {" is unavailable.", "11"},
      {" is creating.", "14"},        {" is updating.", "15"}};
  const auto text = kTexts.find(error.message.substr(kArn.size()));
  return text == kTexts.end() ? error.message : text->second;
}

constexpr const char* kTable = R"(
state                   Enabled Disabled PendingImport PendingDeletion PendingReplicaDeletion Unavailable Creating Updating
CancelKeyDeletion       4       4        4             ok              ok                     4           4        4
CreateAlias             ok      ok       ok            3               3                      ok          ok       ok
CreateGrant             ok      1        5             3               3                      ok          14       ok
Decrypt                 ok      1        5             3               3                      11          14       ok
DeleteAlias             ok      ok       ok            ok              ok                     ok          ok       ok
DescribeKey             ok      ok       ok            ok              ok                     ok          ok       ok
DisableKey              ok      ok       5             3               3                      ok          14       15
EnableKey               ok      ok       5             3               3                      ok          14       15
EnableKeyRotation       ok      1        5             3               3                      11          14       15
Encrypt                 ok      1        5             3               3                      11          14       ok
GenerateDataKey         ok      1        5             3               3                      11          14       ok
GenerateMac             ok      1        5             3               3                      11          14       ok
GetKeyPolicy            ok      ok       ok            ok              ok                     ok          ok       ok
GetKeyRotationStatus    ok      ok       ok            ok              ok                     ok          ok       ok
GetPublicKey            ok      1        5             3               3                      11          14       ok
ImportKeyMaterial       ok      ok       ok            3               3                      ok          14       15
ListGrants              ok      ok       ok            ok              ok                     ok          ok       ok
PutKeyPolicy            ok      ok       ok            ok              ok                     ok          ok       ok
ReEncrypt               ok      1        5             3               3                      11          14       ok
RetireGrant             ok      ok       ok            ok              ok                     ok          ok       ok
RotateKeyOnDemand       ok      1        5             3               3                      11          14       15
ScheduleKeyDeletion     ok      ok       ok            3               3                      ok          14       15
Sign                    ok      1        5             3               3                      11          14       ok
TagResource             ok      ok       ok            3               3                      ok          ok       ok
UpdateAlias             ok      ok       ok            3               3                      ok          ok       ok
UpdateKeyDescription    ok      ok       ok            3               3                      ok          ok       ok
UpdatePrimaryRegion     ok      1        5             3               3                      11          14       15
)";

TEST(KeyStates, AnswerAsTheTableSays) {
  std::istringstream lines(kTable);
  std::string line, word;
  std::vector<std::string> states;
  int cells = 0;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string operation;
    if (!(words >> operation)) continue;
    for (size_t column = 0; words >> word; ++column) {
      if (operation == "state") {
        states.push_back(word);
        continue;
      }
      EXPECT_EQ(footnote(check_state(states.at(column), operation, kArn)), word)
          << operation << " in " << states.at(column);
      ++cells;
    }
  }
  EXPECT_EQ(cells, 27 * 8);
}

TEST(KeyStates, AnUnknownOperationOrStateIsOurMistake) {
  EXPECT_EQ(check_state("Enabled", "ListKeys", kArn).error().kind, ErrorKind::kInternal);
  EXPECT_EQ(check_state("Gone", "Encrypt", kArn).error().kind, ErrorKind::kInternal);
}

}  // namespace
}  // namespace coffer::services::kms
