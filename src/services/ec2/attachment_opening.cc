// SPDX-License-Identifier: Apache-2.0
#include "services/ec2/attachment_opening.h"

#include <fmt/format.h>

namespace coffer::services::ec2 {

Status release(catalog::Transaction& transaction, const std::string& volume_id) {
  COFFER_CHECK(transaction.remove_attachment(volume_id));
  COFFER_TRY(volume, transaction.volume(volume_id));
  if (!volume) return {};
  volume->state = "available";
  return transaction.update_volume(*volume);
}

Error attach_error(const Error& error, const catalog::Volume& volume) {
  const bool about_the_key = error.code == "DisabledException" || error.code == "KMSInvalidStateException" ||
                             error.code == "NotFoundException" || error.code == "AccessDeniedException" ||
                             error.kind == ErrorKind::kRefusedCiphertext;
  if (!about_the_key) return error;
  return {ErrorKind::kPermissionDenied,
          fmt::format("Volume {} cannot be attached: its KMS key {} cannot be used. {}: {}", volume.id,
                      volume.kms_key_arn, error.code.empty() ? "InvalidCiphertextException" : error.code,
                      error.message),
          "CustomerKeyHasBeenRevoked"};
}

Result<control::AttachedVolume> open_on_host(
    Installation& parts, const catalog::Volume& volume, const std::string& attachment_id,
    const MayDecrypt& may_decrypt,
    const std::function<Status(const std::vector<std::string>& kms_key_arns)>& before_delivery) {
  // An attachment whose answer was lost may still be served; by the catalog it never came to be.
  COFFER_CHECK(parts.volumed.detach(volume.id, true));
  COFFER_TRY(prepared, parts.volumed.prepare_keys(volume.id, attachment_id));
  if (!prepared.layers.empty()) {
    COFFER_TRY(boxed,
               box_volume_keys(parts, {volume.id, attachment_id, volume.region}, prepared, may_decrypt));
    COFFER_CHECK(before_delivery(boxed.kms_key_arns));
    for (const Bytes& box : boxed.boxes)
      COFFER_CHECK(parts.volumed.deliver_keys(volume.id, attachment_id, box));
  }
  return parts.volumed.attach(volume.id, attachment_id);
}

}  // namespace coffer::services::ec2
