// SPDX-License-Identifier: Apache-2.0
// What opens a backup: a passphrase, or a key file, of the same forms as those of seals. So the domain keys
// in a backup can be under it too, and it is their seal when they have been restored.
#pragma once
#include "base/result.h"
#include "cli/commands.h"
#include "format/backup_archive.h"
#include "secret/secret_bytes.h"

namespace coffer::cli {

struct RecoveryKey {
  format::SealKind kind = format::SealKind::kPassphrase;
  Bytes parameters;       // in the backup's header, in the clear: no path
  Bytes seal_parameters;  // of the domain keys in it: where keyd looks for the key file
  secret::SecretBytes key;
};
// For a new backup: asks for a passphrase (or reads it), or makes the key file unless it is there, for the
// installation with this id in its seal.
Result<RecoveryKey> new_recovery_key(const BackupOptions& options, const format::UuidBytes& installation_id);
// For an existing one. kInvalidArgument, in words, when `options` name something else than what opens it, or
// nothing.
Result<RecoveryKey> find_recovery_key(const BackupOptions& options, const format::BackupHeader& header);

}  // namespace coffer::cli
