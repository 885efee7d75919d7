// SPDX-License-Identifier: Apache-2.0
// `coffer kms reset-policy`.
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/key_name.h"
#include "cli/output.h"

namespace coffer::cli {

int kms_reset_policy(const Common& common, const std::string& key_arn) {
  if (const Status named = check_key_arn(key_arn); !named) return complain_about(named.error());
  const auto served = find_served(common.data);
  if (!served) return complain_about(served.error());
  Document request;
  request.set("command", "kms-reset-policy");
  request.set("key_arn", key_arn);
  const auto answer = ask(*served, request);
  if (!answer) return complain_about(answer.error());
  print(common.json ? answer->pretty() : "The policy of " + key_arn + " is the default one again.\n");
  return kOk;
}

}  // namespace coffer::cli
