// SPDX-License-Identifier: Apache-2.0
#include "services/kms/key_access.h"

namespace coffer::services::kms {

Status authorise_key(Call& call, const std::string& action, const FoundKey& key, const KeyRequest&) {
  return call.authorise(action, key.arn);
}

Status authorise_key(Installation& installation, const policy::Principal& principal,
                     const std::string& action, const FoundKey& key, const KeyRequest& said) {
  return coffer::authorise(
      installation, principal, said.via_service,
      {.action = action, .resource = key.arn, .context = said.condition, .via_service = said.via_service});
}

Status refuse_dry_run(const std::optional<bool>& wish) {
  if (!wish.value_or(false)) return {};
  return fail(ErrorKind::kConflict, "The request would have succeeded, but the DryRun option is set.",
              "DryRunOperationException");
}

}  // namespace coffer::services::kms
