// SPDX-License-Identifier: Apache-2.0
// kms-reset-policy: the way out for the installation's owner when a key's policy lets nobody in.
#include "api/admin_call.h"
#include "services/arn.h"
#include "services/kms/key_directory.h"

namespace coffer::api {

Result<std::string> kms_reset_policy(AdminCall& call) {
  const std::string arn = call.text("key_arn");
  const auto parsed = services::parse_arn(arn);
  if (!parsed || parsed->service != "kms" || !parsed->resource.starts_with("key/"))
    return fail(ErrorKind::kInvalidArgument, "a KMS key's ARN is needed, '" + arn + "' is none");
  COFFER_TRY(found, services::kms::any_key_by_arn(call.installation, arn));
  if (found.key.manager != "CUSTOMER")
    return fail(ErrorKind::kInvalidArgument, "the policy of " + arn + " is AWS's own and cannot be changed");
  COFFER_CHECK(call.installation.catalog.write([&](catalog::Transaction& transaction) -> Status {
    COFFER_TRY(row, transaction.key(found.key.region, found.key.id));
    if (!row || row->account != parsed->account)
      return fail(ErrorKind::kNotFound, "Key '" + arn + "' does not exist", "NotFoundException");
    // The record keeps the policy that was there.
    const Json parameters = {{"keyArn", arn}, {"replacedPolicy", row->policy}};
    row->policy = services::kms::default_key_policy(row->account);
    COFFER_CHECK(transaction.update_key(*row));
    return transaction.append_trail(admin_event(call, "ResetKeyPolicy", parameters, nullptr, nullptr));
  }));
  return success_line({{"key_arn", arn}});
}

}  // namespace coffer::api
