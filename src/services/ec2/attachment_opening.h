// SPDX-License-Identifier: Apache-2.0
// What AttachVolume and the restoring of attachments have in common.
#pragma once
#include <string>

#include "catalog/catalog.h"
#include "control/volumed_client.h"
#include "services/ec2/layer_keys.h"
#include "services/installation.h"

namespace coffer::services::ec2 {

// From the store's description of the volume to a served one, as fast as its type may be. The Decrypts are
// recorded before the keys leave for volumed. Errors carry KMS's codes where a key is the cause.
Result<control::AttachedVolume> open_on_host(Installation& parts, const catalog::Volume& volume,
                                             const std::string& attachment_id, const KeyAccess& access);

// The error as EC2 words it: a key that cannot be used now is a revoked key; the cause stays in the message.
Error attach_error(const Error& error, const catalog::Volume& volume);

// The volume is attached no more.
Status release(catalog::Transaction& transaction, const std::string& volume_id);

}  // namespace coffer::services::ec2
