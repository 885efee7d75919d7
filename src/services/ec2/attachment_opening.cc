// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/attachment_opening.h"

#include <fmt/format.h>

#include "base/log.h"
#include "services/ec2/volume_changes.h"

namespace coffer::services::ec2 {

Status release(catalog::Transaction& transaction, const std::string& volume_id) {
  COFFER_CHECK(transaction.remove_attachment(volume_id));
  COFFER_TRY(volume, transaction.volume(volume_id));
  if (!volume) return {};
  volume->state = "available";
  return transaction.update_volume(*volume);
}

Error attach_error(const Error& error, const catalog::Volume& volume) {
  if (!is_about_a_key(error)) return error;
  return {ErrorKind::kPermissionDenied,
          fmt::format("Volume {} cannot be attached: a KMS key of it cannot be used. {}", volume.id,
                      describe_key_error(error)),
          "CustomerKeyHasBeenRevoked"};
}

Result<control::AttachedVolume> open_on_host(Installation& parts, const catalog::Volume& volume,
                                             const std::string& attachment_id, const KeyAccess& access) {
  // An attachment whose answer was lost may still be served; by the catalog it never came to be.
  COFFER_CHECK(parts.volumed.detach(volume.id, true));
  COFFER_CHECK(open_key_session(parts, {volume.id, attachment_id}, access));
  COFFER_TRY(served, parts.volumed.attach(volume.id, attachment_id));
  if (const Status limited = set_limits(parts, volume); !limited)
    log_warning("volume {} is not throttled: {}", volume.id, limited.error().message);
  return served;
}

}  // namespace coffer::services::ec2
